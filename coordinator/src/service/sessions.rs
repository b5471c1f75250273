//! The sessions of workers.

use std::time::Duration;

use proto::id::Incarnation;
use proto::session::{FromWorker, ToWorker};
use proto::wire;
use proto::wire::sessions_server::Sessions;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::listen::unless_gone;
use crate::actor::MembersDesk;
use crate::members::JoinError;
use crate::membership::SessionEnd;

/// How long a worker may take to say who it is.
const HELLO_DEADLINE: Duration = Duration::from_secs(5);
/// What may wait to be said to a worker: its assignments, and answers to its heartbeats.
const OUTBOUND_QUEUE: usize = 256;
/// What is handed to the connection ahead.
const SENT_AHEAD: usize = 8;
/// A session of a worker that was lost is kept for so many leases, so that the worker is told.
const SILENT_LEASES: u32 = 6;

/// Answers workers that dial in.
pub(crate) struct SessionsService {
    pub(crate) members: MembersDesk,
    pub(crate) lease: Duration,
}

#[tonic::async_trait]
impl Sessions for SessionsService {
    type OpenStream = ReceiverStream<Result<wire::ToWorker, Status>>;

    async fn open(
        &self,
        request: Request<Streaming<wire::FromWorker>>,
    ) -> Result<Response<Self::OpenStream>, Status> {
        let mut inbound = request.into_inner();
        let first = timeout(HELLO_DEADLINE, inbound.message()).await;
        let first = first.map_err(|_| Status::deadline_exceeded("a worker says hello first"))??;
        let FromWorker::Hello(hello) = decode(first)? else {
            return Err(Status::invalid_argument("a worker says hello first"));
        };
        let (outbound, queue) = mpsc::channel(OUTBOUND_QUEUE);
        let joined = self.members.join(hello, outbound).await;
        let welcome = unless_gone(joined)?.map_err(|error| refusal(&error))?;
        let (sent, stream) = mpsc::channel(SENT_AHEAD);
        let session = Session {
            incarnation: welcome.incarnation,
            members: self.members.clone(),
            silence: self.lease * SILENT_LEASES,
            queue,
            sent,
        };
        // The queue is empty.
        let _ = session.sent.try_send(Ok(ToWorker::Welcome(welcome).into()));
        tokio::spawn(session.serve(inbound));
        Ok(Response::new(ReceiverStream::new(stream)))
    }
}

struct Session {
    incarnation: Incarnation,
    members: MembersDesk,
    silence: Duration,
    queue: mpsc::Receiver<ToWorker>,
    sent: mpsc::Sender<Result<wire::ToWorker, Status>>,
}

impl Session {
    /// Passes messages on until either side ends the session.
    async fn serve(mut self, mut inbound: Streaming<wire::FromWorker>) {
        let end = loop {
            tokio::select! {
                // A worker that takes nothing is not heard either, and its lease runs out.
                Some(message) = self.queue.recv() => {
                    if self.sent.send(Ok(message.into())).await.is_err() {
                        break SessionEnd::broken();
                    }
                }
                heard = timeout(self.silence, inbound.message()) => {
                    if let Err(end) = self.heard(heard).await {
                        break end;
                    }
                }
            }
        };
        // The members outlive every session, but for the end of the process.
        let _ = self.members.leave(self.incarnation, end).await;
    }

    /// Hands a message to the members. The error is why the session is over; the worker is told where it can be.
    async fn heard(
        &self,
        heard: Result<Result<Option<wire::FromWorker>, Status>, tokio::time::error::Elapsed>,
    ) -> Result<(), SessionEnd> {
        let message = match heard {
            Ok(Ok(Some(message))) => message,
            Ok(Ok(None)) => return Err(SessionEnd::Left),
            Ok(Err(_)) => return Err(SessionEnd::broken()),
            Err(_) => return Err(SessionEnd::Lost("its session was silent".to_owned())),
        };
        let refused = match decode(Some(message)) {
            Ok(message) => {
                match unless_gone(self.members.hear(self.incarnation, message).await) {
                    Ok(Ok(())) => return Ok(()),
                    // It may dial again, so it is told that it was lost, and not that it is refused.
                    Ok(Err(stale)) => Status::unavailable(stale.to_string()),
                    Err(status) => status,
                }
            }
            Err(status) => status,
        };
        let end = SessionEnd::Lost(refused.message().to_owned());
        let _ = self.sent.send(Err(refused)).await;
        Err(end)
    }
}

fn decode(message: Option<wire::FromWorker>) -> Result<FromWorker, Status> {
    let message = message.ok_or_else(|| Status::invalid_argument("a worker says hello first"))?;
    FromWorker::try_from(message).map_err(|error| Status::invalid_argument(error.to_string()))
}

fn refusal(error: &JoinError) -> Status {
    let message = error.to_string();
    match error {
        JoinError::OtherProtocol { .. } | JoinError::OtherBuild { .. } => {
            Status::failed_precondition(message)
        }
        JoinError::BadSlots { .. } | JoinError::BadName => Status::invalid_argument(message),
        JoinError::TooMany { .. } => Status::resource_exhausted(message),
    }
}

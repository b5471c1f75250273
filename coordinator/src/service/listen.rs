//! The listening side: connections in, each with its limits.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use arrow_flight::flight_service_server::FlightServiceServer;
use market::store::Store;
use proto::session::{MAX_FLIGHT_MESSAGE, MAX_SESSION_MESSAGE};
use proto::wire::runs_server::RunsServer;
use proto::wire::sessions_server::SessionsServer;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use tonic::transport::Server;
use tonic::transport::server::Connected;

use super::deliveries::Deliveries;
use super::flight::Flight;
use super::flight_read::FlightReads;
use super::runs::RunsService;
use super::sessions::SessionsService;
use crate::actor::{Gone, MembersDesk, RunsDesk};
use crate::server::AllowedData;

/// What a client sends first over HTTP/2 (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long a connection may take to send it.
const PREFACE_DEADLINE: Duration = Duration::from_secs(5);
/// Connections that have not sent it. A client sends it at once, so when there are more the oldest go.
const MAX_UNPROVEN: usize = 256;
/// Connections that may wait for the server to take them.
const PROVEN_QUEUE: usize = 16;
/// The wait after a connection could not be taken, for want of file descriptors say.
const ACCEPT_AGAIN: Duration = Duration::from_millis(20);
/// Calls and streams at a time on one connection.
const MAX_STREAMS: u32 = 64;
/// The longest headers, in bytes.
const MAX_HEADERS: u32 = 16 << 10;
/// A connection over which nothing comes for so long is probed.
const KEEP_ALIVE: Duration = Duration::from_mins(1);
/// A probed connection that does not answer in this time is closed.
const KEEP_ALIVE_DEADLINE: Duration = Duration::from_secs(20);

/// Everything that is served.
pub(crate) struct Services {
    sessions: SessionsService,
    runs: RunsService,
    flight: Flight,
}

impl Services {
    /// Answers by these desks, for the output `out` that is held under `epoch`.
    pub(crate) fn new(
        members: MembersDesk,
        runs: RunsDesk,
        out: Store,
        epoch: u64,
        lease: Duration,
        allowed: AllowedData,
    ) -> Self {
        Self {
            flight: Flight {
                deliveries: Deliveries::new(members.clone()),
                reads: FlightReads::new(out.clone()),
            },
            sessions: SessionsService { members, lease },
            runs: RunsService {
                epoch,
                out,
                runs,
                allowed,
            },
        }
    }
}

/// Serves until the future is dropped, with so many connections at a time.
pub(crate) async fn serve(
    listener: TcpListener,
    max_connections: usize,
    services: Services,
) -> Result<(), tonic::transport::Error> {
    let sessions = SessionsServer::new(services.sessions)
        .max_decoding_message_size(MAX_SESSION_MESSAGE)
        .max_encoding_message_size(MAX_SESSION_MESSAGE);
    let runs = RunsServer::new(services.runs)
        .max_decoding_message_size(MAX_SESSION_MESSAGE)
        .max_encoding_message_size(MAX_SESSION_MESSAGE);
    let flight = FlightServiceServer::new(services.flight)
        .max_decoding_message_size(MAX_FLIGHT_MESSAGE)
        .max_encoding_message_size(MAX_FLIGHT_MESSAGE);
    let (proven, connections) = mpsc::channel(PROVEN_QUEUE);
    let accepting = accept(listener, max_connections, proven);
    let serving = Server::builder()
        .max_concurrent_streams(MAX_STREAMS)
        .http2_max_header_list_size(MAX_HEADERS)
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE_DEADLINE))
        .add_service(sessions)
        .add_service(runs)
        .add_service(flight)
        .serve_with_incoming(ReceiverStream::new(connections));
    tokio::select! {
        served = serving => served,
        () = accepting => unreachable!("accepting goes on for as long as it is asked for"),
    }
}

/// Accepts connections. One is passed on when it has sent what an HTTP/2 client sends first; a flood of others neither
/// takes the places of these nor keeps them waiting.
async fn accept(
    listener: TcpListener,
    max_connections: usize,
    proven: mpsc::Sender<io::Result<Connection>>,
) {
    let places = Arc::new(Semaphore::new(max_connections));
    let mut unproven: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!("cannot take a connection: {error}");
                sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        while unproven.front().is_some_and(AbortHandle::is_finished)
            || unproven.len() >= MAX_UNPROVEN
        {
            if let Some(oldest) = unproven.pop_front() {
                oldest.abort();
            }
        }
        let (places, proven) = (Arc::clone(&places), proven.clone());
        let proving = tokio::spawn(async move {
            if !matches!(
                timeout(PREFACE_DEADLINE, sends_preface(&stream)).await,
                Ok(Ok(true))
            ) {
                return;
            }
            let Ok(place) = places.try_acquire_owned() else {
                tracing::warn!("{max_connections} connections are open: another one was closed");
                return;
            };
            // It is small messages that wait for each other here.
            let _ = stream.set_nodelay(true);
            let connection = Connection {
                stream,
                _place: place,
            };
            let _ = proven.send(Ok(connection)).await;
        });
        unproven.push_back(proving.abort_handle());
    }
}

/// Whether the first bytes are those of an HTTP/2 client. They stay to be read.
async fn sends_preface(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0; PREFACE.len()];
    loop {
        let seen = stream.peek(&mut first).await?;
        if seen == 0 || !PREFACE.starts_with(&first[..seen]) {
            return Ok(false);
        }
        if seen == PREFACE.len() {
            return Ok(true);
        }
        // There is no waiting for more bytes than there are.
        sleep(ACCEPT_AGAIN).await;
    }
}

/// A connection, which holds its place until it is closed.
struct Connection {
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// An actor's answer; an actor is gone when the process is about to end.
pub(super) fn unless_gone<T>(answer: Result<T, Gone>) -> Result<T, Status> {
    answer.map_err(|gone| Status::unavailable(gone.to_string()))
}

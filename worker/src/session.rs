//! One session with a coordinator: from the hello to the end.

use std::sync::Arc;
use std::time::Duration;

use market::store::Store;
use proto::session::{FromWorker, Hello, MAX_SESSION_MESSAGE, ToWorker, Welcome, claim_path};
use proto::version::{PROTOCOL_VERSION, build};
use proto::wire;
use proto::wire::sessions_client::SessionsClient;
use rayon::ThreadPool;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Endpoint;
use tonic::{Code, Status, Streaming};

use crate::hands::Hands;
use crate::join::{JoinError, Joining};
use crate::metrics::Metrics;
use crate::panels::Panels;

/// How long a coordinator may take to welcome a worker.
const WELCOME_DEADLINE: Duration = Duration::from_secs(10);
/// How long a coordinator may take to hear a worker out that leaves.
const GOODBYE_DEADLINE: Duration = Duration::from_secs(2);
/// Messages that may wait to be sent; a coordinator that does not take them for a lease is given up.
const OUTBOUND_QUEUE: usize = 32;
/// Heartbeats that tell news, at most, for each that only tells that the worker lives.
const NEWS_PER_HEARTBEAT: u32 = 8;

/// What a session needs.
pub(crate) struct Session<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) joining: &'a Joining,
    pub(crate) pool: &'a Arc<ThreadPool>,
    pub(crate) metrics: &'a Arc<Metrics>,
    pub(crate) panels: &'a Arc<Panels>,
}

/// How a session ended.
pub(crate) enum Ended {
    /// The worker was told to stop, and has nothing in hand.
    Drained,
    /// There was no coordinator.
    NotThere(String),
    /// There was one, and it is gone or has lost this worker.
    Lost(String),
}

impl Session<'_> {
    /// Serves until the session ends, or until nothing is in hand after `drain` turned true.
    pub(crate) async fn serve(&self, mut drain: watch::Receiver<bool>) -> Result<Ended, JoinError> {
        let (outbound, queue) = mpsc::channel(OUTBOUND_QUEUE);
        let hello = FromWorker::Hello(Hello {
            protocol: PROTOCOL_VERSION,
            build: build(),
            name: self.joining.name.clone(),
            slots: self.joining.slots,
        });
        // The queue is empty.
        let _ = outbound.try_send(hello.into());
        let opened = tokio::select! {
            opened = timeout(WELCOME_DEADLINE, open(self.endpoint, queue)) => opened,
            Ok(_) = drain.wait_for(|drain| *drain) => return Ok(Ended::Drained),
        };
        let (welcome, mut inbound) = match opened {
            Ok(Ok(opened)) => opened,
            Ok(Err(status)) if is_final(&status) => {
                return Err(JoinError::Refused {
                    coordinator: self.joining.coordinator.clone(),
                    reason: status.message().to_owned(),
                });
            }
            Ok(Err(status)) => return Ok(Ended::NotThere(status.message().to_owned())),
            Err(_) => return Ok(Ended::NotThere("it did not answer in time".to_owned())),
        };
        let out = open_output(&welcome).await?;
        let Ok(deliveries) = self.endpoint.connect().await else {
            return Ok(Ended::Lost("it takes no second connection".to_owned()));
        };
        tracing::info!(
            "worker {} joined {}",
            welcome.worker,
            self.joining.coordinator
        );
        let _joined = Joined::begin(self.metrics);
        let mut hands = Hands::empty(self, out, deliveries, outbound, welcome.lease);
        let mut beats = ticks(welcome.heartbeat);
        let mut news = ticks(welcome.heartbeat / NEWS_PER_HEARTBEAT);
        // Heartbeats that were not answered are counted in heartbeats of our own, so that a process that was stopped for a
        // while does not blame the coordinator for it.
        let patience = welcome.lease.as_millis() / welcome.heartbeat.as_millis().max(1);
        let mut unanswered: u128 = 0;
        let mut draining_until = None;
        loop {
            let in_hand = hands.len() as i64;
            self.metrics.in_hand.set(in_hand);
            if draining_until.is_some() && hands.are_empty() {
                // Our half ends; what was said last is on its way until the coordinator ends the other.
                drop(hands);
                let rest = async { while let Ok(Some(_)) = inbound.message().await {} };
                let _ = timeout(GOODBYE_DEADLINE, rest).await;
                return Ok(Ended::Drained);
            }
            let event = tokio::select! {
                biased;
                _ = beats.tick() => {
                    self.panels.look(hands.have_trial());
                    unanswered += 1;
                    if unanswered > patience + 1 {
                        return Ok(Ended::Lost("it was not heard for a lease".to_owned()));
                    }
                    hands.tell_in_hand().await
                }
                message = inbound.message() => match message {
                    Ok(Some(message)) => hands.hear(message, &mut unanswered),
                    Ok(None) => Err("it ended the session".to_owned()),
                    Err(status) => Err(status.message().to_owned()),
                },
                Some(done) = hands.next_done() => hands.put_down(done).await,
                _ = news.tick(), if unanswered <= 1 && hands.have_news() => hands.tell_in_hand().await,
                () = until(draining_until) => hands.hand_back().await,
                Ok(_) = drain.wait_for(|drain| *drain), if draining_until.is_none() => {
                    draining_until = Some(Instant::now() + self.joining.drain);
                    hands.say(FromWorker::Draining).await
                }
            };
            if let Err(why) = event {
                return Ok(Ended::Lost(why));
            }
        }
    }
}

/// Dials, says hello, and awaits the welcome.
async fn open(
    endpoint: &Endpoint,
    outbound: mpsc::Receiver<wire::FromWorker>,
) -> Result<(Welcome, Streaming<wire::ToWorker>), Status> {
    let channel = endpoint
        .connect()
        .await
        .map_err(|error| Status::unavailable(with_causes(&error)))?;
    let mut client = SessionsClient::new(channel)
        .max_decoding_message_size(MAX_SESSION_MESSAGE)
        .max_encoding_message_size(MAX_SESSION_MESSAGE);
    let mut inbound = client
        .open(ReceiverStream::new(outbound))
        .await?
        .into_inner();
    let first = inbound
        .message()
        .await?
        .ok_or_else(|| Status::unavailable("it ended the session at once"))?;
    match ToWorker::try_from(first) {
        Ok(ToWorker::Welcome(welcome)) => Ok((welcome, inbound)),
        Ok(_) => Err(Status::unavailable("its first message is no welcome")),
        Err(error) => Err(Status::unavailable(error.to_string())),
    }
}

/// Whether dialling again would end alike.
fn is_final(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::FailedPrecondition
            | Code::InvalidArgument
            | Code::PermissionDenied
            | Code::Unauthenticated
            | Code::Unimplemented
    )
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// The output store, which must have the claim of the coordinator's epoch.
async fn open_output(welcome: &Welcome) -> Result<Store, JoinError> {
    let out = Store::open(&welcome.out)?;
    match out.fingerprint_of(&claim_path(welcome.epoch)).await {
        Ok(None) => Err(JoinError::OtherOutput {
            out: welcome.out.clone(),
        }),
        // A store that does not answer now may later; attempts tell.
        Ok(Some(_)) | Err(_) => Ok(out),
    }
}

fn ticks(period: Duration) -> tokio::time::Interval {
    let mut ticks = interval(period.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// A session that goes on, as operators see it.
struct Joined<'a>(&'a Metrics);

impl<'a> Joined<'a> {
    fn begin(metrics: &'a Metrics) -> Self {
        metrics.sessions.inc();
        metrics.joined.set(1);
        Self(metrics)
    }
}

impl Drop for Joined<'_> {
    fn drop(&mut self) {
        self.0.joined.set(0);
        self.0.in_hand.set(0);
    }
}

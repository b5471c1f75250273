//! One session with a coordinator: from the hello to the end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arrow_flight::flight_service_client::FlightServiceClient;
use market::store::Store;
use proto::link::{FailureKind, ShardError};
use proto::session::{
    AttemptId, FromWorker, Hello, InHand, MAX_FLIGHT_MESSAGE, MAX_SESSION_MESSAGE, ToWorker,
    Welcome, claim_path,
};
use proto::ticket::ShardTicket;
use proto::version::{PROTOCOL_VERSION, build};
use proto::wire;
use proto::wire::sessions_client::SessionsClient;
use rayon::ThreadPool;
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status, Streaming};

use crate::computing::Computing;
use crate::deliver::{Delivered, Delivery};
use crate::join::{JoinError, Joining};
use crate::metrics::Metrics;
use crate::shard::{Workshop, compute_shard};

/// How long a coordinator may take to welcome a worker.
const WELCOME_DEADLINE: Duration = Duration::from_secs(10);
/// How long a coordinator may take to hear a worker out that leaves.
const GOODBYE_DEADLINE: Duration = Duration::from_secs(2);
/// Messages that may wait to be sent; a coordinator that does not take them for a lease is given up.
const OUTBOUND_QUEUE: usize = 32;
/// News of progress that may wait between an attempt and its session.
const PROGRESS_QUEUE: usize = 16;
/// Heartbeats that tell news, at most, for each that only tells that the worker lives.
const NEWS_PER_HEARTBEAT: u32 = 8;
/// The wait before a delivery that did not arrive is made again.
const DELIVER_AGAIN: Duration = Duration::from_millis(500);

/// What a session needs.
pub(crate) struct Session<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) joining: &'a Joining,
    pub(crate) pool: &'a Arc<ThreadPool>,
    pub(crate) metrics: &'a Arc<Metrics>,
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
        let (heard, _) = watch::channel(0);
        let mut hands = Hands {
            out,
            pool: self.pool,
            metrics: self.metrics,
            deliveries,
            outbound,
            heard,
            attempts: BTreeMap::new(),
            tasks: JoinSet::new(),
            told: Vec::new(),
            lease: welcome.lease,
        };
        let mut beats = ticks(welcome.heartbeat);
        let mut news = ticks(welcome.heartbeat / NEWS_PER_HEARTBEAT);
        // Heartbeats that were not answered are counted in heartbeats of our own, so that a process that was stopped for a
        // while does not blame the coordinator for it.
        let patience = welcome.lease.as_millis() / welcome.heartbeat.as_millis().max(1);
        let mut unanswered: u128 = 0;
        let mut draining_until = None;
        loop {
            let in_hand = hands.attempts.len() as i64;
            self.metrics.in_hand.set(in_hand);
            if draining_until.is_some() && hands.attempts.is_empty() {
                // Our half ends; what was said last is on its way until the coordinator ends the other.
                drop(hands);
                let rest = async { while let Ok(Some(_)) = inbound.message().await {} };
                let _ = timeout(GOODBYE_DEADLINE, rest).await;
                return Ok(Ended::Drained);
            }
            let event = tokio::select! {
                biased;
                _ = beats.tick() => {
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
                Some(done) = hands.tasks.join_next() => hands.put_down(done).await,
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

/// What a worker has in hand during a session. Dropped, it gives everything up.
struct Hands<'a> {
    out: Store,
    pool: &'a Arc<ThreadPool>,
    metrics: &'a Arc<Metrics>,
    deliveries: Channel,
    outbound: mpsc::Sender<wire::FromWorker>,
    heard: watch::Sender<u64>,
    attempts: BTreeMap<AttemptId, Attempt>,
    tasks: JoinSet<(AttemptId, Result<(), ShardError>)>,
    /// What the last heartbeat named.
    told: Vec<InHand>,
    lease: Duration,
}

/// One attempt in hand.
struct Attempt {
    careful: bool,
    computing: Computing,
    input_bytes: Arc<AtomicU64>,
    /// Turns true when it is computed: from then on the coordinator's answer ends it.
    delivering: watch::Receiver<bool>,
    task: AbortHandle,
}

impl Drop for Hands<'_> {
    fn drop(&mut self) {
        self.count_given_up();
    }
}

impl Hands<'_> {
    /// Does what the coordinator says. A heartbeat that is answered takes back the count of those that were not.
    fn hear(&mut self, message: wire::ToWorker, unanswered: &mut u128) -> Result<(), String> {
        match ToWorker::try_from(message).map_err(|error| error.to_string())? {
            ToWorker::Heard => {
                *unanswered = 0;
                self.heard.send_modify(|heard| *heard += 1);
            }
            ToWorker::Assign { attempt, ticket } => self.take(attempt, *ticket),
            ToWorker::Revoke(attempt) => self.give_up(&attempt),
            ToWorker::Welcome(_) => return Err("it welcomed this worker twice".to_owned()),
        }
        Ok(())
    }

    /// Takes an assignment. One that is in hand already came twice.
    fn take(&mut self, attempt: AttemptId, ticket: ShardTicket) {
        if self.attempts.contains_key(&attempt) {
            return;
        }
        let computing = Computing::told(self.heard.subscribe());
        let input_bytes = Arc::new(AtomicU64::new(0));
        let (computed, delivering) = watch::channel(false);
        let careful = ticket.careful;
        let work = Work {
            attempt: attempt.clone(),
            ticket,
            out: self.out.clone(),
            pool: Arc::clone(self.pool),
            metrics: Arc::clone(self.metrics),
            deliveries: self.deliveries.clone(),
            computing: computing.clone(),
            input_bytes: Arc::clone(&input_bytes),
            computed,
        };
        let id = attempt.clone();
        let task = self.tasks.spawn(async move { (id, work.do_it().await) });
        let taken = Attempt {
            careful,
            computing,
            input_bytes,
            delivering,
            task,
        };
        self.attempts.insert(attempt, taken);
    }

    /// Gives an attempt up, unless it is being delivered: then the coordinator's answer ends it.
    fn give_up(&mut self, attempt: &AttemptId) {
        if let Some(taken) = self.attempts.get(attempt)
            && !*taken.delivering.borrow()
        {
            taken.task.abort();
            self.attempts.remove(attempt);
            self.metrics.given_up.inc();
        }
    }

    /// Puts an attempt down that has ended, and says so where it came to nothing.
    async fn put_down(
        &mut self,
        done: Result<(AttemptId, Result<(), ShardError>), tokio::task::JoinError>,
    ) -> Result<(), String> {
        let (attempt, result) = match done {
            Ok(done) => done,
            Err(error) if error.is_cancelled() => return Ok(()),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        if self.attempts.remove(&attempt).is_none() {
            return Ok(());
        }
        let Err(error) = result else {
            return Ok(());
        };
        self.metrics.failed.inc();
        self.say(FromWorker::ShardFailed {
            attempt,
            kind: error.kind(),
            message: error.to_string(),
        })
        .await
    }

    /// Counts what is in hand as given up; what has ended has been counted.
    fn count_given_up(&self) {
        let unfinished = |attempt: &&Attempt| !attempt.task.is_finished();
        let given_up = self.attempts.values().filter(unfinished).count();
        self.metrics.given_up.inc_by(given_up as u64);
    }

    /// Gives everything back that is not being delivered.
    async fn hand_back(&mut self) -> Result<(), String> {
        self.count_given_up();
        for (attempt, taken) in std::mem::take(&mut self.attempts) {
            taken.task.abort();
            self.say(FromWorker::ShardFailed {
                attempt,
                kind: FailureKind::HandedBack,
                message: "the worker was told to stop".to_owned(),
            })
            .await?;
        }
        Ok(())
    }

    fn in_hand(&self) -> Vec<InHand> {
        let in_hand = |(attempt, taken): (&AttemptId, &Attempt)| InHand {
            attempt: attempt.clone(),
            input_bytes: taken.input_bytes.load(Ordering::Relaxed),
            symbols: taken.computing.symbols(),
        };
        self.attempts.iter().map(in_hand).collect()
    }

    fn have_news(&self) -> bool {
        self.attempts.values().any(|attempt| attempt.careful) || self.in_hand() != self.told
    }

    async fn tell_in_hand(&mut self) -> Result<(), String> {
        self.told = self.in_hand();
        self.say(FromWorker::Heartbeat(self.told.clone())).await
    }

    async fn say(&self, message: FromWorker) -> Result<(), String> {
        match timeout(self.lease, self.outbound.send(message.into())).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err("it ended the session".to_owned()),
            Err(_) => Err("it took no message for a lease".to_owned()),
        }
    }
}

/// One attempt, from its ticket to the answer to its delivery.
struct Work {
    attempt: AttemptId,
    ticket: ShardTicket,
    out: Store,
    pool: Arc<ThreadPool>,
    metrics: Arc<Metrics>,
    deliveries: Channel,
    computing: Computing,
    input_bytes: Arc<AtomicU64>,
    computed: watch::Sender<bool>,
}

impl Work {
    async fn do_it(self) -> Result<(), ShardError> {
        let taken = Instant::now();
        let asked = self.ticket.rows.clone();
        let data = Store::open(&self.ticket.data).map_err(|error| {
            let message = format!("cannot read the data: {error}");
            let kind = FailureKind::Retryable;
            ShardError::OnWorker { kind, message }
        })?;
        let workshop = Workshop {
            data,
            out: self.out,
            pool: self.pool,
        };
        let (progress, mut told) = mpsc::channel(PROGRESS_QUEUE);
        let compute = compute_shard(&workshop, self.ticket, progress, &self.computing);
        tokio::pin!(compute);
        let result = loop {
            tokio::select! {
                result = &mut compute => break result?,
                Some(progress) = told.recv() => self.input_bytes.store(progress.input_bytes, Ordering::Relaxed),
            }
        };
        self.computed.send_replace(true);
        self.metrics.computed(taken.elapsed(), &result.records);
        let shard = self.attempt.shard;
        faults::reached("before-deliver", shard).await;
        let delivery = Delivery::new(self.attempt, &result.records, result.rows, &asked);
        let mut client = FlightServiceClient::new(self.deliveries)
            .max_decoding_message_size(MAX_FLIGHT_MESSAGE)
            .max_encoding_message_size(MAX_FLIGHT_MESSAGE);
        loop {
            match delivery.send(&mut client).await {
                Delivered::Committed => break,
                Delivered::Unwanted => {
                    self.metrics.given_up.inc();
                    return Ok(());
                }
                Delivered::Failed(status) if status.code() == Code::Unavailable => {
                    // While the session lasts the coordinator lives, and waits for this.
                    tokio::time::sleep(DELIVER_AGAIN).await;
                }
                Delivered::Failed(status) => {
                    let message = format!("cannot deliver the shard: {}", status.message());
                    let kind = FailureKind::Retryable;
                    return Err(ShardError::OnWorker { kind, message });
                }
            }
        }
        self.metrics.committed.inc();
        faults::reached("after-deliver", shard).await;
        Ok(())
    }
}

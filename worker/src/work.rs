//! The work of one attempt, from its assignment to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arrow_flight::flight_service_client::FlightServiceClient;
use market::store::Store;
use model::forecast_errors::ForecastErrors;
use model::trial::Trial;
use proto::link::{FailureKind, ShardError};
use proto::session::{AttemptId, MAX_FLIGHT_MESSAGE};
use proto::ticket::ShardTicket;
use rayon::ThreadPool;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tonic::Code;
use tonic::transport::Channel;

use crate::computing::Computing;
use crate::deliver::{Delivered, Delivery};
use crate::fetch::{NoPanel, fetch_panel};
use crate::metrics::Metrics;
use crate::panels::{Asked, Panels};
use crate::shard::{Workshop, compute_shard};
use crate::trial::compute_trial;

/// News of progress that may wait between an attempt and its session.
const PROGRESS_QUEUE: usize = 16;
/// The wait before a delivery or a panel that did not arrive is sent again.
const DO_AGAIN: Duration = Duration::from_millis(500);

/// How often an attempt fetches a panel that does not arrive.
const MAX_FETCHES: u32 = 10;

/// What came of an attempt.
pub(crate) enum Done {
    /// The coordinator has answered the delivery of a shard, and it is counted.
    Answered,
    /// Nobody waits for a trial any more.
    Unwanted,
    /// A trial has these errors, which are yet to be said.
    Tried(ForecastErrors),
}

/// One attempt at a shard of a run, from its ticket to the answer to its delivery.
pub(crate) struct ShardWork {
    pub(crate) attempt: AttemptId,
    pub(crate) ticket: ShardTicket,
    pub(crate) out: Store,
    pub(crate) pool: Arc<ThreadPool>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) deliveries: Channel,
    pub(crate) computing: Computing,
    pub(crate) input_bytes: Arc<AtomicU64>,
    /// Told true when the shard is computed.
    pub(crate) computed: watch::Sender<bool>,
}

impl ShardWork {
    pub(crate) async fn do_it(self) -> Result<Done, ShardError> {
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
        let mut client = flight_client(self.deliveries);
        loop {
            match delivery.send(&mut client).await {
                Delivered::Committed => break,
                Delivered::Unwanted => {
                    self.metrics.given_up.inc();
                    return Ok(Done::Answered);
                }
                Delivered::Failed(status) if status.code() == Code::Unavailable => {
                    // While the session lasts the coordinator lives, and waits for this.
                    tokio::time::sleep(DO_AGAIN).await;
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
        Ok(Done::Answered)
    }
}

/// One attempt at a shard of a tuning, from its assignment to its result.
pub(crate) struct TrialWork {
    pub(crate) attempt: AttemptId,
    pub(crate) trial: Trial,
    pub(crate) asked: Asked,
    pub(crate) pool: Arc<ThreadPool>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) panels: Arc<Panels>,
    pub(crate) deliveries: Channel,
}

impl TrialWork {
    pub(crate) async fn do_it(self) -> Result<Done, ShardError> {
        let taken = Instant::now();
        let client = flight_client(self.deliveries);
        let mut tries = 0;
        let panel = loop {
            tries += 1;
            let client = client.clone();
            let fetch = || fetch_panel(client, &self.pool, &self.attempt, &self.asked);
            match self.panels.get(&self.asked, fetch).await {
                Ok(panel) => break panel,
                Err(NoPanel::Unwanted) => return Ok(Done::Unwanted),
                Err(NoPanel::Unavailable(why)) if tries < MAX_FETCHES => {
                    // As for a delivery.
                    tracing::warn!("the panel did not arrive: {why}; it is fetched again");
                    tokio::time::sleep(DO_AGAIN).await;
                }
                Err(NoPanel::Unavailable(why) | NoPanel::Failed(why)) => {
                    let tuning = &self.asked.tuning;
                    let message = format!("cannot fetch the panel of tuning {tuning}: {why}");
                    return Err(ShardError::Trial { message });
                }
            }
        };
        let errors = compute_trial(&self.pool, panel, self.trial, self.attempt.shard).await?;
        self.metrics.computed(taken.elapsed(), &[]);
        Ok(Done::Tried(errors))
    }
}

fn flight_client(channel: Channel) -> FlightServiceClient<Channel> {
    FlightServiceClient::new(channel)
        .max_decoding_message_size(MAX_FLIGHT_MESSAGE)
        .max_encoding_message_size(MAX_FLIGHT_MESSAGE)
}

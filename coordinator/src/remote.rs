//! A worker that dialled in, as dispatch sees it: the link over a session.

use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use market::rows::ModelRows;
use model::forecast_errors::ForecastErrors;
use model::panel::Panel;
use proto::id::{RunId, ShardId, WorkerId};
use proto::link::{FailureKind, Receipt, ShardError, ShardProgress, ShardResult, WorkerLink};
use proto::record::TickerRecord;
use proto::session::{AttemptId, InHand, ToWorker};
use proto::ticket::{ShardTicket, TrialTicket};
use tokio::sync::{mpsc, oneshot};

use crate::members::Joined;
use given::{Awaited, Given};

pub(crate) use given::{Unwanted, Wanted};

mod given;

/// A worker's session, and what it was given.
pub(crate) struct RemoteWorker {
    epoch: u64,
    joined: Joined,
    /// What is said to the worker. A queue that is full, or whose end is gone, loses a message; heartbeats mend that.
    outbound: mpsc::Sender<ToWorker>,
    given: Mutex<Given>,
}

impl RemoteWorker {
    /// The session of a worker that joined under this epoch. Messages to it go to `outbound`.
    pub(crate) fn new(epoch: u64, joined: Joined, outbound: mpsc::Sender<ToWorker>) -> Arc<Self> {
        Arc::new(Self {
            epoch,
            joined,
            outbound,
            given: Mutex::default(),
        })
    }

    /// The worker says what it has in hand. What it was given and does not have is given to another; what it has and nobody
    /// waits for it is told to give up.
    pub(crate) fn heard(&self, in_hand: Vec<InHand>) {
        let unwanted = self.given().heard(in_hand);
        for attempt in unwanted {
            self.say(ToWorker::Revoke(attempt));
        }
        self.say(ToWorker::Heard);
    }

    /// The worker says that an attempt came to nothing.
    pub(crate) fn failed(
        &self,
        attempt: &AttemptId,
        kind: FailureKind,
        message: String,
    ) -> Result<(), Unwanted> {
        let error = ShardError::OnWorker { kind, message };
        self.given().fail(attempt, error)
    }

    /// What a delivery of the attempt is to hold, if somebody waits for one.
    pub(crate) fn wanted(&self, attempt: &AttemptId) -> Result<Wanted, Unwanted> {
        self.given().wanted(attempt)
    }

    /// Hands a whole delivery to who waits for it. What is returned resolves once the shard is committed.
    pub(crate) fn deliver(
        &self,
        attempt: &AttemptId,
        records: Vec<TickerRecord>,
        rows: ModelRows,
    ) -> Result<oneshot::Receiver<()>, Unwanted> {
        let (receipt, committed) = Receipt::new();
        let result = ShardResult {
            records,
            rows,
            receipt,
        };
        self.given().deliver(attempt, result)?;
        Ok(committed)
    }

    /// The rows that the attempt trains and tests on, if somebody waits for the errors of a trial.
    pub(crate) fn panel(&self, attempt: &AttemptId) -> Result<Arc<Panel>, Unwanted> {
        self.given().panel(attempt)
    }

    /// Hands the errors of a trial to who waits for them.
    pub(crate) fn trial_done(
        &self,
        attempt: &AttemptId,
        errors: ForecastErrors,
    ) -> Result<(), Unwanted> {
        self.given().trial_done(attempt, errors)
    }

    /// The worker is gone: every attempt that it was given has failed.
    pub(crate) fn lose(&self, reason: &str) {
        self.given().end(|symbols| ShardError::WorkerLost {
            reason: reason.to_owned(),
            symbols,
        });
    }

    /// The worker left with nothing in hand: what it was given is given to another.
    pub(crate) fn hand_back(&self) {
        self.given().end(|_| ShardError::NotInHand);
    }

    fn attempt_at(&self, run: &RunId, shard: ShardId, attempt: u32) -> AttemptId {
        AttemptId {
            epoch: self.epoch,
            incarnation: self.joined.incarnation,
            run: run.clone(),
            shard,
            attempt,
        }
    }

    /// Gives an attempt to the worker by a message, and waits for its answer. Dropped, it tells the worker to give the
    /// attempt up.
    async fn give<T>(
        &self,
        attempt: AttemptId,
        message: ToWorker,
        awaited: Awaited,
        answered: oneshot::Receiver<Result<T, ShardError>>,
    ) -> Result<T, ShardError> {
        self.given().take_on(attempt.clone(), awaited)?;
        let _revoke = RevokeOnDrop {
            worker: self,
            attempt,
        };
        if self.outbound.send(message).await.is_err() {
            return Err(ShardError::NotInHand);
        }
        // Where the answer's end is dropped the worker was lost amid this.
        answered.await.unwrap_or(Err(ShardError::NotInHand))
    }

    fn say(&self, message: ToWorker) {
        let _ = self.outbound.try_send(message);
    }

    fn given(&self) -> MutexGuard<'_, Given> {
        self.given.lock().expect("no one panics while holding it")
    }
}

#[async_trait]
impl WorkerLink for RemoteWorker {
    fn id(&self) -> &WorkerId {
        &self.joined.worker
    }

    fn slots(&self) -> usize {
        self.joined.slots
    }

    async fn compute(
        &self,
        ticket: ShardTicket,
        progress: mpsc::Sender<ShardProgress>,
    ) -> Result<ShardResult, ShardError> {
        let attempt = self.attempt_at(&ticket.run, ticket.shard, ticket.attempt);
        let (answer, answered) = oneshot::channel();
        let awaited = Awaited::Delivery {
            answer,
            progress,
            wanted: Box::new(Wanted::of(&ticket)),
        };
        let assign = ToWorker::Assign {
            attempt: attempt.clone(),
            ticket: Box::new(ticket),
        };
        self.give(attempt, assign, awaited, answered).await
    }

    async fn try_out(&self, ticket: TrialTicket) -> Result<ForecastErrors, ShardError> {
        let attempt = self.attempt_at(&ticket.tuning, ticket.shard, ticket.attempt);
        let try_out = ToWorker::TryOut {
            attempt: attempt.clone(),
            trial: Box::new(ticket.trial),
            rows: ticket.panel.row_count() as u64,
            inputs: ticket.panel.columns().input_names.clone(),
        };
        let (answer, answered) = oneshot::channel();
        let awaited = Awaited::Trial {
            answer,
            panel: ticket.panel,
        };
        self.give(attempt, try_out, awaited, answered).await
    }
}

/// Tells the worker to give an attempt up that nobody waits for any more.
struct RevokeOnDrop<'a> {
    worker: &'a RemoteWorker,
    attempt: AttemptId,
}

impl Drop for RevokeOnDrop<'_> {
    fn drop(&mut self) {
        if self.worker.given().give_up(&self.attempt) {
            self.worker.say(ToWorker::Revoke(self.attempt.clone()));
        }
    }
}

#[cfg(test)]
mod tests;

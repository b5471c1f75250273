//! What a worker has in hand during a session.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use market::store::Store;
use model::trial::Trial;
use proto::link::{FailureKind, ShardError};
use proto::session::{AttemptId, FromWorker, InHand, ToWorker};
use proto::ticket::ShardTicket;
use proto::wire;
use rayon::ThreadPool;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;
use tonic::transport::Channel;

use crate::attempt::{Attempt, Kind};
use crate::computing::Computing;
use crate::metrics::Metrics;
use crate::panels::{Asked, Panels};
use crate::session::Session;
use crate::work::{Done, ShardWork, TrialWork};

/// How an attempt ended.
pub(crate) type EndedAttempt = (AttemptId, Result<Done, ShardError>);

/// What a worker has in hand during a session. Dropped, it gives everything up.
pub(crate) struct Hands<'a> {
    out: Store,
    pool: &'a Arc<ThreadPool>,
    metrics: &'a Arc<Metrics>,
    panels: &'a Arc<Panels>,
    deliveries: Channel,
    outbound: mpsc::Sender<wire::FromWorker>,
    heard: watch::Sender<u64>,
    attempts: BTreeMap<AttemptId, Attempt>,
    tasks: JoinSet<EndedAttempt>,
    /// What the last heartbeat named.
    told: Vec<InHand>,
    lease: Duration,
}

impl Drop for Hands<'_> {
    fn drop(&mut self) {
        self.count_given_up();
    }
}

impl<'a> Hands<'a> {
    /// Nothing is in hand yet. Messages go to `outbound`, results to `deliveries`.
    pub(crate) fn empty(
        session: &Session<'a>,
        out: Store,
        deliveries: Channel,
        outbound: mpsc::Sender<wire::FromWorker>,
        lease: Duration,
    ) -> Self {
        let (heard, _) = watch::channel(0);
        Self {
            out,
            pool: session.pool,
            metrics: session.metrics,
            panels: session.panels,
            deliveries,
            outbound,
            heard,
            attempts: BTreeMap::new(),
            tasks: JoinSet::new(),
            told: Vec::new(),
            lease,
        }
    }

    /// How many attempts are in hand.
    pub(crate) fn len(&self) -> usize {
        self.attempts.len()
    }

    /// Whether nothing is in hand.
    pub(crate) fn are_empty(&self) -> bool {
        self.attempts.is_empty()
    }

    /// Whether a shard of a tuning is in hand.
    pub(crate) fn have_trial(&self) -> bool {
        let mut attempts = self.attempts.values();
        attempts.any(Attempt::is_trial)
    }

    /// Does what the coordinator says. A heartbeat that is answered takes back the count of those that were not.
    pub(crate) fn hear(
        &mut self,
        message: wire::ToWorker,
        unanswered: &mut u128,
    ) -> Result<(), String> {
        match ToWorker::try_from(message).map_err(|error| error.to_string())? {
            ToWorker::Heard => {
                *unanswered = 0;
                self.heard.send_modify(|heard| *heard += 1);
            }
            ToWorker::Assign { attempt, ticket } => self.take_shard(attempt, *ticket),
            ToWorker::TryOut {
                attempt,
                trial,
                rows,
                inputs,
            } => {
                let asked = Asked {
                    tuning: attempt.run.clone(),
                    rows,
                    inputs,
                };
                self.take_trial(attempt, *trial, asked);
            }
            ToWorker::Revoke(attempt) => self.give_up(&attempt),
            ToWorker::Welcome(_) => return Err("it welcomed this worker twice".to_owned()),
        }
        Ok(())
    }

    /// Takes a shard of a run. One that is in hand already came twice.
    fn take_shard(&mut self, attempt: AttemptId, ticket: ShardTicket) {
        if self.attempts.contains_key(&attempt) {
            return;
        }
        let computing = Computing::told(self.heard.subscribe());
        let input_bytes = Arc::new(AtomicU64::new(0));
        let (computed, delivering) = watch::channel(false);
        let kind = Kind::Shard {
            careful: ticket.careful,
            computing: computing.clone(),
            input_bytes: Arc::clone(&input_bytes),
            delivering,
        };
        let work = ShardWork {
            attempt: attempt.clone(),
            ticket,
            out: self.out.clone(),
            pool: Arc::clone(self.pool),
            metrics: Arc::clone(self.metrics),
            deliveries: self.deliveries.clone(),
            computing,
            input_bytes,
            computed,
        };
        self.begin(attempt, kind, work.do_it());
    }

    /// Takes a shard of a tuning. One that is in hand already came twice.
    fn take_trial(&mut self, attempt: AttemptId, trial: Trial, asked: Asked) {
        if self.attempts.contains_key(&attempt) {
            return;
        }
        let work = TrialWork {
            attempt: attempt.clone(),
            trial,
            asked,
            pool: Arc::clone(self.pool),
            metrics: Arc::clone(self.metrics),
            panels: Arc::clone(self.panels),
            deliveries: self.deliveries.clone(),
        };
        self.begin(attempt, Kind::Trial, work.do_it());
    }

    fn begin(
        &mut self,
        attempt: AttemptId,
        kind: Kind,
        work: impl Future<Output = Result<Done, ShardError>> + Send + 'static,
    ) {
        let id = attempt.clone();
        let task = self.tasks.spawn(async move { (id, work.await) });
        self.attempts.insert(attempt, Attempt { task, kind });
    }

    /// Waits for the end of an attempt; `None` where none is in hand. Dropping the future loses none.
    pub(crate) async fn next_done(&mut self) -> Option<Result<EndedAttempt, JoinError>> {
        self.tasks.join_next().await
    }

    /// Gives an attempt up, unless it is being delivered: then the coordinator's answer ends it.
    fn give_up(&mut self, attempt: &AttemptId) {
        if let Some(taken) = self.attempts.get(attempt)
            && taken.can_be_given_up()
        {
            taken.task.abort();
            self.attempts.remove(attempt);
            self.metrics.given_up.inc();
        }
    }

    /// Puts an attempt down that has ended, and says what came of it where the coordinator does not know. The next
    /// heartbeat does not name it.
    pub(crate) async fn put_down(
        &mut self,
        done: Result<EndedAttempt, JoinError>,
    ) -> Result<(), String> {
        let (attempt, result) = match done {
            Ok(done) => done,
            Err(error) if error.is_cancelled() => return Ok(()),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        if self.attempts.remove(&attempt).is_none() {
            return Ok(());
        }
        match result {
            Ok(Done::Answered) => Ok(()),
            Ok(Done::Unwanted) => {
                self.metrics.given_up.inc();
                Ok(())
            }
            Ok(Done::Tried(errors)) => {
                self.metrics.trials.inc();
                self.say(FromWorker::TrialDone { attempt, errors }).await
            }
            Err(error) => {
                self.metrics.failed.inc();
                self.say(FromWorker::ShardFailed {
                    attempt,
                    kind: error.kind(),
                    message: error.to_string(),
                })
                .await
            }
        }
    }

    /// Counts what is in hand as given up; what has ended has been counted.
    fn count_given_up(&self) {
        let attempts = self.attempts.values();
        let given_up = attempts.filter(|attempt| attempt.is_uncounted()).count();
        self.metrics.given_up.inc_by(given_up as u64);
    }

    /// Gives everything back that is not being delivered.
    pub(crate) async fn hand_back(&mut self) -> Result<(), String> {
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
        let in_hand = |(id, attempt): (&AttemptId, &Attempt)| attempt.in_hand(id);
        self.attempts.iter().map(in_hand).collect()
    }

    /// Whether a heartbeat would say something else than the last one.
    pub(crate) fn have_news(&self) -> bool {
        self.attempts.values().any(Attempt::is_careful) || self.in_hand() != self.told
    }

    /// Says that the worker lives, and what it has in hand.
    pub(crate) async fn tell_in_hand(&mut self) -> Result<(), String> {
        self.told = self.in_hand();
        self.say(FromWorker::Heartbeat(self.told.clone())).await
    }

    pub(crate) async fn say(&self, message: FromWorker) -> Result<(), String> {
        match timeout(self.lease, self.outbound.send(message.into())).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err("it ended the session".to_owned()),
            Err(_) => Err("it took no message for a lease".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests;

//! A worker that dialled in, as dispatch sees it: the link over a session.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use market::rows::{ModelRows, RowRequest};
use market::symbol::Symbol;
use proto::id::WorkerId;
use proto::link::{FailureKind, Receipt, ShardError, ShardProgress, ShardResult, WorkerLink};
use proto::record::TickerRecord;
use proto::session::{AttemptId, InHand, ToWorker};
use proto::ticket::ShardTicket;
use tokio::sync::{mpsc, oneshot};

use crate::members::Joined;

/// Heartbeats in a row that do not name an attempt before it is taken for lost on the way. The first may have crossed it, and
/// where there is news they come eight times as often: this is one interval of those that only say that the worker lives.
const HEARTBEATS_UNNAMED: u32 = 8;

/// A worker's session, and what it was given.
pub(crate) struct RemoteWorker {
    epoch: u64,
    joined: Joined,
    /// What is said to the worker. A queue that is full, or whose end is gone, loses a message; heartbeats mend that.
    outbound: mpsc::Sender<ToWorker>,
    given: Mutex<Given>,
}

/// What a worker was given and has not answered.
#[derive(Default)]
struct Given {
    gone: bool,
    attempts: BTreeMap<AttemptId, Waiting>,
}

/// Somebody waits for the result of an attempt.
struct Waiting {
    answer: oneshot::Sender<Result<ShardResult, ShardError>>,
    progress: mpsc::Sender<ShardProgress>,
    wanted: Wanted,
    symbols: Vec<Symbol>,
    unnamed: u32,
}

/// What a delivery is to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The rows that models ask for.
    pub(crate) rows: RowRequest,
    /// The tickers that they are of.
    pub(crate) symbols: BTreeSet<Symbol>,
    /// Bytes of their price files.
    pub(crate) input_bytes: u64,
}

/// Nobody waits for this attempt, or not any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nobody waits for this attempt: it was given up, or another one was committed")]
pub(crate) struct Unwanted;

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
        let mut given = self.given();
        for waiting in given.attempts.values_mut() {
            waiting.unnamed += 1;
        }
        for InHand {
            attempt,
            input_bytes,
            symbols,
        } in in_hand
        {
            let Some(waiting) = given.attempts.get_mut(&attempt) else {
                self.say(ToWorker::Revoke(attempt));
                continue;
            };
            waiting.unnamed = 0;
            waiting.symbols = symbols;
            // Progress counts from the beginning of the attempt, so news without room are made up for by the next.
            let _ = waiting.progress.try_send(ShardProgress {
                shard: attempt.shard,
                input_bytes,
            });
        }
        let missing = |_: &AttemptId, waiting: &mut Waiting| waiting.unnamed >= HEARTBEATS_UNNAMED;
        for (_, waiting) in given.attempts.extract_if(.., missing) {
            answer(waiting, Err(ShardError::NotInHand));
        }
        drop(given);
        self.say(ToWorker::Heard);
    }

    /// The worker says that an attempt came to nothing.
    pub(crate) fn failed(
        &self,
        attempt: &AttemptId,
        kind: FailureKind,
        message: String,
    ) -> Result<(), Unwanted> {
        let waiting = self.given().attempts.remove(attempt).ok_or(Unwanted)?;
        answer(waiting, Err(ShardError::OnWorker { kind, message }));
        Ok(())
    }

    /// What a delivery of the attempt is to hold, if somebody waits for it.
    pub(crate) fn wanted(&self, attempt: &AttemptId) -> Result<Wanted, Unwanted> {
        let given = self.given();
        let waiting = given.attempts.get(attempt).ok_or(Unwanted)?;
        Ok(waiting.wanted.clone())
    }

    /// Hands a whole delivery to who waits for it. What is returned resolves once the shard is committed.
    pub(crate) fn deliver(
        &self,
        attempt: &AttemptId,
        records: Vec<TickerRecord>,
        rows: ModelRows,
    ) -> Result<oneshot::Receiver<()>, Unwanted> {
        let waiting = self.given().attempts.remove(attempt).ok_or(Unwanted)?;
        let (receipt, committed) = Receipt::new();
        let result = ShardResult {
            records,
            rows,
            receipt,
        };
        answer(waiting, Ok(result));
        Ok(committed)
    }

    /// The worker is gone: every attempt that it was given has failed.
    pub(crate) fn lose(&self, reason: &str) {
        self.end(|symbols| ShardError::WorkerLost {
            reason: reason.to_owned(),
            symbols,
        });
    }

    /// The worker left with nothing in hand: what it was given is given to another.
    pub(crate) fn hand_back(&self) {
        self.end(|_| ShardError::NotInHand);
    }

    /// Answers every attempt with an error, made of the tickers that the worker was last heard to compute.
    fn end(&self, error: impl Fn(Vec<Symbol>) -> ShardError) {
        let mut given = self.given();
        given.gone = true;
        for (_, mut waiting) in std::mem::take(&mut given.attempts) {
            let symbols = std::mem::take(&mut waiting.symbols);
            answer(waiting, Err(error(symbols)));
        }
    }

    fn say(&self, message: ToWorker) {
        let _ = self.outbound.try_send(message);
    }

    fn given(&self) -> MutexGuard<'_, Given> {
        self.given.lock().expect("no one panics while holding it")
    }
}

/// Whoever waited may have given up meanwhile.
fn answer(waiting: Waiting, result: Result<ShardResult, ShardError>) {
    let _ = waiting.answer.send(result);
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
        let attempt = AttemptId {
            epoch: self.epoch,
            incarnation: self.joined.incarnation,
            run: ticket.run.clone(),
            shard: ticket.shard,
            attempt: ticket.attempt,
        };
        let sizes = ticket.tickers.iter().map(|file| file.fingerprint.size);
        let wanted = Wanted {
            rows: ticket.rows.clone(),
            symbols: ticket
                .tickers
                .iter()
                .map(|file| file.symbol.clone())
                .collect(),
            input_bytes: sizes.sum(),
        };
        let (answer, answered) = oneshot::channel();
        {
            let mut given = self.given();
            if given.gone {
                return Err(ShardError::NotInHand);
            }
            let waiting = Waiting {
                answer,
                progress,
                wanted,
                symbols: Vec::new(),
                unnamed: 0,
            };
            given.attempts.insert(attempt.clone(), waiting);
        }
        let _revoke = RevokeOnDrop {
            worker: self,
            attempt: attempt.clone(),
        };
        let assign = ToWorker::Assign {
            attempt,
            ticket: Box::new(ticket),
        };
        if self.outbound.send(assign).await.is_err() {
            return Err(ShardError::NotInHand);
        }
        // Where the answer's end is dropped the worker was lost amid this.
        answered.await.unwrap_or(Err(ShardError::NotInHand))
    }
}

/// Tells the worker to give an attempt up that nobody waits for any more.
struct RevokeOnDrop<'a> {
    worker: &'a RemoteWorker,
    attempt: AttemptId,
}

impl Drop for RevokeOnDrop<'_> {
    fn drop(&mut self) {
        if self.worker.given().attempts.remove(&self.attempt).is_some() {
            self.worker.say(ToWorker::Revoke(self.attempt.clone()));
        }
    }
}

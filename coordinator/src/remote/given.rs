//! The attempts that a worker was given, and who waits for their answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use market::rows::RowRequest;
use market::symbol::Symbol;
use model::forecast_errors::ForecastErrors;
use model::panel::Panel;
use proto::link::{ShardError, ShardProgress, ShardResult};
use proto::session::{AttemptId, InHand};
use proto::ticket::ShardTicket;
use tokio::sync::{mpsc, oneshot};

/// Heartbeats in a row that do not name an attempt before it is taken for lost on the way. The first may have crossed it, and
/// where there is news they come eight times as often: this is one interval of those that only say that the worker lives.
pub(super) const HEARTBEATS_UNNAMED: u32 = 8;

/// What a worker was given and has not answered.
#[derive(Default)]
pub(super) struct Given {
    gone: bool,
    attempts: BTreeMap<AttemptId, Waiting>,
}

/// Somebody waits for the answer to an attempt.
struct Waiting {
    awaited: Awaited,
    symbols: Vec<Symbol>,
    unnamed: u32,
}

/// What answers an attempt, unless it fails.
pub(super) enum Awaited {
    /// A delivery, where it is at a shard of a run.
    Delivery {
        answer: oneshot::Sender<Result<ShardResult, ShardError>>,
        progress: mpsc::Sender<ShardProgress>,
        wanted: Box<Wanted>,
    },
    /// The errors of a trial, where it is at a shard of a tuning.
    Trial {
        answer: oneshot::Sender<Result<ForecastErrors, ShardError>>,
        /// The rows that the worker may fetch meanwhile.
        panel: Arc<Panel>,
    },
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

impl Wanted {
    /// What a ticket asks for.
    pub(super) fn of(ticket: &ShardTicket) -> Self {
        let tickers = ticket.tickers.iter();
        Self {
            rows: ticket.rows.clone(),
            symbols: tickers.clone().map(|file| file.symbol.clone()).collect(),
            input_bytes: tickers.map(|file| file.fingerprint.size).sum(),
        }
    }
}

impl Given {
    /// The worker is given one more attempt; not where it is gone.
    pub(super) fn take_on(
        &mut self,
        attempt: AttemptId,
        awaited: Awaited,
    ) -> Result<(), ShardError> {
        if self.gone {
            return Err(ShardError::NotInHand);
        }
        let waiting = Waiting {
            awaited,
            symbols: Vec::new(),
            unnamed: 0,
        };
        self.attempts.insert(attempt, waiting);
        Ok(())
    }

    /// Nobody waits for the attempt any more. Returns whether somebody did.
    pub(super) fn give_up(&mut self, attempt: &AttemptId) -> bool {
        self.attempts.remove(attempt).is_some()
    }

    /// The worker names everything that it has in hand. Attempts that it does not have are answered so; those that nobody
    /// waits for are returned.
    pub(super) fn heard(&mut self, in_hand: Vec<InHand>) -> Vec<AttemptId> {
        for waiting in self.attempts.values_mut() {
            waiting.unnamed += 1;
        }
        let mut unwanted = Vec::new();
        for InHand {
            attempt,
            input_bytes,
            symbols,
        } in in_hand
        {
            let Some(waiting) = self.attempts.get_mut(&attempt) else {
                unwanted.push(attempt);
                continue;
            };
            waiting.unnamed = 0;
            waiting.symbols = symbols;
            if let Awaited::Delivery { progress, .. } = &waiting.awaited {
                // Progress counts from the beginning of the attempt, so news without room are made up for by the next.
                let _ = progress.try_send(ShardProgress {
                    shard: attempt.shard,
                    input_bytes,
                });
            }
        }
        let missing = |_: &AttemptId, waiting: &mut Waiting| waiting.unnamed >= HEARTBEATS_UNNAMED;
        for (_, waiting) in self.attempts.extract_if(.., missing) {
            waiting.awaited.fail(ShardError::NotInHand);
        }
        unwanted
    }

    /// The attempt came to nothing.
    pub(super) fn fail(&mut self, attempt: &AttemptId, error: ShardError) -> Result<(), Unwanted> {
        let waiting = self.attempts.remove(attempt).ok_or(Unwanted)?;
        waiting.awaited.fail(error);
        Ok(())
    }

    /// What a delivery of the attempt is to hold.
    pub(super) fn wanted(&self, attempt: &AttemptId) -> Result<Wanted, Unwanted> {
        match self.awaited(attempt)? {
            Awaited::Delivery { wanted, .. } => Ok(Wanted::clone(wanted)),
            Awaited::Trial { .. } => Err(Unwanted),
        }
    }

    /// The rows that the attempt trains and tests on.
    pub(super) fn panel(&self, attempt: &AttemptId) -> Result<Arc<Panel>, Unwanted> {
        match self.awaited(attempt)? {
            Awaited::Trial { panel, .. } => Ok(Arc::clone(panel)),
            Awaited::Delivery { .. } => Err(Unwanted),
        }
    }

    /// The attempt was delivered.
    pub(super) fn deliver(
        &mut self,
        attempt: &AttemptId,
        result: ShardResult,
    ) -> Result<(), Unwanted> {
        self.answer(attempt, |awaited| match awaited {
            Awaited::Delivery { answer, .. } => {
                // Whoever waited may have given up meanwhile.
                let _ = answer.send(Ok(result));
                Ok(())
            }
            trial @ Awaited::Trial { .. } => Err(trial),
        })
    }

    /// The attempt had these errors.
    pub(super) fn trial_done(
        &mut self,
        attempt: &AttemptId,
        errors: ForecastErrors,
    ) -> Result<(), Unwanted> {
        self.answer(attempt, |awaited| match awaited {
            Awaited::Trial { answer, .. } => {
                // As above.
                let _ = answer.send(Ok(errors));
                Ok(())
            }
            delivery @ Awaited::Delivery { .. } => Err(delivery),
        })
    }

    /// The worker is gone. Answers every attempt with an error, made of the tickers that it was last heard to compute.
    pub(super) fn end(&mut self, error: impl Fn(Vec<Symbol>) -> ShardError) {
        self.gone = true;
        for (_, waiting) in std::mem::take(&mut self.attempts) {
            waiting.awaited.fail(error(waiting.symbols));
        }
    }

    fn awaited(&self, attempt: &AttemptId) -> Result<&Awaited, Unwanted> {
        let waiting = self.attempts.get(attempt).ok_or(Unwanted)?;
        Ok(&waiting.awaited)
    }

    /// Answers an attempt; one whose answer is of the other kind, which `answer` gives back, is waited for as before.
    fn answer(
        &mut self,
        attempt: &AttemptId,
        answer: impl FnOnce(Awaited) -> Result<(), Awaited>,
    ) -> Result<(), Unwanted> {
        let Waiting {
            awaited,
            symbols,
            unnamed,
        } = self.attempts.remove(attempt).ok_or(Unwanted)?;
        answer(awaited).map_err(|awaited| {
            let waiting = Waiting {
                awaited,
                symbols,
                unnamed,
            };
            self.attempts.insert(attempt.clone(), waiting);
            Unwanted
        })
    }
}

impl Awaited {
    /// Answers with an error. Whoever waited may have given up meanwhile.
    fn fail(self, error: ShardError) {
        match self {
            Self::Delivery { answer, .. } => {
                let _ = answer.send(Err(error));
            }
            Self::Trial { answer, .. } => {
                let _ = answer.send(Err(error));
            }
        }
    }
}

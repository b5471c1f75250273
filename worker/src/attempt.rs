//! One attempt in hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proto::session::{AttemptId, InHand};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::computing::Computing;

/// One attempt in hand.
pub(crate) struct Attempt {
    pub(crate) task: AbortHandle,
    pub(crate) kind: Kind,
}

/// What an attempt is at.
pub(crate) enum Kind {
    /// A shard of a run.
    Shard {
        careful: bool,
        computing: Computing,
        input_bytes: Arc<AtomicU64>,
        /// Turns true when it is computed: from then on the coordinator's answer ends it.
        delivering: watch::Receiver<bool>,
    },
    /// A shard of a tuning, of which nothing is told before its result.
    Trial,
}

impl Attempt {
    /// Whether it is a shard of a tuning.
    pub(crate) fn is_trial(&self) -> bool {
        matches!(self.kind, Kind::Trial)
    }

    /// Whether the coordinator is to know each ticker before it is computed.
    pub(crate) fn is_careful(&self) -> bool {
        matches!(self.kind, Kind::Shard { careful: true, .. })
    }

    /// Whether it can be given up: what is being delivered is ended by the coordinator's answer.
    pub(crate) fn can_be_given_up(&self) -> bool {
        match &self.kind {
            Kind::Shard { delivering, .. } => !*delivering.borrow(),
            Kind::Trial => true,
        }
    }

    /// Whether operators have not been told of its end: it has none, or is a trial, which is counted when it is put down.
    pub(crate) fn is_uncounted(&self) -> bool {
        self.is_trial() || !self.task.is_finished()
    }

    /// How far it is.
    pub(crate) fn in_hand(&self, id: &AttemptId) -> InHand {
        let (input_bytes, symbols) = match &self.kind {
            Kind::Shard {
                input_bytes,
                computing,
                ..
            } => (input_bytes.load(Ordering::Relaxed), computing.symbols()),
            Kind::Trial => (0, Vec::new()),
        };
        InHand {
            attempt: id.clone(),
            input_bytes,
            symbols,
        }
    }
}

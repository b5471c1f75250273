//! The link between a coordinator and one worker.

use std::sync::Arc;

use async_trait::async_trait;
use features::compute::ComputeError;
use market::rows::{ModelRows, TakeRowsError};
use market::store::StoreError;
use market::symbol::Symbol;
use model::forecast_errors::ForecastErrors;
use tokio::sync::{mpsc, oneshot};

use crate::id::{ShardId, WorkerId};
use crate::record::TickerRecord;
use crate::ticket::{ShardTicket, TrialTicket};

/// The workers that take shards now.
pub type Roster = Arc<[Arc<dyn WorkerLink>]>;

/// A worker as its coordinator sees it, wherever it is.
#[async_trait]
pub trait WorkerLink: Send + Sync {
    /// The worker's id.
    fn id(&self) -> &WorkerId;

    /// How many shards the worker computes at a time.
    fn slots(&self) -> usize;

    /// Computes a shard. When this returns, the files of the records are in the store, though perhaps not yet synced.
    ///
    /// What is done so far is told on `progress`; a worker elsewhere leaves out what the channel has no room for. Dropping
    /// the future gives the shard up; files that it wrote stay, for every attempt writes the same.
    async fn compute(
        &self,
        ticket: ShardTicket,
        progress: mpsc::Sender<ShardProgress>,
    ) -> Result<ShardResult, ShardError>;

    /// Trains and tests what a ticket says, and returns the errors on the rows of the fold that were tested. They depend on
    /// the panel and the trial alone. Nothing is written.
    ///
    /// Dropping the future gives the shard up.
    async fn try_out(&self, ticket: TrialTicket) -> Result<ForecastErrors, ShardError>;
}

/// How far an attempt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardProgress {
    /// The shard.
    pub shard: ShardId,
    /// Bytes of the price files that are done, since the attempt began.
    pub input_bytes: u64,
}

/// A computed shard.
#[derive(Debug)]
pub struct ShardResult {
    /// A record for each ticker, in the order of the ticket.
    pub records: Vec<TickerRecord>,
    /// The rows that the ticket asks for.
    pub rows: ModelRows,
    /// Tells the worker when the shard is committed.
    pub receipt: Receipt,
}

/// The worker's wait for the commit of its shard. Dropped, it tells the worker that nothing will come of it.
#[derive(Debug, Default)]
pub struct Receipt(Option<oneshot::Sender<()>>);

impl Receipt {
    /// A receipt, and the worker's end of it, which gets an error where the shard is not committed.
    pub fn new() -> (Self, oneshot::Receiver<()>) {
        let (sender, receiver) = oneshot::channel();
        (Self(Some(sender)), receiver)
    }

    /// Says that the shard is committed.
    pub fn committed(self) {
        if let Some(sender) = self.0 {
            // The worker may have gone meanwhile; the commit stands.
            let _ = sender.send(());
        }
    }
}

/// What a failed attempt means for its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// Another attempt may succeed.
    Retryable,
    /// The shard was not tried: it is given out again, and this does not count as an attempt.
    HandedBack,
    /// A price file is no longer what was planned: the run cannot complete.
    InputChanged,
    /// A file is there with other bytes than the same input made now: the run cannot complete.
    Nondeterminism,
    /// A person has to make room or give leave; then the run can go on.
    NeedsPerson,
}

/// Why a shard could not be computed.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    /// A price file is no longer what was planned.
    #[error("{path} changed while the run was reading it: run again when it is at rest")]
    InputChanged {
        /// The file.
        path: String,
    },
    /// A file cannot be read or written.
    #[error("{symbol}: {source}")]
    Store {
        /// The ticker.
        symbol: Symbol,
        /// Why.
        source: StoreError,
    },
    /// A feature is not defined for the rows.
    #[error("{symbol}: {source}")]
    Compute {
        /// The ticker.
        symbol: Symbol,
        /// Why.
        source: ComputeError,
    },
    /// The rows asked for are not in the table.
    #[error("{symbol}: {source}")]
    Rows {
        /// The ticker.
        symbol: Symbol,
        /// Why.
        source: TakeRowsError,
    },
    /// A trial of a tuning came to nothing.
    #[error("trial: {message}")]
    Trial {
        /// Why.
        message: String,
    },
    /// The code broke on a ticker.
    #[error("{symbol}: computing it panicked: {message}")]
    Panicked {
        /// The ticker.
        symbol: Symbol,
        /// What the panic said.
        message: String,
    },
    /// A worker elsewhere says that it failed.
    #[error("{message}")]
    OnWorker {
        /// What it means.
        kind: FailureKind,
        /// What happened.
        message: String,
    },
    /// The worker is gone.
    #[error("the worker was lost ({reason}){}", while_computing(symbols))]
    WorkerLost {
        /// How it was noticed.
        reason: String,
        /// The tickers that it had in hand when it was last heard.
        symbols: Vec<Symbol>,
    },
    /// The worker lives and does not have the attempt: a message was lost on the way.
    #[error("the worker does not have it")]
    NotInHand,
}

impl ShardError {
    /// What the failure means for the run.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::InputChanged { .. } => FailureKind::InputChanged,
            Self::Store {
                source: StoreError::Different { .. },
                ..
            } => FailureKind::Nondeterminism,
            Self::Store { source, .. } if source.needs_a_person() => FailureKind::NeedsPerson,
            Self::OnWorker { kind, .. } => *kind,
            Self::NotInHand => FailureKind::HandedBack,
            Self::Store { .. }
            | Self::Compute { .. }
            | Self::Rows { .. }
            | Self::Trial { .. }
            | Self::Panicked { .. }
            | Self::WorkerLost { .. } => FailureKind::Retryable,
        }
    }
}

/// The tickers that a lost worker had in hand, appended to the error's text.
fn while_computing(symbols: &[Symbol]) -> String {
    if symbols.is_empty() {
        return String::new();
    }
    let symbols: Vec<&str> = symbols.iter().map(Symbol::as_str).collect();
    format!(" while it computed {}", symbols.join(", "))
}

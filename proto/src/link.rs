//! The link between a coordinator and one worker.

use async_trait::async_trait;
use features::compute::ComputeError;
use market::sample::{Sample, TakeError};
use market::store::StoreError;
use market::symbol::Symbol;
use tokio::sync::mpsc;

use crate::id::WorkerId;
use crate::record::TickerRecord;
use crate::ticket::ShardTicket;

/// A worker as its coordinator sees it, wherever it is.
#[async_trait]
pub trait WorkerLink: Send + Sync {
    /// The worker's id.
    fn id(&self) -> &WorkerId;

    /// How many shards the worker computes at a time.
    fn slots(&self) -> usize;

    /// Computes a shard. When this returns, the files of the records are in the store, though perhaps not yet synced.
    ///
    /// Each finished ticker is told on `progress`, whose fullness slows the worker. Dropping the future gives the shard up;
    /// files that it wrote stay, for every attempt writes the same.
    async fn compute(
        &self,
        ticket: ShardTicket,
        progress: mpsc::Sender<TickerDone>,
    ) -> Result<ShardResult, ShardError>;
}

/// One ticker of a shard is finished.
#[derive(Debug, Clone, Copy)]
pub struct TickerDone {
    /// Bytes of its price file.
    pub input_bytes: u64,
}

/// A computed shard.
#[derive(Debug)]
pub struct ShardResult {
    /// A record for each ticker, in the order of the ticket.
    pub records: Vec<TickerRecord>,
    /// The rows asked for, at most as many as the ticket's sample wants.
    pub sample: Option<Sample>,
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
    Sample {
        /// The ticker.
        symbol: Symbol,
        /// Why.
        source: TakeError,
    },
    /// The code broke on a ticker.
    #[error("{symbol}: computing it panicked: {message}")]
    Panicked {
        /// The ticker.
        symbol: Symbol,
        /// What the panic said.
        message: String,
    },
}

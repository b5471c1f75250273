//! What a worker and its coordinator say to each other while a session lasts, in our own types.

use std::time::Duration;

use market::symbol::Symbol;
use model::forecast_errors::ForecastErrors;
use model::trial::Trial;

use crate::id::{Incarnation, RunId, ShardId, WorkerId};
use crate::link::FailureKind;
use crate::ticket::ShardTicket;

/// The largest message of a session, in bytes.
pub const MAX_SESSION_MESSAGE: usize = 4 << 20;
/// The largest message of a Flight stream, in bytes.
pub const MAX_FLIGHT_MESSAGE: usize = 16 << 20;
/// About how large the messages of a Flight stream are made, in bytes.
pub const FLIGHT_MESSAGE: usize = 1 << 20;

/// Where the claim of an epoch lies in the output store. A worker that finds its coordinator's has the same store.
pub fn claim_path(epoch: u64) -> String {
    format!("epoch/{epoch}.json")
}

/// One attempt at one shard, named by everything that can make a message about it stale.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId {
    /// The epoch of the coordinator that gave the shard out.
    pub epoch: u64,
    /// The worker's session.
    pub incarnation: Incarnation,
    /// The run.
    pub run: RunId,
    /// The shard.
    pub shard: ShardId,
    /// Which attempt at the shard, from 1.
    pub attempt: u32,
}

/// Who a worker is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The version of the protocol that it speaks.
    pub protocol: u32,
    /// Its build.
    pub build: String,
    /// Its name, for people.
    pub name: String,
    /// How many shards it computes at a time.
    pub slots: u32,
}

/// How far an attempt is, from its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InHand {
    /// The attempt.
    pub attempt: AttemptId,
    /// Bytes of the price files of finished tickers.
    pub input_bytes: u64,
    /// The tickers that are being computed.
    pub symbols: Vec<Symbol>,
}

/// What a worker says.
#[derive(Debug, Clone, PartialEq)]
pub enum FromWorker {
    /// Who it is. Comes first, and once.
    Hello(Hello),
    /// That it lives, and every attempt that it has in hand.
    Heartbeat(Vec<InHand>),
    /// That an attempt came to nothing.
    ShardFailed {
        /// The attempt.
        attempt: AttemptId,
        /// What it means for the run.
        kind: FailureKind,
        /// What happened, for people.
        message: String,
    },
    /// The result of a shard of a tuning. One that is lost on the way is computed again.
    TrialDone {
        /// The attempt.
        attempt: AttemptId,
        /// The errors on the rows that were tested.
        errors: ForecastErrors,
    },
    /// That it takes no more shards, and leaves when it has none.
    Draining,
}

impl FromWorker {
    /// The message's kind, for people.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Heartbeat(_) => "heartbeat",
            Self::ShardFailed { .. } => "failure",
            Self::TrialDone { .. } => "result of a trial",
            Self::Draining => "farewell",
        }
    }
}

/// What a new member needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcome {
    /// The coordinator's epoch.
    pub epoch: u64,
    /// The number of this session.
    pub incarnation: Incarnation,
    /// The id under which the worker is known.
    pub worker: WorkerId,
    /// The time between heartbeats.
    pub heartbeat: Duration,
    /// The time after which a silent peer is given up.
    pub lease: Duration,
    /// The output store that the coordinator holds.
    pub out: String,
}

/// What a coordinator says.
#[derive(Debug, Clone)]
pub enum ToWorker {
    /// The worker is a member. Comes first, and once.
    Welcome(Welcome),
    /// The answer to a heartbeat.
    Heard,
    /// A shard to compute.
    Assign {
        /// The attempt.
        attempt: AttemptId,
        /// What to do.
        ticket: Box<ShardTicket>,
    },
    /// A shard of a tuning to compute, whose rows are fetched by Flight `DoExchange`.
    TryOut {
        /// The attempt. Its run is the tuning.
        attempt: AttemptId,
        /// What to train and test.
        trial: Box<Trial>,
        /// Rows of the panel.
        rows: u64,
        /// The names of its inputs, in their order.
        inputs: Vec<String>,
    },
    /// An attempt whose result nobody waits for any more.
    Revoke(AttemptId),
}

//! What a run tells those who watch it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::{RunId, ShardId, WorkerId};

/// The stages of a run, in their order, and that of a tuning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Listing price files and reading the list of securities.
    Discover,
    /// Deciding what to compute and what to carry over.
    Plan,
    /// Computing features and writing them.
    Features,
    /// Looking whether a feature looks ahead.
    Audit,
    /// Gathering the rows to train on.
    Sample,
    /// Fitting the model and judging it.
    Train,
    /// Syncing everything, then moving the pointers.
    Publish,
    /// Trying parameters out: a round of a tuning, which is no stage of a run.
    Tune,
}

impl Stage {
    /// All stages of a run in their order.
    pub const ALL: [Self; 7] = [
        Self::Discover,
        Self::Plan,
        Self::Features,
        Self::Audit,
        Self::Sample,
        Self::Train,
        Self::Publish,
    ];

    /// The stage's name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Discover => "discover",
            Self::Plan => "plan",
            Self::Features => "features",
            Self::Audit => "audit",
            Self::Sample => "sample",
            Self::Train => "train",
            Self::Publish => "publish",
            Self::Tune => "tune",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// What the steps of a stage are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Bytes of price files.
    Bytes,
    /// Tickers.
    Tickers,
    /// Trees of the forest.
    Trees,
    /// Shards.
    Shards,
}

/// One thing that happened. As JSON it has its name in `event`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RunEvent {
    /// The output store is held by another; the run waits.
    Waiting {
        /// Who holds it.
        holder: String,
    },
    /// The run is known and goes on.
    Planned {
        /// Its id.
        run: RunId,
        /// Price files to read.
        to_compute: usize,
        /// Tickers taken over from earlier runs.
        to_carry: usize,
        /// Tickers that an earlier start of this run has done.
        done_before: usize,
        /// Shards that the files to read are in.
        shards: usize,
    },
    /// A round of a tuning begins.
    Tuning {
        /// The tuning.
        tuning: RunId,
        /// The run whose features are learnt from.
        run: RunId,
        /// Which round, from 1. The one after the last checks the choice.
        round: usize,
        /// How many there are.
        rounds: usize,
        /// Trials in it.
        trials: usize,
        /// The most rows that each is trained on in a fold.
        train_rows: usize,
        /// Shards yet to be computed.
        shards: usize,
        /// Shards that an earlier start of this tuning has done.
        done_before: usize,
    },
    /// A stage begins.
    Began {
        /// Which.
        stage: Stage,
        /// Its steps, where they can be counted.
        steps: Option<(u64, Unit)>,
    },
    /// Steps of a stage are done.
    Advanced {
        /// Which.
        stage: Stage,
        /// How many, since it began.
        done: u64,
    },
    /// A stage is over.
    Ended {
        /// Which.
        stage: Stage,
        /// How long it took.
        took: Duration,
    },
    /// A worker takes shards.
    WorkerJoined {
        /// Which.
        worker: WorkerId,
        /// How many it computes at a time.
        slots: usize,
    },
    /// A worker takes no more shards: it drains, or it is lost, which the failure of its attempts tells.
    WorkerLeft {
        /// Which.
        worker: WorkerId,
    },
    /// No worker is there; the run fails if none comes.
    NoWorkers {
        /// How long it waits for one.
        grace: Duration,
    },
    /// A shard is given to a worker.
    ShardGiven {
        /// The shard.
        shard: ShardId,
        /// Which attempt at it, from 1.
        attempt: u32,
        /// The worker.
        worker: WorkerId,
        /// Whether another attempt, which takes long, goes on.
        copy: bool,
    },
    /// A shard is committed.
    ShardCommitted {
        /// The shard.
        shard: ShardId,
        /// The attempt.
        attempt: u32,
        /// The worker.
        worker: WorkerId,
    },
    /// An attempt failed, and another is made.
    AttemptFailed {
        /// The shard.
        shard: ShardId,
        /// The attempt.
        attempt: u32,
        /// The worker.
        worker: WorkerId,
        /// Why.
        reason: String,
    },
    /// A worker that leaves gives a shard back, or an attempt was lost on the way: another is made, and this one does not
    /// count as failed.
    ShardHandedBack {
        /// The shard.
        shard: ShardId,
        /// The attempt.
        attempt: u32,
        /// The worker.
        worker: WorkerId,
        /// Why.
        reason: String,
    },
    /// Something that the user should know.
    Warning {
        /// What.
        text: String,
    },
}

impl fmt::Display for RunEvent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting { holder } => {
                write!(formatter, "waiting for {holder}, which holds the output")
            }
            Self::Planned {
                run,
                to_compute,
                to_carry,
                done_before,
                shards,
            } => write!(
                formatter,
                "run {run}: {to_compute} tickers to compute, {to_carry} carried over, {done_before} done before; {shards} shards"
            ),
            Self::Tuning {
                tuning,
                run,
                round,
                rounds,
                trials,
                train_rows,
                shards,
                done_before,
            } => {
                let what = if round > rounds {
                    "check on the last fold".to_owned()
                } else {
                    format!("round {round} of {rounds}")
                };
                write!(
                    formatter,
                    "tuning {tuning} of run {run}: {what}: {trials} trials on {train_rows} rows at most, {shards} shards to compute, {done_before} done before"
                )
            }
            Self::Began { stage, .. } => write!(formatter, "{stage} begins"),
            Self::Advanced { stage, done } => write!(formatter, "{stage}: {done} done"),
            Self::Ended { stage, took } => {
                write!(formatter, "{stage} took {:.3} s", took.as_secs_f64())
            }
            Self::WorkerJoined { worker, slots } => {
                write!(formatter, "worker {worker} joined with {slots} slots")
            }
            Self::WorkerLeft { worker } => write!(formatter, "worker {worker} left"),
            Self::NoWorkers { grace } => write!(
                formatter,
                "no workers: waiting {:.0} s for one to join",
                grace.as_secs_f64()
            ),
            Self::ShardGiven {
                shard,
                attempt,
                worker,
                copy,
            } => {
                let copy = if *copy { " as a copy" } else { "" };
                write!(
                    formatter,
                    "shard {shard} attempt {attempt} given to {worker}{copy}"
                )
            }
            Self::ShardCommitted {
                shard,
                attempt,
                worker,
            } => write!(
                formatter,
                "shard {shard} attempt {attempt} committed by {worker}"
            ),
            Self::AttemptFailed {
                shard,
                attempt,
                worker,
                reason,
            } => write!(
                formatter,
                "attempt {attempt} at shard {shard} on {worker} failed: {reason}"
            ),
            Self::ShardHandedBack {
                shard,
                attempt,
                worker,
                reason,
            } => write!(
                formatter,
                "shard {shard} attempt {attempt} handed back by {worker}: {reason}"
            ),
            Self::Warning { text } => write!(formatter, "warning: {text}"),
        }
    }
}

/// Someone who watches a run.
pub trait Observer: Send + Sync {
    /// Takes note of an event. Called from the run's own task: must return at once.
    fn observe(&self, event: &RunEvent);
}

//! What a run tells those who watch it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::RunId;

/// The stages of a run, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Listing price files and reading the list of securities.
    Discover,
    /// Deciding what to compute and what to carry over.
    Plan,
    /// Computing features and writing them.
    Features,
    /// Gathering the rows to train on.
    Sample,
    /// Fitting the model and judging it.
    Train,
    /// Syncing everything, then moving the pointers.
    Publish,
}

impl Stage {
    /// All stages in their order.
    pub const ALL: [Self; 6] = [
        Self::Discover,
        Self::Plan,
        Self::Features,
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
            Self::Sample => "sample",
            Self::Train => "train",
            Self::Publish => "publish",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// What the steps of a stage are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes of price files.
    Bytes,
    /// Tickers.
    Tickers,
    /// Trees of the forest.
    Trees,
}

/// One thing that happened.
#[derive(Debug, Clone)]
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
        /// How many more.
        steps: u64,
    },
    /// A stage is over.
    Ended {
        /// Which.
        stage: Stage,
        /// How long it took.
        took: Duration,
    },
    /// Something that the user should know.
    Warning(String),
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
            } => write!(
                formatter,
                "run {run}: {to_compute} tickers to compute, {to_carry} carried over, {done_before} done before"
            ),
            Self::Began { stage, .. } => write!(formatter, "{stage} begins"),
            Self::Advanced { stage, steps } => write!(formatter, "{stage}: {steps} more"),
            Self::Ended { stage, took } => {
                write!(formatter, "{stage} took {:.3} s", took.as_secs_f64())
            }
            Self::Warning(text) => write!(formatter, "warning: {text}"),
        }
    }
}

/// Someone who watches a run.
pub trait Observer: Send + Sync {
    /// Takes note of an event. Called from the run's own task: must return at once.
    fn observe(&self, event: &RunEvent);
}

//! Why a run stopped before its end.

use market::layout::DiscoverError;
use market::store::{OpenStoreError, StoreError};
use output::document::DocumentError;

use crate::dispatch::DispatchError;
use crate::epoch::EpochError;
use crate::history::HistoryError;
use crate::planning::PlanningError;
use crate::publish::MovePointersError;
use crate::resume::ResumeError;
use crate::rows::RowsError;
use crate::tune::{PlanTuningError, TuneError};

/// Why a run stopped before its end. It goes on when the same job is run again.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is nothing to run on.
    #[error(transparent)]
    Discover(#[from] DiscoverError),
    /// What to do could not be decided.
    #[error(transparent)]
    Planning(#[from] PlanningError),
    /// The history of the output cannot be read.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// A document of the output cannot be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// What an earlier start left could not be taken over.
    #[error(transparent)]
    Resume(#[from] ResumeError),
    /// The output is not ours.
    #[error(transparent)]
    Epoch(#[from] EpochError),
    /// A file cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Shards could not be computed.
    #[error(transparent)]
    Dispatch(#[from] DispatchError),
    /// Rows to learn from could not be taken.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// The price files cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenStoreError),
    /// Parameters cannot be tried out.
    #[error(transparent)]
    Tune(#[from] TuneError),
    /// There is no thread to run on.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
    /// A person stopped it.
    #[error("interrupted: run again to go on")]
    Interrupted,
    /// A person cancelled it before there was a run, or amid a tuning.
    #[error("cancelled")]
    Cancelled,
}

impl From<PlanTuningError> for RunError {
    fn from(error: PlanTuningError) -> Self {
        match error {
            PlanTuningError::History(error) => Self::History(error),
            error => Self::Tune(error.into()),
        }
    }
}

impl From<MovePointersError> for RunError {
    fn from(error: MovePointersError) -> Self {
        match error {
            MovePointersError::Document(error) => Self::Document(error),
            MovePointersError::Epoch(error) => Self::Epoch(error),
        }
    }
}

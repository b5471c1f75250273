//! Why parameters cannot be tried out.

use model::boost::BoostError;
use model::panel::PanelError;
use model::walk_forward::FoldError;
use proto::id::RunId;

use crate::tuning_plan::PlanTuningError;

/// Why parameters cannot be tried out on a run's rows.
#[derive(Debug, thiserror::Error)]
pub enum TuneError {
    /// The tuning cannot be meant.
    #[error(transparent)]
    Plan(#[from] PlanTuningError),
    /// The rows make no panel.
    #[error(transparent)]
    Panel(#[from] PanelError),
    /// The panel cannot be cut as planned.
    #[error(transparent)]
    Folds(#[from] FoldError),
    /// The run's commits are not those that it completed with.
    #[error(
        "the commits of run {run} are not those that it completed with: `run --force` makes a new one"
    )]
    OtherCommits {
        /// The run.
        run: RunId,
    },
    /// Nothing can be learnt in a fold.
    #[error("fold {fold}: {source}")]
    Boost {
        /// The fold, from 1.
        fold: usize,
        /// Why.
        source: BoostError,
    },
    /// There is nothing to be better than.
    #[error(
        "fold {fold}: the forecast that tomorrow is as today has no error, so there is no skill to compare: take more tickers or longer histories"
    )]
    NaiveIsExact {
        /// The fold, from 1.
        fold: usize,
    },
}

impl TuneError {
    /// Whether the tuning cannot be meant, of whatever run.
    pub fn is_bad_usage(&self) -> bool {
        matches!(self, Self::Plan(error) if error.is_bad_usage())
    }
}

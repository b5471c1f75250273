//! Ending a run for good.

use market::store::{Store, StoreError};
use proto::id::RunId;

use crate::epoch::{Epoch, EpochError};
use crate::history::{self, HistoryError};
use crate::plan::Plan;
use crate::publish;
use crate::submission::Submission;
use crate::summary::blank_summary;
use output::outcome::{Outcome, Status, Summary};

/// Ends a run that nobody works on for good, or takes back a tuning, of which the next coordinator would go on.
pub async fn cancel_unfinished(epoch: &Epoch, out: &Store, run: &RunId) -> Result<(), CancelError> {
    let name = run.to_string();
    if history::find(out, run).await?.is_none() && Submission::is_kept(out, &name).await? {
        return Ok(Submission::forget(out, &name).await?);
    }
    let past = history::get(out, run).await?;
    if let Some(outcome) = past.outcome {
        return Err(CancelError::Ended {
            run: run.clone(),
            status: outcome.summary.status.describe(),
        });
    }
    let outcome = Outcome {
        ended: epoch.next_turn(),
        summary: cancelled_summary(&past.plan, out),
    };
    Ok(publish::write_outcome(out, epoch, &outcome).await?)
}

/// Why a run cannot be cancelled.
#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    /// It has ended.
    #[error("run {run} has ended: {status}")]
    Ended {
        /// The run.
        run: RunId,
        /// How.
        status: &'static str,
    },
    /// There is no such run, or it cannot be read.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The outcome cannot be written.
    #[error(transparent)]
    Epoch(#[from] EpochError),
}

/// What a cancelled run has for a summary.
pub(crate) fn cancelled_summary(plan: &Plan, out: &Store) -> Summary {
    let mut summary = blank_summary(plan, out);
    summary.status = Status::Cancelled;
    summary.reason = Some("a person cancelled it".to_owned());
    summary
}

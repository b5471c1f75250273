//! Going back to the version of a model that was published before the live one.

use market::store::{Store, StoreError};

use crate::document::{DocumentError, read_json};
use crate::models::{self, PinnedModel, PromoteError, promote};
use crate::outcome::{Outcome, Status};
use crate::paths;
use crate::runs::run_ids;
use crate::version::{VersionError, check_model};

/// A version that was made live in place of a later one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolledBack {
    /// The version that was live before.
    pub from: String,
    /// The one that is live now.
    pub to: PinnedModel,
}

/// Why there is nothing to go back to.
#[derive(Debug, thiserror::Error)]
pub enum RollbackError {
    /// What is there cannot be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// There is no such model.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// The earlier version cannot be made live.
    #[error(transparent)]
    Promote(#[from] PromoteError),
    /// Nothing is live.
    #[error("no version of `{name}` is live: there is nothing to go back from")]
    NoneLive {
        /// The model.
        name: String,
    },
    /// No run tells when the live version was published.
    #[error(
        "no run that is still there trained {version}, the live version of `{name}`, so that none is known to be \
         before it: `tickermill models` lists versions, and `promote` makes one live"
    )]
    Unknown {
        /// The model.
        name: String,
        /// The live version.
        version: String,
    },
    /// The live version is the first.
    #[error(
        "no run that is still there published a version of `{name}` before {version}, the live one: `tickermill \
         models` lists versions, and `promote` makes one live"
    )]
    NoneBefore {
        /// The model.
        name: String,
        /// The live version.
        version: String,
    },
}

impl From<StoreError> for RollbackError {
    fn from(error: StoreError) -> Self {
        Self::Document(error.into())
    }
}

/// Makes the version live that was published before the live one, as [`promote`] does: the newest such that is still
/// there. The next time goes back further. An error has changed nothing.
pub async fn roll_back(out: &Store, name: &str) -> Result<RolledBack, RollbackError> {
    check_model(out, name).await?;
    let Some(live) = models::live(out, name).await? else {
        return Err(RollbackError::NoneLive {
            name: name.to_owned(),
        });
    };
    let version = live.version;
    let Some(before) = published_before(&outcomes(out).await?, name, &version) else {
        return Err(RollbackError::Unknown {
            name: name.to_owned(),
            version,
        });
    };
    let there = models::versions(out, name).await?;
    let Some(newest) = before.iter().find(|earlier| there.contains(earlier)) else {
        return Err(RollbackError::NoneBefore {
            name: name.to_owned(),
            version,
        });
    };
    let to = promote(out, name, newest).await?;
    Ok(RolledBack { from: version, to })
}

/// The versions of a model that went live by themselves before `version` was trained, the newest first; `None` where no
/// outcome tells when that was.
///
/// A version that several runs published counts where the last of them ended, so that going back again and again never
/// comes to the same version twice.
fn published_before(outcomes: &[Outcome], name: &str, version: &str) -> Option<Vec<String>> {
    let mut completed: Vec<&Outcome> = outcomes
        .iter()
        .filter(|outcome| outcome.summary.status == Status::Completed)
        .collect();
    completed.sort_by_key(|outcome| std::cmp::Reverse(outcome.ended));
    let mut trained = completed.iter().map(|outcome| {
        let mut models = outcome.summary.all_models();
        models.any(|model| model.name == name && model.version == version)
    });
    let place = trained.position(|trained| trained)?;
    let mut later: Vec<&str> = Vec::new();
    let mut before: Vec<String> = Vec::new();
    for (run, outcome) in completed.iter().enumerate() {
        let mut published = outcome.summary.live_models();
        let Some(model) = published.find(|model| model.name == name) else {
            continue;
        };
        let known = later.contains(&model.version.as_str()) || before.contains(&model.version);
        if run <= place {
            later.push(&model.version);
        } else if !known && model.version != version {
            before.push(model.version.clone());
        }
    }
    Some(before)
}

/// How the runs ended that did, in no order of meaning.
async fn outcomes(out: &Store) -> Result<Vec<Outcome>, RollbackError> {
    let mut outcomes = Vec::new();
    for run in run_ids(out).await? {
        outcomes.extend(read_json::<Outcome>(out, &paths::outcome(&run)).await?);
    }
    Ok(outcomes)
}

#[cfg(test)]
mod tests;

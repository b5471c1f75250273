//! Dropping old runs.

use std::collections::BTreeSet;

use market::store::{Store, StoreError};
use output::outcome::CurrentModel;
use output::runs::latest;
use output::{models, paths};
use proto::id::RunId;

use crate::history::{HistoryError, PastRun, runs};

/// What pruning does with a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is among the newest.
    Newest,
    /// `latest.json` names it.
    Latest,
    /// A live model comes from it.
    LiveModel,
    /// It goes.
    Removed,
}

/// The fate of every run, the newest first, if the newest `keep` stay. A run that `latest.json` or a live model names stays
/// besides.
pub async fn fates(out: &Store, keep: usize) -> Result<Vec<(PastRun, Fate)>, HistoryError> {
    let latest = latest(out).await?.map(|latest| latest.run_id);
    let published = models::all_published(out).await?.into_iter();
    let published: BTreeSet<RunId> = published.map(|model: CurrentModel| model.run_id).collect();
    let mut pinned = BTreeSet::new();
    for name in models::names(out).await? {
        let model = models::pinned(out, &name).await?;
        pinned.extend(model.map(|model| (model.name, model.version)));
    }
    let is_live = |past: &PastRun| {
        let outcome = past.outcome.as_ref();
        let mut trained = outcome
            .into_iter()
            .flat_map(|outcome| outcome.summary.all_models());
        published.contains(&past.run)
            || trained.any(|model| pinned.contains(&(model.name.clone(), model.version.clone())))
    };
    let fate = |(place, past): (usize, PastRun)| {
        let fate = if latest.as_ref() == Some(&past.run) {
            Fate::Latest
        } else if is_live(&past) {
            Fate::LiveModel
        } else if place < keep {
            Fate::Newest
        } else {
            Fate::Removed
        };
        (past, fate)
    };
    Ok(runs(out).await?.into_iter().enumerate().map(fate).collect())
}

/// Removes a run. Its files go before its plan, so that a run removed in part is still listed and can be removed again.
pub async fn remove(out: &Store, run: &RunId) -> Result<(), StoreError> {
    out.remove(&paths::outcome(run)).await?;
    for folder in [
        paths::features(run),
        paths::raw(run),
        paths::commits(run),
        paths::tunings(run),
        paths::run(run),
    ] {
        out.remove_folder(&folder).await?;
    }
    Ok(())
}

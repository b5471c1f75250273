//! A tuning, from top to bottom: gather the rows, try parameters out round by round, check the choice, keep the table.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use market::store::Store;
use market::symbol::Symbol;
use model::boost::{BoostError, BoostRows};
use model::fold_columns::FoldColumns;
use model::fold_plan::FoldPlan;
use model::panel::{Panel, PanelError};
use model::walk_forward::{FoldError, folds};
use output::commit::read_commits;
use output::document::{DocumentError, to_pretty_json};
use output::paths;
use output::tuning::{Tuning, read_tuning};
use proto::event::{RunEvent, Stage};
use proto::id::RunId;
use proto::panel_batches::panel_of;
use proto::record::TickerResult;
use tokio::task::spawn_blocking;

use crate::accounts::dataset_digest;
use crate::dispatch::Patience;
use crate::epoch::{Claimant, Epoch};
use crate::means::{Means, Stop};
use crate::narrator::Narrator;
use crate::rows::{FeatureFiles, on_pool};
use crate::run::{RunError, stopped};
use crate::tuning_rounds::Rounds;

pub(crate) use crate::tuning_plan::PlannedTuning;
pub use crate::tuning_plan::{FEWEST_FOLDS, PlanTuningError, TuneRequest};

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

/// Tries parameters out, or finds that it has been done. The output is claimed for it, and let go of in the end.
///
/// What is found depends on the run's features, the trees as they are configured and the search alone, and is kept with the
/// run. An error leaves what was tried out, and the same request goes on with it.
pub async fn tune(
    request: &TuneRequest,
    means: &Means,
    claimant: &Claimant,
) -> Result<Tuning, RunError> {
    let narrator = Narrator::new(Arc::clone(&means.observer));
    let planned = PlannedTuning::of(request, &means.out).await?;
    if let Some(done) = completed(&planned, &means.out).await? {
        return Ok(done);
    }
    let waiting = |holder: &str| {
        narrator.tell(&RunEvent::Waiting {
            holder: holder.to_owned(),
        });
    };
    let epoch = Epoch::claim(&means.out, claimant, waiting).await?;
    // Workers of one process share its threads: a copy of a trial would but keep them from the others.
    let patience = Patience {
        straggler: Duration::MAX,
        ..means.patience
    };
    let means = Means {
        patience,
        ..means.clone()
    };
    let result = tune_while_held(&epoch, &planned, &means, &narrator).await;
    epoch.release().await;
    result
}

/// As [`tune`], for a coordinator, which holds the output itself.
pub(crate) async fn tune_held(
    epoch: &Epoch,
    request: &TuneRequest,
    means: &Means,
) -> Result<Tuning, RunError> {
    let narrator = Narrator::new(Arc::clone(&means.observer));
    let planned = PlannedTuning::of(request, &means.out).await?;
    tune_while_held(epoch, &planned, means, &narrator).await
}

/// What the tuning found, where it is completed.
async fn completed(planned: &PlannedTuning, out: &Store) -> Result<Option<Tuning>, DocumentError> {
    read_tuning(out, planned.run(), &planned.id).await
}

/// Tries parameters out until all is known, the output is lost, or a person stops it.
async fn tune_while_held(
    epoch: &Epoch,
    planned: &PlannedTuning,
    means: &Means,
    narrator: &Narrator,
) -> Result<Tuning, RunError> {
    // Another may have completed it while this one waited for its turn.
    if let Some(done) = completed(planned, &means.out).await? {
        return Ok(done);
    }
    let result = tokio::select! {
        result = tune_under(epoch, planned, means, narrator) => result,
        lost = epoch.lost() => Err(lost.into()),
        () = stopped(means, Stop::Interrupt) => Err(RunError::Interrupted),
        () = stopped(means, Stop::Cancel) => Err(RunError::Cancelled),
    };
    if !matches!(result, Err(RunError::Epoch(_))) {
        let log = paths::tuning_log(planned.run(), &planned.id);
        narrator.write_log(&means.out, &log).await?;
    }
    if matches!(result, Err(RunError::Cancelled))
        && let Some(done) = completed(planned, &means.out).await?
    {
        return Ok(done); // it came to its end meanwhile
    }
    result
}

async fn tune_under(
    epoch: &Epoch,
    planned: &PlannedTuning,
    means: &Means,
    narrator: &Narrator,
) -> Result<Tuning, RunError> {
    means.out.sweep(&paths::run(planned.run()));
    let panel = gather_panel(planned, means, narrator).await?;
    // The rows that the first round trains on are among those of every later one.
    let sizes = planned.rounds();
    let folds = FoldPlan {
        max_train_rows: sizes[0].max_train_rows,
        ..planned.volume.folds.clone()
    };
    let checked = Arc::clone(&panel);
    on_pool(&means.pool, move || check_folds(&checked, &folds)).await?;

    let rounds = Rounds {
        epoch,
        planned,
        means,
        narrator,
        panel: &panel,
    };
    let (trials, chosen) = rounds.search().await?;
    let check = rounds.check(&trials, chosen).await?;
    let tuning = Tuning {
        tuning: planned.id.clone(),
        run: planned.run().clone(),
        model: planned.volume.name.clone(),
        search: planned.search.clone(),
        folds: planned.volume.folds.clone(),
        rows: panel.row_count() as u64,
        rounds: sizes,
        trials,
        chosen,
        check,
    };
    let out = means.out.clone();
    let synced = spawn_blocking(move || out.sync()).await;
    synced.expect("syncing does not panic")?;
    epoch.confirm().await?;
    let path = paths::tuning_outcome(planned.run(), &planned.id);
    means.out.create(&path, to_pretty_json(&tuning)).await?;
    Ok(tuning)
}

/// The rows of the run's tickers, from its feature files, which have to be what the run wrote.
async fn gather_panel(
    planned: &PlannedTuning,
    means: &Means,
    narrator: &Narrator,
) -> Result<Arc<Panel>, RunError> {
    let _stage = narrator.stage(Stage::Sample, None);
    let records = read_commits(&means.out, planned.run()).await?;
    let written = records
        .into_iter()
        .filter_map(|record| match record.result {
            TickerResult::Written { features, .. } => Some((record.input.symbol, features.blake3)),
            TickerResult::Quarantined { .. } => None,
        });
    let written: BTreeMap<Symbol, String> = written.collect();
    let digests = written.iter();
    let digests = digests.map(|(symbol, digest)| (symbol.as_str(), digest.as_str()));
    if dataset_digest(digests) != planned.dataset_digest {
        let run = planned.run().clone();
        return Err(TuneError::OtherCommits { run }.into());
    }
    let request = planned.job().row_request(0);
    let request = request.panel.expect("the job has boosted trees");
    let files = FeatureFiles::of(means, &planned.plan);
    let rows = files.panel_rows(&written, request).await?;
    let inputs = planned.volume.inputs.iter();
    let inputs = inputs.map(|input| input.name.clone()).collect();
    let panel = on_pool(&means.pool, move || panel_of(inputs, rows)).await;
    Ok(Arc::new(panel.map_err(TuneError::from)?))
}

/// Whether there are rows to train and to test on in each fold. A worker would say so too, of each trial anew.
fn check_folds(panel: &Panel, plan: &FoldPlan) -> Result<(), TuneError> {
    let cut = folds(plan, &FoldColumns::of(panel.columns()))?;
    for (fold, rows) in cut.iter().enumerate() {
        let learnable = BoostRows::new(panel, &rows.train);
        learnable.map_err(|source| TuneError::Boost {
            fold: fold + 1,
            source,
        })?;
    }
    Ok(())
}

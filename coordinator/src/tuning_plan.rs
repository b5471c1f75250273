//! What decides a tuning: the run whose features are learnt from, the trees that are configured, and the search.

use market::store::Store;
use model::boost::BoostParameters;
use model::tuning::{RoundSize, Search, SearchError, rounds};
use output::outcome::Status;
use proto::id::{JobKey, RunId, ShardId};
use proto::version::FORMAT_VERSION;
use serde::{Deserialize, Serialize};

use crate::history::{self, HistoryError, PastRun};
use crate::job::{Job, VolumeJob, digest_of_json};
use crate::plan::Plan;

/// A search for better parameters of boosted trees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TuneRequest {
    /// The run whose features are learnt from: its id or `latest`.
    pub run: String,
    /// The trees as they are configured. Whether they go live anyway is no matter.
    pub volume: VolumeJob,
    /// What is searched.
    pub search: Search,
}

/// The fewest folds of a tuning: one chooses, and the last one checks the choice.
pub const FEWEST_FOLDS: usize = 2;

/// Why a tuning cannot be meant.
#[derive(Debug, thiserror::Error)]
pub enum PlanTuningError {
    /// There is no such run, or the history cannot be read.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The run has no features to learn from, or not all of them.
    #[error("run {run} is not completed: {status}: run it to its end first, or name another")]
    NotCompleted {
        /// The run.
        run: RunId,
        /// How it stands.
        status: &'static str,
    },
    /// The trees cannot be meant of the run.
    #[error("{0}")]
    Volume(String),
    /// The search makes no sense.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// A first round in which some trials could not split their rows.
    #[error(
        "the first round would train on {first_rows} rows, and leaves of as many rows as are tried need {needed}: set tune.trials lower, volume.max_train_rows higher, or the higher end of tune.min_rows_per_leaf lower"
    )]
    TooFewRows {
        /// The rows of the first round.
        first_rows: usize,
        /// The rows that two leaves need.
        needed: usize,
    },
    /// One fold alone, which would have to choose and to check the choice.
    #[error(
        "a tuning needs {FEWEST_FOLDS} folds at least, the last of which checks what the others chose: set volume.folds higher"
    )]
    OneFold,
}

/// A tuning of which everything is known that decides it.
#[derive(Debug)]
pub(crate) struct PlannedTuning {
    /// Its id: a key of everything that decides it.
    pub(crate) id: RunId,
    /// Where the run's price files lie.
    pub(crate) data: String,
    /// The digest of the run's feature files.
    pub(crate) dataset_digest: String,
    /// The run's plan.
    pub(crate) plan: Plan,
    /// The trees as they are configured.
    pub(crate) volume: VolumeJob,
    /// What is searched.
    pub(crate) search: Search,
}

impl PlanTuningError {
    /// Whether the request cannot be meant, of whatever run.
    pub fn is_bad_usage(&self) -> bool {
        matches!(
            self,
            Self::Search(_) | Self::TooFewRows { .. } | Self::OneFold | Self::Volume(_)
        )
    }
}

impl PlannedTuning {
    /// Looks whether the request can be meant, and of which run.
    pub(crate) async fn of(request: &TuneRequest, out: &Store) -> Result<Self, PlanTuningError> {
        request.search.validate()?;
        let PastRun { run, plan, outcome } = history::get_named(out, &request.run).await?;
        let summary = outcome.map(|outcome| outcome.summary);
        let digest = match summary {
            Some(summary) if summary.status == Status::Completed => summary.dataset_digest,
            summary => {
                let status = summary.map_or("unfinished", |summary| summary.status.describe());
                return Err(PlanTuningError::NotCompleted { run, status });
            }
        };
        let volume = VolumeJob {
            promote_anyway: false,
            ..request.volume.clone()
        };
        if let Some(problem) = volume.problem(&plan.job.recipe.schema) {
            return Err(PlanTuningError::Volume(problem));
        }
        if volume.folds.folds < FEWEST_FOLDS {
            return Err(PlanTuningError::OneFold);
        }
        let first_rows =
            rounds(request.search.trials, volume.folds.max_train_rows)[0].max_train_rows;
        let needed = 2 * request.search.space.min_rows_per_leaf[1];
        if first_rows < needed {
            return Err(PlanTuningError::TooFewRows { first_rows, needed });
        }
        let decides = (FORMAT_VERSION, &run, &digest, &volume, &request.search);
        let id = RunId {
            job: JobKey::of_digest(&digest_of_json(&decides)),
            number: 1,
        };
        Ok(Self {
            id,
            data: plan.data.clone(),
            dataset_digest: digest,
            plan,
            volume,
            search: request.search.clone(),
        })
    }

    /// The request with its run named, so that it means the same later on.
    pub(crate) fn request(&self, request: TuneRequest) -> TuneRequest {
        TuneRequest {
            run: self.plan.run.to_string(),
            ..request
        }
    }

    /// The run whose features are learnt from.
    pub(crate) fn run(&self) -> &RunId {
        &self.plan.run
    }

    /// The run's job with these trees in place of its models.
    pub(crate) fn job(&self) -> Job {
        Job {
            recipe: self.plan.job.recipe.clone(),
            model: None,
            volume: Some(self.volume.clone()),
        }
    }

    /// The parameters of every trial.
    pub(crate) fn candidates(&self) -> Vec<BoostParameters> {
        self.search.candidates(&self.volume.boost)
    }

    /// The rounds, in their order.
    pub(crate) fn rounds(&self) -> Vec<RoundSize> {
        rounds(self.search.trials, self.volume.folds.max_train_rows)
    }

    /// The shard that is a trial on a fold in a round. All are counted from 0.
    pub(crate) fn shard(&self, round: usize, trial: usize, fold: usize) -> ShardId {
        let of_round = self.search.trials * self.volume.folds.folds;
        ShardId((round * of_round + trial * self.volume.folds.folds + fold) as u32)
    }
}

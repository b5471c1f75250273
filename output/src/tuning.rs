//! What a tuning found: its table, and the parameters that it chose.

use market::store::{Store, StoreError, StoredObject};
use model::boost::BoostParameters;
use model::fold_plan::FoldPlan;
use model::forecast_errors::ForecastErrors;
use model::trial::Trial;
use model::tuning::{RoundSize, Search};
use proto::id::{RunId, ShardId};
use serde::de::Error;
use serde::{Deserialize, Serialize};

use crate::document::DocumentError;
use crate::paths;

/// A completed tuning: what `tickermill tune --json` prints and `outcome.json` of its folder keeps. It depends on the
/// features of the run, the folds and the search alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tuning {
    /// The tuning: a key of everything that decides it.
    pub tuning: RunId,
    /// The run whose features were learnt from.
    pub run: RunId,
    /// The model that the parameters are for.
    pub model: String,
    /// What was searched, and from which seed.
    pub search: Search,
    /// How the rows were cut. The last fold chose nothing: it checks the choice.
    pub folds: FoldPlan,
    /// Rows of the panel.
    pub rows: u64,
    /// The rounds, in their order. The best third of the trials of one goes on to the next.
    pub rounds: Vec<RoundSize>,
    /// Every trial, by its number. Trial 0 has the configured parameters.
    pub trials: Vec<Tried>,
    /// The trial that was chosen: the one of the highest skill in the last round.
    pub chosen: usize,
    /// What the last fold says of the choice.
    pub check: Check,
}

/// A trial, and how it did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// Its number, from 0.
    pub trial: usize,
    /// Its parameters.
    pub parameters: BoostParameters,
    /// For each round that it was in, its skill against the forecast that tomorrow is as today: the mean of `folds`.
    pub skills: Vec<f64>,
    /// For each round that it was in, its skill in each fold but the last, the earliest first.
    pub folds: Vec<Vec<f64>>,
}

/// The skill in the last fold, which had no part in the choice, against the forecast that tomorrow is as today.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Of the chosen parameters.
    pub chosen: f64,
    /// Of the configured parameters.
    pub configured: f64,
}

impl Tuning {
    /// The trial that was chosen.
    pub fn chosen(&self) -> &Tried {
        &self.trials[self.chosen]
    }
}

/// A shard of a tuning that is committed: a trial on one fold, and its errors on the rows tested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialResult {
    /// What was trained and tested.
    pub trial: Trial,
    /// The errors.
    pub errors: ForecastErrors,
}

/// Commits a shard of a tuning: from here on it is not computed again. A commit that is there already has the same bytes.
pub async fn commit_trial(
    out: &Store,
    run: &RunId,
    tuning: &RunId,
    shard: ShardId,
    result: &TrialResult,
) -> Result<(), StoreError> {
    let json = serde_json::to_vec(result).expect("our own types have a JSON form");
    let path = paths::tuning_shard(run, tuning, shard);
    out.create(&path, json.into()).await.map(|_| ())
}

/// The shards of a tuning that are committed, by rising number.
pub async fn committed_trials(
    out: &Store,
    run: &RunId,
    tuning: &RunId,
) -> Result<Vec<ShardId>, StoreError> {
    let (files, _) = out.list_folder(&paths::tuning_shards(run, tuning)).await?;
    let number = |file: &StoredObject| {
        let name = file.path.rsplit('/').next()?;
        name.strip_suffix(".json")?.parse().ok().map(ShardId)
    };
    let mut shards: Vec<ShardId> = files.iter().filter_map(number).collect();
    shards.sort_unstable();
    Ok(shards)
}

/// A shard of a tuning; `None` where it is not committed.
pub async fn read_trial(
    out: &Store,
    run: &RunId,
    tuning: &RunId,
    shard: ShardId,
) -> Result<Option<TrialResult>, DocumentError> {
    let path = paths::tuning_shard(run, tuning, shard);
    let Some(bytes) = out.read(&path).await? else {
        return Ok(None);
    };
    let result = serde_json::from_slice(&bytes);
    result
        .map(Some)
        .map_err(|source| DocumentError::DamagedCommit {
            path: out.locate(&path),
            source,
        })
}

/// What a tuning found; `None` where it is not completed.
pub async fn read_tuning(
    out: &Store,
    run: &RunId,
    tuning: &RunId,
) -> Result<Option<Tuning>, DocumentError> {
    let path = paths::tuning_outcome(run, tuning);
    let Some(bytes) = out.read(&path).await? else {
        return Ok(None);
    };
    let found = serde_json::from_slice(&bytes).and_then(|found: Tuning| {
        let is_it = found.tuning == *tuning && found.run == *run;
        if is_it && found.chosen < found.trials.len() {
            return Ok(found);
        }
        Err(serde_json::Error::custom("it is of something else"))
    });
    found
        .map(Some)
        .map_err(|source| DocumentError::DamagedTuning {
            path: out.locate(&path),
            source,
        })
}

/// What the completed tunings on a run's features found, by their ids.
pub async fn tunings(out: &Store, run: &RunId) -> Result<Vec<Tuning>, DocumentError> {
    let (_, folders) = out.list_folder(&paths::tunings(run)).await?;
    let mut found = Vec::new();
    for folder in folders {
        // What is no id is nothing of ours.
        if let Ok(tuning) = RunId::parse(&folder) {
            found.extend(read_tuning(out, run, &tuning).await?);
        }
    }
    Ok(found)
}

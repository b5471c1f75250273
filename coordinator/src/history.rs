//! The runs of a store.

use std::collections::BTreeMap;

use market::layout::{Dataset, TickerFile};
use market::store::{Store, StoreError};
use proto::id::{JobKey, RunId, RunIdError};
use proto::record::TickerRecord;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::commit::{CommitError, read_commits};
use crate::outcome::{CurrentModel, Latest, Outcome, Summary};
use crate::paths;
use crate::plan::{KnownTicker, Plan};

/// Earlier runs that tickers are carried over from.
const RUNS_LOOKED_AT: usize = 8;

/// A run as its folder tells it.
#[derive(Debug, Clone)]
pub struct PastRun {
    /// The run.
    pub run: RunId,
    /// Its plan.
    pub plan: Plan,
    /// How it ended; `None` while it goes on, or where it was interrupted.
    pub outcome: Option<Outcome>,
}

/// Why the history cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file is not what this program writes.
    #[error(
        "{path} cannot be read: {source}: it may be of another version of tickermill; use another `--out`, or remove that run's folder"
    )]
    Damaged {
        /// The file.
        path: String,
        /// Why.
        source: serde_json::Error,
    },
    /// A commit is not what this program writes.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The text is neither a run's id nor `latest`.
    #[error(transparent)]
    BadRunId(#[from] RunIdError),
    /// There is no latest run.
    #[error("there is no completed run in {out} yet")]
    NoneCompleted {
        /// The store.
        out: String,
    },
    /// There is no such run.
    #[error("there is no run {run} in {out}: `runs` lists them")]
    NoSuchRun {
        /// The run.
        run: RunId,
        /// The store.
        out: String,
    },
}

/// A run in short, for those who list runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// The run; null where it waits to be planned.
    pub run_id: Option<RunId>,
    /// The submission's name, where it waits.
    pub submission: Option<String>,
    /// How it ended, or `unfinished`; a coordinator says `running` and `waiting` of its own.
    pub status: String,
    /// Whether `latest.json` names it.
    pub latest: bool,
    /// Tickers that it reads or carries over.
    pub tickers: u64,
    /// Where the price files lie.
    pub data: String,
    /// The declared features, each in a line.
    pub features: Vec<String>,
    /// The summary of a run that ended.
    pub summary: Option<Summary>,
}

impl RunInfo {
    fn of(past: PastRun, latest: Option<&Latest>) -> Self {
        let summary = past.outcome.map(|outcome| outcome.summary);
        let status = summary.as_ref().map_or("unfinished".to_owned(), |summary| {
            summary.status.describe().to_owned()
        });
        let features = past.plan.job.recipe.schema.features().iter();
        let features = features.map(|feature| {
            format!(
                "{} = {} of {} over {} rows",
                feature.name,
                feature.operation.name(),
                feature.column,
                feature.window
            )
        });
        Self {
            latest: latest.is_some_and(|latest| latest.run_id == past.run),
            run_id: Some(past.run),
            submission: None,
            status,
            tickers: past.plan.dataset.tickers.len() as u64,
            features: features.collect(),
            data: past.plan.data,
            summary,
        }
    }

    /// A submission that waits for its turn.
    pub(crate) fn waiting(submission: String, data: String) -> Self {
        Self {
            run_id: None,
            submission: Some(submission),
            status: "waiting".to_owned(),
            latest: false,
            tickers: 0,
            data,
            features: Vec::new(),
            summary: None,
        }
    }
}

/// All runs in short, the newest first.
pub async fn list(out: &Store) -> Result<Vec<RunInfo>, HistoryError> {
    let latest = latest(out).await?;
    let runs = runs(out).await?.into_iter();
    Ok(runs
        .map(|past| RunInfo::of(past, latest.as_ref()))
        .collect())
}

/// One run in short; `run` is its id or `latest`.
pub async fn show(out: &Store, run: &str) -> Result<RunInfo, HistoryError> {
    let latest = latest(out).await?;
    let run = match (run, &latest) {
        ("latest", Some(latest)) => latest.run_id.clone(),
        ("latest", None) => {
            return Err(HistoryError::NoneCompleted {
                out: out.locate(""),
            });
        }
        (run, _) => RunId::parse(run)?,
    };
    Ok(RunInfo::of(get(out, &run).await?, latest.as_ref()))
}

/// The ids of the store's runs that have a plan or may get one, in no order of meaning.
pub(crate) async fn run_ids(out: &Store) -> Result<Vec<RunId>, StoreError> {
    let (_, folders) = out.list_folder(paths::RUNS).await?;
    Ok(folders
        .iter()
        .filter_map(|name| RunId::parse(name).ok())
        .collect())
}

/// All runs, the newest first.
pub async fn runs(out: &Store) -> Result<Vec<PastRun>, HistoryError> {
    let mut runs = Vec::new();
    for run in run_ids(out).await? {
        runs.extend(find(out, &run).await?);
    }
    runs.sort_by(|left, right| {
        (right.plan.planned, &right.run).cmp(&(left.plan.planned, &left.run))
    });
    Ok(runs)
}

/// One run; `None` where it has no plan.
pub async fn find(out: &Store, run: &RunId) -> Result<Option<PastRun>, HistoryError> {
    let Some(plan) = read_json::<Plan>(out, &paths::plan(run)).await? else {
        return Ok(None);
    };
    let outcome = read_json(out, &paths::outcome(run)).await?;
    Ok(Some(PastRun {
        run: run.clone(),
        plan,
        outcome,
    }))
}

/// One run that must be there.
pub async fn get(out: &Store, run: &RunId) -> Result<PastRun, HistoryError> {
    let found = find(out, run).await?;
    found.ok_or_else(|| HistoryError::NoSuchRun {
        run: run.clone(),
        out: out.locate(""),
    })
}

/// The newest run of a job, and the number that a new one would have. A folder without a plan holds its number too.
pub async fn newest_of(out: &Store, job: &JobKey) -> Result<(Option<PastRun>, u64), HistoryError> {
    let mut numbers: Vec<RunId> = run_ids(out)
        .await?
        .into_iter()
        .filter(|run| run.job == *job)
        .collect();
    numbers.sort_by_key(|run| run.number);
    let next = numbers.last().map_or(1, |run| run.number + 1);
    while let Some(run) = numbers.pop() {
        if let Some(found) = find(out, &run).await? {
            return Ok((Some(found), next));
        }
    }
    Ok((None, next))
}

/// The newest completed run that `latest.json` names.
pub async fn latest(out: &Store) -> Result<Option<Latest>, HistoryError> {
    read_json(out, paths::LATEST).await
}

/// The live versions of all models.
pub async fn current_models(out: &Store) -> Result<Vec<CurrentModel>, HistoryError> {
    let (_, names) = out.list_folder(paths::MODELS).await?;
    let mut models = Vec::new();
    for name in names {
        models.extend(read_json(out, &paths::current_model(&name)).await?);
    }
    Ok(models)
}

/// What earlier runs of the same recipe know of the data set's tickers: for each the newest record that `is_current`
/// accepts, or else the newest. Runs of any ending serve, for their commits do; the newest [`RUNS_LOOKED_AT`] are read.
pub(crate) async fn known_tickers(
    out: &Store,
    recipe_digest: &str,
    dataset: &Dataset,
    is_current: impl Fn(&TickerFile, &TickerRecord) -> bool,
) -> Result<BTreeMap<String, KnownTicker>, HistoryError> {
    let mut known: BTreeMap<String, KnownTicker> = BTreeMap::new();
    let mut sought: BTreeMap<&str, &TickerFile> = dataset
        .tickers
        .iter()
        .map(|ticker| (ticker.symbol.as_str(), ticker))
        .collect();
    let same_recipe = |past: &PastRun| past.plan.job.recipe_digest() == recipe_digest;
    for past in runs(out)
        .await?
        .into_iter()
        .filter(same_recipe)
        .take(RUNS_LOOKED_AT)
    {
        for record in read_commits(out, &past.run).await? {
            let symbol = record.input.symbol.to_string();
            let Some(ticker) = sought.get(symbol.as_str()) else {
                continue;
            };
            let current = is_current(ticker, &record);
            if current {
                sought.remove(symbol.as_str());
            }
            if current || !known.contains_key(&symbol) {
                known.insert(
                    symbol,
                    KnownTicker {
                        run: past.run.clone(),
                        record,
                    },
                );
            }
        }
        if sought.is_empty() {
            break;
        }
    }
    Ok(known)
}

/// A JSON file; `None` where it is not there.
pub(crate) async fn read_json<T: DeserializeOwned>(
    out: &Store,
    path: &str,
) -> Result<Option<T>, HistoryError> {
    let Some(bytes) = out.read(path).await? else {
        return Ok(None);
    };
    let parsed = serde_json::from_slice(&bytes);
    parsed.map(Some).map_err(|source| HistoryError::Damaged {
        path: out.locate(path),
        source,
    })
}

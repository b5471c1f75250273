//! The runs of a store.

use std::collections::BTreeMap;

use market::layout::{Dataset, TickerFile};
use market::store::{Store, StoreError};
use model::boost::BoostParameters;
use output::commit::read_commits;
use output::document::{DocumentError, read_json};
use output::outcome::{Latest, Outcome, Summary};
use output::paths;
use output::runs::{latest, run_ids};
use output::tuning::{Check, Tuning, tunings};
use proto::id::{JobKey, RunId, RunIdError};
use proto::record::TickerRecord;
use serde::{Deserialize, Serialize};

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
    /// A document of the store cannot be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
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

impl From<StoreError> for HistoryError {
    fn from(error: StoreError) -> Self {
        Self::Document(error.into())
    }
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
    /// What tunings on its features found. Left out where runs are listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tunings: Vec<TuningInfo>,
}

/// A tuning in short; `outcome.json` in its folder has all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TuningInfo {
    /// The tuning.
    pub tuning: RunId,
    /// The model that the parameters are for.
    pub model: String,
    /// How many trials there were.
    pub trials: usize,
    /// The trial that was chosen.
    pub chosen: usize,
    /// Its parameters.
    pub parameters: BoostParameters,
    /// What the last fold says of the choice.
    pub check: Check,
}

impl From<Tuning> for TuningInfo {
    fn from(tuning: Tuning) -> Self {
        Self {
            parameters: tuning.chosen().parameters.clone(),
            tuning: tuning.tuning,
            model: tuning.model,
            trials: tuning.trials.len(),
            chosen: tuning.chosen,
            check: tuning.check,
        }
    }
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
            tunings: Vec::new(),
        }
    }

    /// A submission that waits for its turn.
    pub(crate) fn waiting(submission: String, data: String) -> Self {
        Self::without_run(submission, "waiting", data)
    }

    /// A tuning that goes on.
    pub(crate) fn running(submission: String, data: String) -> Self {
        Self::without_run(submission, "running", data)
    }

    fn without_run(submission: String, status: &str, data: String) -> Self {
        Self {
            run_id: None,
            submission: Some(submission),
            status: status.to_owned(),
            latest: false,
            tickers: 0,
            data,
            features: Vec::new(),
            summary: None,
            tunings: Vec::new(),
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
    let past = named(out, run, latest.as_ref()).await?;
    let tunings = tunings(out, &past.run).await?;
    Ok(RunInfo {
        tunings: tunings.into_iter().map(TuningInfo::from).collect(),
        ..RunInfo::of(past, latest.as_ref())
    })
}

/// One run that must be there; `run` is its id or `latest`.
pub(crate) async fn get_named(out: &Store, run: &str) -> Result<PastRun, HistoryError> {
    let latest = latest(out).await?;
    named(out, run, latest.as_ref()).await
}

async fn named(out: &Store, run: &str, latest: Option<&Latest>) -> Result<PastRun, HistoryError> {
    let run = match (run, latest) {
        ("latest", Some(latest)) => latest.run_id.clone(),
        ("latest", None) => {
            return Err(HistoryError::NoneCompleted {
                out: out.locate(""),
            });
        }
        (run, _) => RunId::parse(run)?,
    };
    get(out, &run).await
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

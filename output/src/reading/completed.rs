//! The completed runs of a store, as their readers see them.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow_schema::SchemaRef;
use market::feature_rows::file_schema;
use market::store::Store;
use market::symbol::Symbol;
use proto::id::RunId;
use proto::query::RunChoice;
use proto::record::{TickerRecord, TickerResult};
use proto::ticket::Recipe;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::error::ReadError;
use crate::commit::read_commit;
use crate::document::read_json;
use crate::outcome::{Outcome, Status, Summary};
use crate::paths;
use crate::runs::{latest, run_ids};

/// Runs that are kept in memory, each a hundred bytes or two a symbol.
const RUNS_KEPT: usize = 4;

/// A completed run: what of its documents readers need.
#[derive(Debug)]
pub struct CompletedRun {
    /// The run.
    pub run: RunId,
    /// The columns of its feature files.
    pub schema: SchemaRef,
    /// Its feature files, by rising symbol.
    pub files: Vec<FeatureFile>,
    dataset_digest: String,
}

/// A feature file as it was committed.
#[derive(Debug)]
pub struct FeatureFile {
    /// The symbol that it is named by.
    pub symbol: Symbol,
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub size: u64,
    /// BLAKE3 in lower-case hexadecimal.
    pub blake3: String,
}

impl CompletedRun {
    /// The place among the files of the symbol's.
    pub fn place_of(&self, symbol: &Symbol) -> Option<usize> {
        self.files
            .binary_search_by(|file| file.symbol.cmp(symbol))
            .ok()
    }
}

impl FeatureFile {
    fn of(record: TickerRecord) -> Option<Self> {
        let TickerResult::Written {
            features, counts, ..
        } = record.result
        else {
            return None;
        };
        Some(Self {
            symbol: record.input.symbol,
            rows: counts.written,
            size: features.size,
            blake3: features.blake3,
        })
    }
}

/// The completed runs of a store. Those read last are kept in memory: a completed run never changes.
#[derive(Debug)]
pub struct CompletedRuns {
    out: Store,
    /// The last used come last. Held while a run is loaded, so that many readers cost the memory of one.
    kept: Mutex<VecDeque<Arc<CompletedRun>>>,
}

/// What readers need of `plan.json`. The rest of it, which grows with the data set, is passed over.
#[derive(Deserialize)]
struct PlannedRun {
    job: PlannedJob,
}

#[derive(Deserialize)]
struct PlannedJob {
    recipe: Recipe,
}

impl CompletedRuns {
    /// The completed runs of `out`. Nothing is read yet.
    pub fn new(out: Store) -> Self {
        Self {
            out,
            kept: Mutex::default(),
        }
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.out
    }

    /// The run, which must have completed.
    pub async fn get(&self, choice: &RunChoice) -> Result<Arc<CompletedRun>, ReadError> {
        let run = self.resolve(choice).await?;
        let summary = self.summary(&run).await?;
        let mut kept = self.kept.lock().await;
        // A run that was dropped and made anew has the same id, and perhaps another digest.
        let is_same = |found: &Arc<CompletedRun>| {
            found.run == run && found.dataset_digest == summary.dataset_digest
        };
        let found = kept.iter().position(is_same);
        let found = match found.and_then(|place| kept.remove(place)) {
            Some(found) => found,
            None => Arc::new(self.load(summary).await?),
        };
        while kept.len() >= RUNS_KEPT {
            kept.pop_front();
        }
        kept.push_back(Arc::clone(&found));
        Ok(found)
    }

    /// The ids of the completed runs: first the one of `latest.json`, then by the epochs that they ended under, the
    /// newest first.
    pub async fn newest_first(&self) -> Result<Vec<RunId>, ReadError> {
        let latest = latest(&self.out).await?;
        let latest = latest.map(|latest| latest.run_id);
        let mut runs = Vec::new();
        for run in run_ids(&self.out).await? {
            match read_json::<Outcome>(&self.out, &paths::outcome(&run)).await? {
                Some(outcome) if outcome.summary.status == Status::Completed => {
                    runs.push((latest.as_ref() == Some(&run), outcome.ended, run));
                }
                _ => {}
            }
        }
        runs.sort_by(|left, right| right.cmp(left));
        Ok(runs.into_iter().map(|(_, _, run)| run).collect())
    }

    /// A completed run, read anew and not kept.
    pub async fn read(&self, run: &RunId) -> Result<CompletedRun, ReadError> {
        let summary = self.summary(run).await?;
        let _one_at_a_time = self.kept.lock().await;
        self.load(summary).await
    }

    async fn resolve(&self, choice: &RunChoice) -> Result<RunId, ReadError> {
        match choice {
            RunChoice::Run(run) => Ok(run.clone()),
            RunChoice::Latest => match latest(&self.out).await? {
                Some(latest) => Ok(latest.run_id),
                None => Err(ReadError::NoCompletedRun {
                    out: self.out.locate(""),
                }),
            },
        }
    }

    /// How the run ended, where it completed.
    async fn summary(&self, run: &RunId) -> Result<Summary, ReadError> {
        let outcome = read_json::<Outcome>(&self.out, &paths::outcome(run)).await?;
        let state = match outcome {
            Some(outcome) if outcome.summary.status == Status::Completed => {
                return Ok(outcome.summary);
            }
            Some(outcome) => outcome.summary.status.describe(),
            None if self.out.fingerprint_of(&paths::plan(run)).await?.is_some() => "unfinished",
            None => return Err(ReadError::NoSuchRun { run: run.clone() }),
        };
        Err(ReadError::NotCompleted {
            run: run.clone(),
            state,
        })
    }

    async fn load(&self, summary: Summary) -> Result<CompletedRun, ReadError> {
        let run = summary.run_id;
        let plan = read_json::<PlannedRun>(&self.out, &paths::plan(&run)).await?;
        let Some(plan) = plan else {
            return Err(ReadError::NoSuchRun { run });
        };
        let (commits, _) = self.out.list_folder(&paths::commits(&run)).await?;
        let mut files = Vec::new();
        for commit in commits {
            let records = read_commit(&self.out, &commit.path).await?;
            let records = records.unwrap_or_default().into_iter();
            files.extend(records.filter_map(FeatureFile::of));
        }
        files.sort_by(|left, right| left.symbol.cmp(&right.symbol));
        if files.len() as u64 != summary.symbols {
            return Err(ReadError::Incomplete {
                run,
                found: files.len() as u64,
                expected: summary.symbols,
            });
        }
        Ok(CompletedRun {
            run,
            schema: Arc::new(file_schema(&plan.job.recipe.schema)),
            files,
            dataset_digest: summary.dataset_digest,
        })
    }
}

//! How a run ended: its summary, and the files that point at it.

use std::collections::BTreeMap;

use proto::id::RunId;
use serde::{Deserialize, Serialize};

use crate::turn::Turn;

/// How a run ended. A run without an outcome goes on when the same job is run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Everything is there.
    Completed,
    /// It cannot complete; the reason says why.
    Failed,
    /// Too many rows or files were set aside; run again with looser limits.
    FailedQuality,
    /// A person stopped it for good.
    Cancelled,
}

impl Status {
    /// The status as files and `--json` have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::FailedQuality => "failed_quality",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status in words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::FailedQuality => "failed: quality limit",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A run's summary: what `--json` prints and `outcome.json` keeps. Paths are absolute, or URLs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The run.
    pub run_id: RunId,
    /// How it ended.
    pub status: Status,
    /// Why, where it did not complete.
    pub reason: Option<String>,
    /// Whether the run had been completed before, and nothing was done.
    pub unchanged: bool,
    /// Tickers with a feature file.
    pub symbols: u64,
    /// Those of them with fewer rows than the longest window.
    pub symbols_short: u64,
    /// Non-blank lines after the header, in files that were not set aside.
    pub rows_read: u64,
    /// Rows of the feature files.
    pub rows_written: u64,
    /// Closed days.
    pub rows_discarded: u64,
    /// Rows equal to another of the same date.
    pub rows_merged: u64,
    /// Rows set aside, with a reason each in `quarantine.parquet`.
    pub rows_quarantined: u64,
    /// Files set aside, with a reason each.
    pub files_quarantined: u64,
    /// Bytes of the price files read by this start of the run.
    pub bytes_read: u64,
    /// BLAKE3 over the lines `SYMBOL blake3-of-its-feature-file\n`, sorted by symbol.
    pub dataset_digest: String,
    /// Where the price files lie.
    pub data: String,
    /// The run's folder.
    pub run_dir: String,
    /// The folder of the feature files.
    pub features_dir: String,
    /// Tickers that this start of the run computed.
    pub recomputed: u64,
    /// Tickers taken over from earlier runs.
    pub carried_over: u64,
    /// Tickers that an earlier start of this run had computed.
    pub resumed: u64,
    /// The forest; null where none was trained.
    pub model: Option<ModelSummary>,
    /// Why no forest was trained, where none was.
    pub model_reason: Option<String>,
    /// Every model that was trained, the forest first.
    #[serde(default)]
    pub models: Vec<ModelSummary>,
    /// Seconds for each stage, and `total`.
    pub seconds: BTreeMap<String, f64>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

impl Summary {
    /// The models that go live by themselves.
    pub fn live_models(&self) -> impl Iterator<Item = &ModelSummary> {
        self.all_models().filter(|model| model.held_back.is_none())
    }

    /// Every model that was trained; for a run of a version before 0.2, which lists none, the forest.
    pub fn all_models(&self) -> impl Iterator<Item = &ModelSummary> {
        let unlisted = self.model.iter().filter(|_| self.models.is_empty());
        self.models.iter().chain(unlisted)
    }
}

/// A published model, in short; its card has the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelSummary {
    /// Its name.
    pub name: String,
    /// Its version, a digest of its content.
    pub version: String,
    /// The ONNX file.
    pub path: String,
    /// BLAKE3 of the ONNX file.
    pub digest: String,
    /// Mean absolute error on the test rows.
    pub mae: f64,
    /// That of the forecast that tomorrow is as today.
    pub naive_mae: f64,
    /// That of the forecast that tomorrow is as the moving average, where the model reads one.
    pub naive_moving_average_mae: Option<f64>,
    /// `1 - mae / naive_mae`; null where the naive forecast is exact.
    pub skill: Option<f64>,
    /// Root of the mean squared error.
    pub rmse: f64,
    /// Share of the variance explained; null for a constant target.
    pub r2: Option<f64>,
    /// Rows trained on.
    pub train_rows: u64,
    /// Rows tested on: those of the latest dates.
    pub test_rows: u64,
    /// How boosted trees do walking forward; left out for a forest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walk_forward: Option<WalkForward>,
    /// Why the version does not go live by itself; left out where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_back: Option<String>,
    /// Why the version should not go live, where it does because a person wanted it; left out elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promoted_anyway: Option<String>,
    /// Why the version could not be compared with the live one; left out where it was, or need not be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_compared: Option<String>,
}

/// How a model that was trained alike does in folds, each on dates after those it was trained on. Skills are against the
/// forecast that tomorrow is as today, and null where that is exact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WalkForward {
    /// The folds.
    pub folds: u64,
    /// The rows that all of them tested.
    pub test_rows: u64,
    /// The skill on the last fold, the latest dates.
    pub last_fold: Option<Skill>,
    /// The mean of the folds' skills.
    pub mean: Option<Skill>,
    /// The skill on tickers that never trained.
    pub unseen: Option<Skill>,
}

/// A skill with its 95% interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Skill {
    /// `1 - MAE / MAE of the naive forecast`.
    pub skill: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// `outcome.json`: written once, for endings alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outcome {
    /// When the run ended. Pointers of an earlier turn are behind it.
    #[serde(flatten)]
    pub ended: Turn,
    /// The summary.
    pub summary: Summary,
}

/// `latest.json`: the newest completed run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latest {
    /// The run.
    pub run_id: RunId,
    /// Its folder of feature files, below the root of the output.
    pub features: String,
    /// Its dataset digest.
    pub dataset_digest: String,
    /// When it ended.
    #[serde(flatten)]
    pub ended: Turn,
}

/// `current.json`: the version of a model that is live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrentModel {
    /// The model's name.
    pub name: String,
    /// The version.
    pub version: String,
    /// BLAKE3 of its ONNX file.
    pub digest: String,
    /// The run that published it.
    pub run_id: RunId,
    /// When the run ended.
    #[serde(flatten)]
    pub ended: Turn,
}

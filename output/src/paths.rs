//! Names in the output store.

use proto::id::{RunId, ShardId};

/// The newest completed run.
pub const LATEST: &str = "latest.json";
/// The folder of runs.
pub const RUNS: &str = "runs";
/// The folder of claims to the store.
pub const EPOCHS: &str = "epoch";
/// The folder of models.
pub const MODELS: &str = "models";

/// The folder of submissions that have not ended.
pub const SUBMISSIONS: &str = "submissions";

/// A submission that has not ended.
pub fn submission(name: &str) -> String {
    format!("{SUBMISSIONS}/{name}.json")
}

/// A run's folder.
pub fn run(run: &RunId) -> String {
    format!("{RUNS}/{run}")
}

/// The folder of feature files, one a ticker.
pub fn features(run: &RunId) -> String {
    format!("{RUNS}/{run}/market_data_with_features")
}

/// The folder of files without features, one a ticker.
pub fn raw(run: &RunId) -> String {
    format!("{RUNS}/{run}/market_data")
}

/// What the run does. Written first; it claims the run's number.
pub fn plan(run: &RunId) -> String {
    format!("{RUNS}/{run}/plan.json")
}

/// The folder of commits.
pub fn commits(run: &RunId) -> String {
    format!("{RUNS}/{run}/commits")
}

/// The commit of a shard.
pub fn commit(run: &RunId, shard: ShardId) -> String {
    format!("{RUNS}/{run}/commits/{shard}.json")
}

/// The commit of the tickers that were carried over.
pub fn carried_commit(run: &RunId) -> String {
    format!("{RUNS}/{run}/commits/carried.json")
}

/// Every file of the run with its digest.
pub fn manifest(run: &RunId) -> String {
    format!("{RUNS}/{run}/manifest.json")
}

/// How the run ended.
pub fn outcome(run: &RunId) -> String {
    format!("{RUNS}/{run}/outcome.json")
}

/// The rows and files set aside.
pub fn quarantine(run: &RunId) -> String {
    format!("{RUNS}/{run}/quarantine.parquet")
}

/// The counts of rows, faults and oddities.
pub fn quality(run: &RunId) -> String {
    format!("{RUNS}/{run}/quality.json")
}

/// What happened, line by line.
pub fn log(run: &RunId) -> String {
    format!("{RUNS}/{run}/run.log")
}

/// The folder of tunings on the features of a run.
pub fn tunings(run: &RunId) -> String {
    format!("{RUNS}/{run}/tuning")
}

fn tuning(run: &RunId, tuning: &RunId) -> String {
    format!("{}/{tuning}", tunings(run))
}

/// The folder of the results of a tuning's shards.
pub fn tuning_shards(run: &RunId, tuning: &RunId) -> String {
    format!("{}/shards", self::tuning(run, tuning))
}

/// The result of a shard of a tuning.
pub fn tuning_shard(run: &RunId, tuning: &RunId, shard: ShardId) -> String {
    format!("{}/{shard}.json", tuning_shards(run, tuning))
}

/// What happened in a tuning, line by line.
pub fn tuning_log(run: &RunId, tuning: &RunId) -> String {
    format!("{}/tuning.log", self::tuning(run, tuning))
}

/// What a tuning found, once it is completed.
pub fn tuning_outcome(run: &RunId, tuning: &RunId) -> String {
    format!("{}/outcome.json", self::tuning(run, tuning))
}

/// The ONNX file of a model's version.
pub fn model_file(name: &str, version: &str) -> String {
    format!("{MODELS}/{name}/{version}/model.onnx")
}

/// The card of a model's version.
pub fn model_card(name: &str, version: &str) -> String {
    format!("{MODELS}/{name}/{version}/card.json")
}

/// The version of a model that a person has chosen.
pub fn pinned_model(name: &str) -> String {
    format!("{MODELS}/{name}/pinned.json")
}

/// The version of a model that was published last.
pub fn current_model(name: &str) -> String {
    format!("{MODELS}/{name}/current.json")
}

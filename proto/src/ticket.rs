//! What a worker is asked to do.

use std::sync::Arc;

use features::schema::FeatureSchema;
use market::layout::TickerFile;
use market::rows::RowRequest;
use model::panel::Panel;
use model::trial::Trial;
use serde::{Deserialize, Serialize};

use crate::id::{RunId, ShardId};

/// What decides a ticker's output beside its own price file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// The features and the target.
    pub schema: FeatureSchema,
    /// Whether `market_data/SYMBOL.parquet`, without features, is written too.
    pub raw: bool,
}

/// One shard to compute: files to read, files to write, rows to send back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardTicket {
    /// The run.
    pub run: RunId,
    /// The epoch of the coordinator that gave the ticket.
    pub epoch: u64,
    /// The shard.
    pub shard: ShardId,
    /// Which attempt at the shard, from 1.
    pub attempt: u32,
    /// Where the price files lie: an absolute path or a URL. A worker in the coordinator's process has the store itself.
    pub data: String,
    /// The price files of the shard.
    pub tickers: Vec<TickerFile>,
    /// What to make of them.
    pub recipe: Recipe,
    /// The folder of feature files, below the root of the output.
    pub features_folder: String,
    /// The folder of files without features, below the root of the output.
    pub raw_folder: String,
    /// The rows to send back.
    pub rows: RowRequest,
    /// Whether to compute one ticker at a time, and each only once the coordinator knows which: the shard cost a worker its
    /// life before.
    pub careful: bool,
}

/// One shard of a tuning: a choice of parameters to be trained and tested on one fold.
#[derive(Debug, Clone)]
pub struct TrialTicket {
    /// The tuning, which has an id of its own, as a run has one.
    pub tuning: RunId,
    /// The epoch of the coordinator that gave the ticket.
    pub epoch: u64,
    /// The shard.
    pub shard: ShardId,
    /// Which attempt at the shard, from 1.
    pub attempt: u32,
    /// The rows, which are the same for every shard of the tuning. A worker elsewhere fetches them by Flight, once.
    pub panel: Arc<Panel>,
    /// What to train and test.
    pub trial: Trial,
}

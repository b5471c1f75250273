//! What is known of a ticker when its shard is committed.

use market::layout::TickerFile;
use market::ledger::{FileFault, QualityFlags, QuarantinedRow, RowCounts};
use serde::{Deserialize, Serialize};

/// A file that was written: enough to tell whether the bytes there are the ones meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenFile {
    /// BLAKE3 in lower-case hexadecimal.
    pub blake3: String,
    /// Bytes.
    pub size: u64,
}

/// One ticker's part of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickerRecord {
    /// The price file, as it was planned and read.
    pub input: TickerFile,
    /// BLAKE3 of the price file.
    pub input_blake3: String,
    /// What became of it.
    pub result: TickerResult,
}

/// What became of a price file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TickerResult {
    /// The ticker has a feature file.
    Written {
        /// `market_data_with_features/SYMBOL.parquet`.
        features: WrittenFile,
        /// `market_data/SYMBOL.parquet`, where it was asked for.
        raw: Option<WrittenFile>,
        /// Where the rows went. They balance.
        counts: RowCounts,
        /// Oddities of the rows kept.
        flags: QualityFlags,
        /// The rows set aside, by line.
        quarantined: Vec<QuarantinedRow>,
    },
    /// The whole file was set aside.
    Quarantined {
        /// Why.
        fault: FileFault,
    },
}

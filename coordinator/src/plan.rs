//! The plan of a run: what is computed, in which shards, and what is carried over. Pure.

use std::collections::BTreeMap;

use market::layout::{Dataset, TickerFile};
use market::rows::RowRequest;
use proto::id::{RunId, ShardId};
use proto::record::TickerRecord;
use serde::{Deserialize, Serialize};

use crate::accounts::QualityLimits;
use crate::job::Job;
use output::turn::Turn;

/// Shards made for each worker, so that the last ones to finish are small beside the whole.
const SHARDS_PER_WORKER: u64 = 16;
/// No shard is smaller than this if others could join it: a commit should be worth its file.
const MIN_SHARD_BYTES: u64 = 1 << 20;
/// No shard of several tickers is larger than this: a lost worker should not cost much.
const MAX_SHARD_BYTES: u64 = 64 << 20;
/// No shard has more tickers than this: an assignment is one message.
const MAX_SHARD_TICKERS: usize = 1000;

/// About what a row of a price file takes, on the high side. It decides how much work sampling is, and not its result.
const BYTES_PER_ROW: u64 = 120;

/// What a run does. Kept in `plan.json`, so that a run resumed elsewhere goes on with the same shards.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plan {
    /// The run.
    pub run: RunId,
    /// When it was planned. Later runs have a later one.
    #[serde(flatten)]
    pub planned: Turn,
    /// Where the price files lie: an absolute path or a URL.
    pub data: String,
    /// What is asked for.
    pub job: Job,
    /// The wish for a new run that it was planned for; the same wish goes on with it.
    #[serde(default)]
    pub forced_by: Option<String>,
    /// Beyond these the run fails; a start may bring others.
    #[serde(default)]
    pub limits: QualityLimits,
    /// The price files as they were found.
    pub dataset: Dataset,
    /// Tickers whose files are those of an earlier run, by rising symbol.
    pub carried: Vec<CarriedTicker>,
    /// The other tickers, in shards; the id of each is its place.
    pub shards: Vec<Shard>,
}

/// A ticker that is not computed again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CarriedTicker {
    /// The run that has its files.
    pub from: RunId,
    /// Its record there, with the input as it is now.
    pub record: TickerRecord,
}

/// Tickers that are computed, committed and tried again together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// The price files, by rising symbol.
    pub tickers: Vec<TickerFile>,
}

impl Shard {
    /// The bytes of its price files.
    pub fn bytes(&self) -> u64 {
        self.tickers
            .iter()
            .map(|ticker| ticker.fingerprint.size)
            .sum()
    }
}

impl Plan {
    /// The shards with their ids.
    pub fn shards(&self) -> impl Iterator<Item = (ShardId, &Shard)> {
        self.shards
            .iter()
            .enumerate()
            .map(|(place, shard)| (ShardId(place as u32), shard))
    }

    /// The rows that training asks for.
    pub fn row_request(&self) -> RowRequest {
        let bytes: u64 = self
            .dataset
            .tickers
            .iter()
            .map(|ticker| ticker.fingerprint.size)
            .sum();
        self.job.row_request(bytes / BYTES_PER_ROW)
    }

    /// The number of tickers to compute.
    pub fn to_compute(&self) -> usize {
        self.shards.iter().map(|shard| shard.tickers.len()).sum()
    }
}

/// Why a ticker is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// No earlier run of this store with the same features has it.
    New,
    /// Its price file changed since.
    FileChanged,
    /// Its entry in the list of securities changed since.
    NameChanged,
    /// A new run of everything was asked for.
    Forced,
    /// Its files in the earlier run are gone or damaged.
    FilesDamaged,
    /// The run was interrupted before it was done.
    Resumed,
}

impl Why {
    /// The reason in a few words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::New => "not in an earlier run with these features",
            Self::FileChanged => "price file changed",
            Self::NameChanged => "entry in the list changed",
            Self::Forced => "a new run was asked for",
            Self::FilesDamaged => "files of the earlier run are gone or damaged",
            Self::Resumed => "the run was interrupted before",
        }
    }
}

/// A ticker as the newest of the earlier runs that have it knows it.
#[derive(Debug, Clone)]
pub struct KnownTicker {
    /// The run.
    pub run: RunId,
    /// Its record there.
    pub record: TickerRecord,
}

/// Which tickers to compute and why, and which to carry over.
#[derive(Debug, Default)]
pub struct Decision {
    /// By rising symbol.
    pub compute: Vec<(TickerFile, Why)>,
    /// By rising symbol.
    pub carry: Vec<CarriedTicker>,
}

/// BLAKE3 of price files by symbol, where they were hashed to be sure.
pub type InputDigests = BTreeMap<String, String>;

/// Whether a ticker's price file is the one that a record was made from.
///
/// Where the file was hashed its digest decides, in place of path, size and time.
pub fn is_same_file(
    ticker: &TickerFile,
    record: &TickerRecord,
    digests: Option<&InputDigests>,
) -> bool {
    match digests.and_then(|digests| digests.get(ticker.symbol.as_str())) {
        Some(digest) => *digest == record.input_blake3,
        None => ticker.fingerprint == record.input.fingerprint && ticker.path == record.input.path,
    }
}

/// Decides for each ticker whether an earlier run's files are those that this run would make. `known` is by symbol, from
/// runs of the same recipe.
pub fn decide(
    dataset: &Dataset,
    known: &BTreeMap<String, KnownTicker>,
    digests: Option<&InputDigests>,
) -> Decision {
    let mut decision = Decision::default();
    for ticker in &dataset.tickers {
        let Some(earlier) = known.get(ticker.symbol.as_str()) else {
            decision.compute.push((ticker.clone(), Why::New));
            continue;
        };
        if !is_same_file(ticker, &earlier.record, digests) {
            decision.compute.push((ticker.clone(), Why::FileChanged));
        } else if ticker.security_name != earlier.record.input.security_name {
            decision.compute.push((ticker.clone(), Why::NameChanged));
        } else {
            let record = TickerRecord {
                input: ticker.clone(),
                ..earlier.record.clone()
            };
            decision.carry.push(CarriedTicker {
                from: earlier.run.clone(),
                record,
            });
        }
    }
    decision
}

/// Cuts tickers into shards balanced by bytes: the largest first, each into the lightest shard so far.
///
/// The same tickers and workers give the same shards. No shard is empty, and every ticker is in one.
pub fn cut_shards(mut tickers: Vec<TickerFile>, workers: usize) -> Vec<Shard> {
    let total: u64 = tickers.iter().map(|ticker| ticker.fingerprint.size).sum();
    let wanted_bytes = total / (workers.max(1) as u64 * SHARDS_PER_WORKER);
    let shard_bytes = wanted_bytes.clamp(MIN_SHARD_BYTES, MAX_SHARD_BYTES);
    let count = total
        .div_ceil(shard_bytes)
        .max(tickers.len().div_ceil(MAX_SHARD_TICKERS) as u64)
        .clamp(1, tickers.len().max(1) as u64) as usize;
    tickers.sort_by(|left, right| {
        right
            .fingerprint
            .size
            .cmp(&left.fingerprint.size)
            .then_with(|| left.symbol.cmp(&right.symbol))
    });
    let mut lightest_first: std::collections::BinaryHeap<_> = (0..count)
        .map(|place| std::cmp::Reverse((0_u64, place)))
        .collect();
    let mut shards = vec![
        Shard {
            tickers: Vec::new()
        };
        count
    ];
    for ticker in tickers {
        let std::cmp::Reverse((bytes, place)) = lightest_first
            .pop()
            .expect("the shards together have room for all");
        // An empty file weighs something too, or all of them would lie in one shard.
        let bytes = bytes + ticker.fingerprint.size.max(1);
        shards[place].tickers.push(ticker);
        if shards[place].tickers.len() < MAX_SHARD_TICKERS {
            lightest_first.push(std::cmp::Reverse((bytes, place)));
        }
    }
    shards.retain(|shard| !shard.tickers.is_empty());
    for shard in &mut shards {
        shard
            .tickers
            .sort_by(|left, right| left.symbol.cmp(&right.symbol));
    }
    shards
}

#[cfg(test)]
mod tests {
    use market::layout::TickerFile;
    use market::store::Fingerprint;
    use market::symbol::Symbol;
    use proptest::prelude::*;

    use super::cut_shards;

    fn ticker(index: usize, size: u64) -> TickerFile {
        TickerFile {
            symbol: Symbol::parse(&format!("T{index}")).unwrap(),
            path: format!("stocks/T{index}.csv"),
            fingerprint: Fingerprint {
                size,
                version: "mtime:0".to_owned(),
            },
            security_name: None,
        }
    }

    proptest! {
        #[test]
        fn every_ticker_is_in_one_shard_and_none_is_much_heavier(
            sizes in prop::collection::vec(0_u64..4_000_000, 0..200),
            workers in 1_usize..20,
        ) {
            let tickers: Vec<_> = sizes.iter().enumerate().map(|(index, size)| ticker(index, *size)).collect();
            let shards = cut_shards(tickers.clone(), workers);
            let mut placed: Vec<_> = shards.iter().flat_map(|shard| shard.tickers.clone()).collect();
            placed.sort_by(|left, right| left.path.cmp(&right.path));
            let mut wanted = tickers;
            wanted.sort_by(|left, right| left.path.cmp(&right.path));
            prop_assert_eq!(placed, wanted);
            let largest = sizes.iter().max().copied().unwrap_or(0) + 1;
            let mean = sizes.iter().sum::<u64>() / shards.len().max(1) as u64;
            for shard in &shards {
                prop_assert!(!shard.tickers.is_empty());
                prop_assert!(shard.bytes() <= mean + largest + sizes.len() as u64);
            }
        }
    }
}

//! Which rows a model is trained on: those of the smallest keyed hashes.

use std::collections::BinaryHeap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use serde::{Deserialize, Serialize};

use crate::splitmix::splitmix64;
use crate::symbol::Symbol;

/// What to take of the rows of feature tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleRequest {
    /// How many rows, of all tickers together.
    pub rows: usize,
    /// The key of the hash, with symbol and date.
    pub seed: u64,
    /// The columns that the model reads. A row with a null among them is not taken.
    pub inputs: Vec<String>,
    /// The column that the target is a later value of: the forecast that tomorrow is as today.
    pub today: String,
    /// The column to predict. A row where it is null is not taken.
    pub target: String,
    /// Rows of a larger hash are passed over: see [`hash_ceiling`].
    pub ceiling: u64,
}

/// A hash that the rows of a sample are very likely not above, so that most rows can be passed over at once.
///
/// It lets about twice the rows `wanted` through, if as many as `expected` can be taken. A sample that is then not full
/// has to be taken again without a ceiling, [`u64::MAX`].
pub fn hash_ceiling(wanted: usize, expected: u64) -> u64 {
    let share = 2.0 * wanted as f64 / expected.max(1) as f64;
    // A float64 at or above 2^64 is cast to the largest integer.
    (share * 2.0_f64.powi(64)) as u64
}

/// One row of the sample. Ordered by (hash, symbol, date), which no two rows share.
#[derive(Debug, Clone)]
pub struct SampledRow {
    /// The keyed hash of (seed, symbol, date).
    pub hash: u64,
    /// The ticker.
    pub symbol: Arc<str>,
    /// Days since 1970-01-01.
    pub date: i32,
    /// The values of [`SampleRequest::inputs`].
    pub inputs: Vec<f64>,
    /// The value of [`SampleRequest::today`].
    pub today: f64,
    /// The value of [`SampleRequest::target`].
    pub target: f64,
}

impl SampledRow {
    fn key(&self) -> (u64, &str, i32) {
        (self.hash, &self.symbol, self.date)
    }
}

impl PartialEq for SampledRow {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for SampledRow {}

impl PartialOrd for SampledRow {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SampledRow {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// The rows of the smallest hashes among those offered, each offered once, in any order: the result is the same however
/// rows are spread over tickers, shards and workers.
#[derive(Debug, Clone)]
pub struct Sample {
    wanted: usize,
    largest_first: BinaryHeap<SampledRow>,
}

/// Why rows cannot be taken from a table.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// The table has no such column.
    #[error("there is no column `{0}` to sample")]
    MissingColumn(String),
    /// The column is neither float64 nor int64.
    #[error("column `{0}` is not of numbers")]
    NotNumbers(String),
}

impl Sample {
    /// An empty sample that keeps at most `wanted` rows.
    pub fn new(wanted: usize) -> Self {
        Self {
            wanted,
            largest_first: BinaryHeap::new(),
        }
    }

    /// Offers one row.
    pub fn offer(&mut self, row: SampledRow) {
        if self.largest_first.len() < self.wanted {
            self.largest_first.push(row);
        } else if let Some(mut largest) = self.largest_first.peek_mut()
            && row < *largest
        {
            *largest = row;
        }
    }

    /// Offers the rows of one ticker's feature table that the request asks for.
    pub fn take(
        &mut self,
        request: &SampleRequest,
        symbol: &Symbol,
        table: &RecordBatch,
    ) -> Result<(), TakeError> {
        let column = |name: &String| {
            let found = table.column_by_name(name);
            found.ok_or_else(|| TakeError::MissingColumn(name.clone()))
        };
        let numbers = |name: &String| Numbers::of(name, column(name)?);
        let date = column(&"Date".to_owned())?;
        let date = date.as_primitive_opt::<Date32Type>();
        let date = date.ok_or_else(|| TakeError::NotNumbers("Date".to_owned()))?;
        let inputs = request.inputs.iter().map(numbers);
        let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
        let today = numbers(&request.today)?;
        let target = numbers(&request.target)?;
        let key = ticker_key(request.seed, symbol);
        let symbol: Arc<str> = symbol.as_str().into();
        for (row, date) in date.values().iter().copied().enumerate() {
            let hash = row_hash(key, date);
            if hash > request.ceiling || self.is_beyond(hash) {
                continue;
            }
            let known = |column: &Numbers<'_>| column.get(row);
            let (Some(today), Some(target)) = (known(&today), known(&target)) else {
                continue;
            };
            let Some(inputs) = inputs.iter().map(known).collect() else {
                continue;
            };
            self.offer(SampledRow {
                hash,
                symbol: Arc::clone(&symbol),
                date,
                inputs,
                today,
                target,
            });
        }
        Ok(())
    }

    /// Whether it holds as many rows as are wanted.
    pub fn is_full(&self) -> bool {
        self.largest_first.len() >= self.wanted
    }

    /// Offers every row of another sample.
    pub fn merge(&mut self, other: Self) {
        for row in other.largest_first {
            self.offer(row);
        }
    }

    /// The rows in rising order of (hash, symbol, date).
    pub fn into_rows(self) -> Vec<SampledRow> {
        self.largest_first.into_sorted_vec()
    }

    /// Whether a row of this hash cannot enter any more.
    fn is_beyond(&self, hash: u64) -> bool {
        self.is_full()
            && self
                .largest_first
                .peek()
                .is_none_or(|largest| hash > largest.hash)
    }
}

/// A column of either type of number.
enum Numbers<'a> {
    Floats(&'a arrow_array::Float64Array),
    Integers(&'a arrow_array::Int64Array),
}

impl<'a> Numbers<'a> {
    fn of(name: &str, column: &'a ArrayRef) -> Result<Self, TakeError> {
        if let Some(floats) = column.as_primitive_opt::<Float64Type>() {
            return Ok(Self::Floats(floats));
        }
        let integers = column.as_primitive_opt::<Int64Type>();
        integers
            .map(Self::Integers)
            .ok_or_else(|| TakeError::NotNumbers(name.to_owned()))
    }

    fn get(&self, row: usize) -> Option<f64> {
        match self {
            Self::Floats(column) => column.is_valid(row).then(|| column.value(row)),
            Self::Integers(column) => column.is_valid(row).then(|| column.value(row) as f64),
        }
    }
}

/// The state of a ticker's hashes: the first eight bytes of BLAKE3 over the seed (little-endian) and the symbol.
fn ticker_key(seed: u64, symbol: &Symbol) -> u64 {
    let mut hasher = blake3::Hasher::new_derive_key("tickermill 2026-11 sample of rows");
    hasher.update(&seed.to_le_bytes());
    hasher.update(symbol.as_str().as_bytes());
    let mut key = [0; 8];
    hasher.finalize_xof().fill(&mut key);
    u64::from_le_bytes(key)
}

/// The output of splitmix64 at the position `date` of the stream that begins at the ticker's key.
fn row_hash(key: u64, date: i32) -> u64 {
    splitmix64(key, date as u64)
}

#[cfg(test)]
mod tests {
    use features::schema::FeatureSchema;
    use proptest::prelude::*;

    use super::{Sample, SampleRequest, hash_ceiling, row_hash, ticker_key};
    use crate::feature_file::FeatureTable;
    use crate::symbol::Symbol;
    use crate::table::PriceTable;

    fn request(rows: usize) -> SampleRequest {
        let text = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        SampleRequest {
            rows,
            seed: 7,
            inputs: text(&["vol_moving_avg", "adj_close_rolling_med"]),
            today: "Volume".to_owned(),
            target: "next_day_volume".to_owned(),
            ceiling: u64::MAX,
        }
    }

    fn ticker(name: &str, rows: i32) -> (Symbol, FeatureTable) {
        let symbol = Symbol::parse(name).unwrap();
        let prices: Vec<f64> = (0..rows).map(f64::from).collect();
        let table = PriceTable {
            date: (0..rows).collect(),
            open: prices.clone(),
            high: prices.clone(),
            low: prices.clone(),
            close: prices.clone(),
            adj_close: prices,
            volume: (0..i64::from(rows)).collect(),
        };
        let features =
            FeatureTable::compute(table, &symbol, None, &FeatureSchema::default()).unwrap();
        (symbol, features)
    }

    #[test]
    fn takes_rows_with_all_inputs_and_the_target() {
        let (symbol, table) = ticker("A", 40);
        let mut sample = Sample::new(100);
        sample.take(&request(100), &symbol, table.batch()).unwrap();
        let mut dates: Vec<i32> = sample.into_rows().iter().map(|row| row.date).collect();
        dates.sort_unstable();
        assert_eq!(dates, (29..39).collect::<Vec<_>>());
    }

    #[test]
    fn a_ceiling_passes_over_larger_hashes_alone() {
        let (symbol, table) = ticker("A", 400);
        let mut all = Sample::new(400);
        all.take(&request(400), &symbol, table.batch()).unwrap();
        let mut limited = Sample::new(400);
        let ceiling = hash_ceiling(20, 370);
        limited
            .take(
                &SampleRequest {
                    ceiling,
                    ..request(400)
                },
                &symbol,
                table.batch(),
            )
            .unwrap();
        let below: Vec<_> = all
            .into_rows()
            .into_iter()
            .filter(|row| row.hash <= ceiling)
            .collect();
        assert!((20..60).contains(&below.len()), "{}", below.len());
        assert_eq!(limited.into_rows(), below);
        assert_eq!(hash_ceiling(20, 40), u64::MAX);
        assert_eq!(hash_ceiling(20, 0), u64::MAX);
    }

    proptest! {
        #[test]
        fn is_the_smallest_hashes_however_rows_are_spread(wanted in 0_usize..80, cut in 0_usize..4) {
            let tickers: Vec<_> = ["A", "B", "C", "D"].iter().zip([60, 31, 10, 45]).map(|(name, rows)| ticker(name, rows)).collect();
            let request = request(wanted);
            let mut parts = [Sample::new(wanted), Sample::new(wanted)];
            for (index, (symbol, table)) in tickers.iter().enumerate() {
                parts[usize::from(index < cut)].take(&request, symbol, table.batch()).unwrap();
            }
            let [mut sample, other] = parts;
            sample.merge(other);
            let got: Vec<_> = sample.into_rows().iter().map(|row| (row.hash, row.symbol.to_string(), row.date)).collect();
            let mut want = Vec::new();
            for (symbol, table) in &tickers {
                let key = ticker_key(request.seed, symbol);
                let last = table.batch().num_rows() as i32 - 1;
                want.extend((29..last).map(|date| (row_hash(key, date), symbol.to_string(), date)));
            }
            want.sort();
            want.truncate(wanted);
            prop_assert_eq!(got, want);
        }
    }
}

//! One ticker's daily prices in memory.

use arrow_array::{Date32Array, Float64Array, Int64Array};
use features::prices::PriceColumns;

use crate::ledger::QualityFlags;

/// One ticker's rows, column by column; all columns have the same length.
///
/// As read from a file: in strictly rising order of date, all values finite, Open, High, Low, Close and Volume not
/// negative.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PriceTable {
    /// Days since 1970-01-01.
    pub date: Vec<i32>,
    /// The first price of the day.
    pub open: Vec<f64>,
    /// The highest price of the day.
    pub high: Vec<f64>,
    /// The lowest price of the day.
    pub low: Vec<f64>,
    /// The last price of the day, adjusted for splits.
    pub close: Vec<f64>,
    /// The last price of the day, adjusted for splits and dividends.
    pub adj_close: Vec<f64>,
    /// Shares traded.
    pub volume: Vec<i64>,
}

impl PriceTable {
    /// An empty table with room for `rows`.
    pub fn with_capacity(rows: usize) -> Self {
        Self {
            date: Vec::with_capacity(rows),
            open: Vec::with_capacity(rows),
            high: Vec::with_capacity(rows),
            low: Vec::with_capacity(rows),
            close: Vec::with_capacity(rows),
            adj_close: Vec::with_capacity(rows),
            volume: Vec::with_capacity(rows),
        }
    }

    /// The columns as Arrow has them, without a copy of any value.
    pub fn into_arrays(self) -> PriceArrays {
        PriceArrays {
            date: self.date.into(),
            open: self.open.into(),
            high: self.high.into(),
            low: self.low.into(),
            close: self.close.into(),
            adj_close: self.adj_close.into(),
            volume: self.volume.into(),
        }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.date.len()
    }

    /// Whether two rows hold the same values, bit for bit.
    pub(crate) fn same_row(&self, left: usize, right: usize) -> bool {
        self.date[left] == self.date[right]
            && self.volume[left] == self.volume[right]
            && self
                .price_columns()
                .iter()
                .all(|column| column[left].to_bits() == column[right].to_bits())
    }

    /// Appends row `row` of `other`.
    pub(crate) fn push_row_of(&mut self, other: &Self, row: usize) {
        self.date.push(other.date[row]);
        self.open.push(other.open[row]);
        self.high.push(other.high[row]);
        self.low.push(other.low[row]);
        self.close.push(other.close[row]);
        self.adj_close.push(other.adj_close[row]);
        self.volume.push(other.volume[row]);
    }

    /// The oddities of the rows; `out_of_order` is 0, for only a reader knows it.
    pub(crate) fn flags(&self) -> QualityFlags {
        let count = |found: usize| found as u64;
        let tenfold = |pair: &&[f64]| {
            pair[0] > 0.0
                && pair[1] > 0.0
                && (pair[1] >= 10.0 * pair[0] || pair[0] >= 10.0 * pair[1])
        };
        QualityFlags {
            open_zero: count(self.open.iter().filter(|price| **price == 0.0).count()),
            volume_zero: count(self.volume.iter().filter(|volume| **volume == 0).count()),
            adj_close_negative: count(self.adj_close.iter().filter(|price| **price < 0.0).count()),
            high_below_low: count(
                self.high
                    .iter()
                    .zip(&self.low)
                    .filter(|(high, low)| high < low)
                    .count(),
            ),
            tenfold_jump: count(self.close.windows(2).filter(tenfold).count()),
            out_of_order: 0,
        }
    }

    fn price_columns(&self) -> [&[f64]; 5] {
        [
            &self.open,
            &self.high,
            &self.low,
            &self.close,
            &self.adj_close,
        ]
    }
}

/// The columns of a [`PriceTable`] as Arrow arrays without nulls.
#[derive(Debug, Clone, PartialEq)]
pub struct PriceArrays {
    pub(crate) date: Date32Array,
    pub(crate) open: Float64Array,
    pub(crate) high: Float64Array,
    pub(crate) low: Float64Array,
    pub(crate) close: Float64Array,
    pub(crate) adj_close: Float64Array,
    pub(crate) volume: Int64Array,
}

impl PriceArrays {
    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.date.values().len()
    }

    /// The columns as features are computed from them.
    pub fn columns(&self) -> PriceColumns<'_> {
        PriceColumns {
            date: &self.date,
            open: &self.open,
            high: &self.high,
            low: &self.low,
            close: &self.close,
            adj_close: &self.adj_close,
            volume: &self.volume,
        }
    }
}

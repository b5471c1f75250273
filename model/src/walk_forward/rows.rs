//! The rows of a panel that train and that test, by their dates and by what is drawn of their tickers.

use crate::fold_columns::FoldColumns;
use crate::fold_plan::FoldPlan;
use crate::sampling::Sampling;
use crate::smallest_hashes::SmallestHashes;
use crate::splitmix::splitmix64;
use crate::strata::stratified;
use crate::ticker_key::ticker_key;
use std::ops::RangeInclusive;

/// The columns of a panel that folds are cut by, and what is drawn of each ticker.
pub(super) struct Rows<'a> {
    plan: &'a FoldPlan,
    columns: FoldColumns<'a>,
    unseen: Vec<bool>,
    keys: Vec<u64>,
}

impl<'a> Rows<'a> {
    /// Those of the columns. `unseen` says of each ticker whether it never trains.
    pub(super) fn new(plan: &'a FoldPlan, columns: &FoldColumns<'a>, unseen: Vec<bool>) -> Self {
        Self {
            plan,
            columns: *columns,
            unseen,
            keys: row_keys(plan, columns.symbols),
        }
    }

    /// The rows that are wanted, ascending.
    pub(super) fn select(&self, is_wanted: impl Fn(usize) -> bool) -> Vec<u32> {
        let rows = (0..self.columns.dates.len()).filter(|row| is_wanted(*row));
        rows.map(|row| row as u32).collect()
    }

    /// The rows of some dates, ascending.
    pub(super) fn dated(&self, dates: &RangeInclusive<i32>) -> Vec<u32> {
        self.select(|row| dates.contains(&self.columns.dates[row]))
    }

    /// The rows that a fold trains on, ascending.
    pub(super) fn train(&self, last_train_date: i32, first_test_date: i32) -> Vec<u32> {
        let FoldColumns { dates, tickers, .. } = self.columns;
        let rows = self.select(|row| {
            dates[row] <= last_train_date
                && !self.unseen[tickers[row] as usize]
                && !self.is_followed_from(row, first_test_date)
        });
        self.at_most(rows)
    }

    /// As many of `rows` as the plan allows.
    pub(super) fn at_most(&self, rows: Vec<u32>) -> Vec<u32> {
        let wanted = self.plan.max_train_rows;
        if rows.len() <= wanted {
            return rows;
        }
        match self.plan.sampling {
            Sampling::Uniform => self.of_smallest_hashes(rows, wanted),
            Sampling::Stratified => stratified(&self.columns, rows, wanted, |row| self.hash(row)),
        }
    }

    /// Whether the ticker's next row is dated `date` or later. A ticker's last row is followed by none.
    fn is_followed_from(&self, row: usize, date: i32) -> bool {
        let FoldColumns { dates, tickers, .. } = self.columns;
        tickers.get(row + 1) == Some(&tickers[row]) && dates[row + 1] >= date
    }

    /// The `wanted` of `rows`, which are more, that have the smallest hashes; of equal hashes the earlier rows.
    fn of_smallest_hashes(&self, mut rows: Vec<u32>, wanted: usize) -> Vec<u32> {
        let mut hashes: Vec<u64> = rows.iter().map(|row| self.hash(*row)).collect();
        let mut smallest = SmallestHashes::of(&mut hashes, wanted);
        rows.retain(|row| smallest.admit(self.hash(*row)));
        rows
    }

    fn hash(&self, row: u32) -> u64 {
        let FoldColumns { dates, tickers, .. } = self.columns;
        let (ticker, date) = (tickers[row as usize], dates[row as usize]);
        splitmix64(self.keys[ticker as usize], date as u64)
    }
}

/// The key of each ticker's hashes.
fn row_keys(plan: &FoldPlan, symbols: &[String]) -> Vec<u64> {
    let key =
        |symbol: &String| ticker_key("tickermill 2026-11 rows to train on", plan.seed, symbol);
    symbols.iter().map(key).collect()
}

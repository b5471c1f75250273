//! Folds that walk forward: each trains on the past and tests on the dates after it.

use crate::fold_columns::FoldColumns;
use crate::fold_plan::{FoldPlan, FoldPlanError};
use crate::sampling::Sampling;
use crate::sessions::{sessions_of, test_spans};
use crate::smallest_hashes::SmallestHashes;
use crate::splitmix::splitmix64;
use crate::strata::stratified;
use crate::ticker_key::ticker_key;
use rayon::prelude::*;
use std::ops::RangeInclusive;
use thiserror::Error;

/// The most days between the first and the last date: what years of four digits can write.
const MAX_DAYS: u32 = 3_652_425;

/// Which rows train and which test in one fold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// Rows of seen tickers from before the gap, ascending.
    pub train: Vec<u32>,
    /// All rows of the test dates, of seen and unseen tickers, ascending.
    pub test: Vec<u32>,
    /// The first date of the test rows, in days since 1970-01-01.
    pub first_test_date: i32,
    /// The last date of the test rows.
    pub last_test_date: i32,
    /// The last date before the gap: no row to train on is later.
    pub last_train_date: i32,
}

/// Why a panel cannot be cut into folds.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum FoldError {
    /// A part of the plan outside its range.
    #[error(transparent)]
    Plan(#[from] FoldPlanError),
    /// Nothing to cut.
    #[error("the panel has no rows: take more tickers or longer histories")]
    NoRows,
    /// Dates that span more than the calendar of price files.
    #[error(
        "the dates of the panel lie {days} days apart, and {MAX_DAYS} are the most that years of four digits hold"
    )]
    DatesTooFarApart {
        /// The days from the first to the last date.
        days: u32,
    },
    /// A history too short for the folds and the gap.
    #[error(
        "the panel has {dates} dates, and {folds} folds with a gap of {gap_sessions} sessions need at least {needed}: \
         take longer histories, fewer folds or a shorter gap"
    )]
    TooFewDates {
        /// The distinct dates of the panel.
        dates: usize,
        /// The folds that were asked for.
        folds: usize,
        /// The gap that was asked for.
        gap_sessions: usize,
        /// The fewest dates that these need.
        needed: usize,
    },
    /// Every ticker was drawn as unseen.
    #[error(
        "all {tickers} tickers are unseen, so there is none to train on: \
         take more tickers, a smaller share of unseen ones or another seed"
    )]
    NoSeenTicker {
        /// The tickers of the panel.
        tickers: usize,
    },
    /// No seen ticker has a row before the gap.
    #[error(
        "fold {fold} has no row of a seen ticker to train on before its gap: \
         take more tickers, longer histories or fewer folds"
    )]
    NothingToTrainOn {
        /// The fold, counted from 0.
        fold: usize,
    },
}

/// The columns of a panel that folds are cut by, and what is drawn of each ticker.
struct Rows<'a> {
    plan: &'a FoldPlan,
    columns: FoldColumns<'a>,
    unseen: Vec<bool>,
    keys: Vec<u64>,
}

/// Cuts a panel into the folds of `plan`, earliest first.
///
/// Of `k` folds, fold `j` (from 1) begins at the date whose earlier rows come closest to `j / (k + 1)` of all rows, and
/// ends before the next fold; the last one ends with the panel. So no date lies on two sides. It trains on the rows of
/// [seen](FoldPlan::unseen) tickers before its gap, without those whose next row, which their target was taken from, is
/// of the test dates or later. Where they are more than [`FoldPlan::max_train_rows`], those of the smallest keyed
/// hashes of (seed, symbol, date) are kept: of all, or in each stratum of these rows alone, as [`FoldPlan::sampling`]
/// says. So nothing after the gap decides which.
///
/// Panics where columns differ in length, have more than 2^32 - 1 rows, a ticker has no symbol, or a date of strata is
/// outside the calendar.
pub fn folds(plan: &FoldPlan, columns: &FoldColumns<'_>) -> Result<Vec<Fold>, FoldError> {
    plan.validate()?;
    columns.assert_rows();
    let FoldColumns { dates, symbols, .. } = *columns;
    let sessions = sessions_of(dates, &span_of(dates)?);
    let needed = plan.folds + plan.gap_sessions + 1;
    if sessions.len() < needed {
        return Err(FoldError::TooFewDates {
            dates: sessions.len(),
            folds: plan.folds,
            gap_sessions: plan.gap_sessions,
            needed,
        });
    }
    let rows = Rows {
        plan,
        columns: *columns,
        unseen: plan.unseen(symbols),
        keys: row_keys(plan, symbols),
    };
    if rows.unseen.iter().all(|unseen| *unseen) {
        let tickers = symbols.len();
        return Err(FoldError::NoSeenTicker { tickers });
    }

    let spans = test_spans(&sessions, plan.folds, plan.gap_sessions);
    let numbered = spans.into_par_iter().enumerate();
    numbered
        .map(|(fold, span)| {
            let first_test_date = sessions[span.start].date;
            let last_test_date = sessions[span.end - 1].date;
            let last_train_date = sessions[span.start - plan.gap_sessions - 1].date;
            let train = rows.train(last_train_date, first_test_date);
            if train.is_empty() {
                return Err(FoldError::NothingToTrainOn { fold });
            }
            Ok(Fold {
                train,
                test: rows.select(|row| (first_test_date..=last_test_date).contains(&dates[row])),
                first_test_date,
                last_test_date,
                last_train_date,
            })
        })
        .collect()
}

/// The rows that a model to be used trains on, ascending: those of all dates and tickers, unseen ones included.
///
/// Where they are more than [`FoldPlan::max_train_rows`], they are drawn as in [`folds`], whose panics are the same.
pub fn all_rows(plan: &FoldPlan, columns: &FoldColumns<'_>) -> Result<Vec<u32>, FoldError> {
    plan.validate()?;
    columns.assert_rows();
    let rows = Rows {
        plan,
        columns: *columns,
        unseen: vec![false; columns.symbols.len()],
        keys: row_keys(plan, columns.symbols),
    };
    Ok(rows.at_most(rows.select(|_| true)))
}

/// The key of each ticker's hashes.
fn row_keys(plan: &FoldPlan, symbols: &[String]) -> Vec<u64> {
    let key =
        |symbol: &String| ticker_key("tickermill 2026-11 rows to train on", plan.seed, symbol);
    symbols.iter().map(key).collect()
}

/// The first and the last of `dates`.
fn span_of(dates: &[i32]) -> Result<RangeInclusive<i32>, FoldError> {
    let (Some(first), Some(last)) = (dates.iter().min(), dates.iter().max()) else {
        return Err(FoldError::NoRows);
    };
    let days = last.abs_diff(*first);
    if days > MAX_DAYS {
        return Err(FoldError::DatesTooFarApart { days });
    }
    Ok(*first..=*last)
}

impl Rows<'_> {
    fn select(&self, is_wanted: impl Fn(usize) -> bool) -> Vec<u32> {
        let rows = (0..self.columns.dates.len()).filter(|row| is_wanted(*row));
        rows.map(|row| row as u32).collect()
    }

    fn train(&self, last_train_date: i32, first_test_date: i32) -> Vec<u32> {
        let FoldColumns { dates, tickers, .. } = self.columns;
        let rows = self.select(|row| {
            dates[row] <= last_train_date
                && !self.unseen[tickers[row] as usize]
                && !self.is_followed_from(row, first_test_date)
        });
        self.at_most(rows)
    }

    /// As many of `rows` as the plan allows.
    fn at_most(&self, rows: Vec<u32>) -> Vec<u32> {
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

#[cfg(test)]
mod tests;

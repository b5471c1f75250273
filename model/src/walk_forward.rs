//! Folds that walk forward: each trains on the past and tests on the dates after it.

mod rows;

use crate::fold_columns::FoldColumns;
use crate::fold_plan::{FoldPlan, FoldPlanError};
use crate::sessions::{Session, sessions_of, test_spans};
use rayon::prelude::*;
use rows::Rows;
use std::ops::{Range, RangeInclusive};
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
    /// A fold that the plan does not have.
    #[error("there is no fold {fold}: the plan has {folds}, which are counted from 0")]
    NoSuchFold {
        /// What was asked for.
        fold: usize,
        /// The folds of the plan.
        folds: usize,
    },
}

/// What all folds of a panel have in common.
struct Cuts<'a> {
    plan: &'a FoldPlan,
    rows: Rows<'a>,
    sessions: Vec<Session>,
    /// The positions of the sessions that each fold tests on.
    test_spans: Vec<Range<usize>>,
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
    let cuts = Cuts::of(plan, columns)?;
    let numbers = (0..plan.folds).into_par_iter();
    numbers.map(|fold| cuts.fold(fold)).collect()
}

/// The one of [`folds`] at the place `fold`, counted from 0, without cutting the others.
///
/// Errors and panics as for [`folds`], but that nothing to train on matters in this fold alone; and errors where the
/// plan has no such fold.
pub fn fold(plan: &FoldPlan, columns: &FoldColumns<'_>, fold: usize) -> Result<Fold, FoldError> {
    let cuts = Cuts::of(plan, columns)?;
    if fold >= plan.folds {
        let folds = plan.folds;
        return Err(FoldError::NoSuchFold { fold, folds });
    }
    cuts.fold(fold)
}

/// The rows that a model to be used trains on, ascending: those of all dates and tickers, unseen ones included.
///
/// Where they are more than [`FoldPlan::max_train_rows`], they are drawn as in [`folds`], whose panics are the same.
pub fn all_rows(plan: &FoldPlan, columns: &FoldColumns<'_>) -> Result<Vec<u32>, FoldError> {
    plan.validate()?;
    columns.assert_rows();
    let none_unseen = vec![false; columns.symbols.len()];
    let rows = Rows::new(plan, columns, none_unseen);
    Ok(rows.at_most(rows.select(|_| true)))
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

impl<'a> Cuts<'a> {
    fn of(plan: &'a FoldPlan, columns: &FoldColumns<'a>) -> Result<Self, FoldError> {
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
        let unseen = plan.unseen(symbols);
        if unseen.iter().all(|unseen| *unseen) {
            let tickers = symbols.len();
            return Err(FoldError::NoSeenTicker { tickers });
        }
        Ok(Self {
            plan,
            rows: Rows::new(plan, columns, unseen),
            test_spans: test_spans(&sessions, plan.folds, plan.gap_sessions),
            sessions,
        })
    }

    /// The fold at a place that the plan has.
    fn fold(&self, fold: usize) -> Result<Fold, FoldError> {
        let span = &self.test_spans[fold];
        let first_test_date = self.sessions[span.start].date;
        let last_test_date = self.sessions[span.end - 1].date;
        let last_train_date = self.sessions[span.start - self.plan.gap_sessions - 1].date;
        let train = self.rows.train(last_train_date, first_test_date);
        if train.is_empty() {
            return Err(FoldError::NothingToTrainOn { fold });
        }
        Ok(Fold {
            train,
            test: self.rows.dated(&(first_test_date..=last_test_date)),
            first_test_date,
            last_test_date,
            last_train_date,
        })
    }
}

#[cfg(test)]
mod tests;

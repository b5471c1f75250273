//! The errors of all test rows of a walk-forward evaluation, added up by date and by ticker in one pass.

use crate::forecast_errors::{DailyErrors, ForecastErrors};
use crate::judged_panel::{JudgedFold, JudgedPanel};
use crate::walk_forward::Fold;
use thiserror::Error;

/// The errors of the test rows of all folds. Every sum runs in float64, in the order of folds and of their rows.
#[derive(Clone, Debug, PartialEq)]
pub struct PanelErrors {
    daily: Vec<DailyErrors>,
    unseen_daily: Vec<DailyErrors>,
    by_ticker: Vec<TickerErrors>,
}

/// The errors of a ticker's test rows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct TickerErrors {
    pub(crate) errors: ForecastErrors,
    /// The sum of `today` over the same rows.
    pub(crate) today: f64,
}

/// A value that no error can be taken of.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "row {row} of the panel has a prediction, a target or a naive forecast that is not finite: \
     leave out rows with a missing or infinite value, and train on finite targets"
)]
pub struct ErrorNotFinite {
    /// The row, counted from 0.
    pub row: u32,
}

impl PanelErrors {
    /// The errors of `folds`, earliest first, as [`folds`](crate::walk_forward::folds) gives them for the panel.
    ///
    /// Panics where there is no fold, a fold is not one of the panel, or has not one prediction for each test row.
    pub fn of(panel: &JudgedPanel<'_>, folds: &[JudgedFold<'_>]) -> Result<Self, ErrorNotFinite> {
        let (Some(first), Some(last)) = (folds.first(), folds.last()) else {
            panic!("an evaluation has at least one fold");
        };
        let first_date = first.fold.first_test_date;
        let days = last.fold.last_test_date.abs_diff(first_date) as usize + 1;
        let mut by_day = vec![ForecastErrors::default(); days];
        let mut unseen_by_day = vec![ForecastErrors::default(); days];
        let mut by_ticker = vec![TickerErrors::default(); panel.kinds.len()];
        for JudgedFold { fold, predictions } in folds {
            assert_eq!(
                fold.test.len(),
                predictions.len(),
                "every test row has a prediction"
            );
            for (row, prediction) in fold.test.iter().zip(*predictions) {
                let not_finite = ErrorNotFinite { row: *row };
                let row = *row as usize;
                let target = panel.target[row];
                let (today, moving_average) = (panel.today[row], panel.moving_average[row]);
                let errors = ForecastErrors::of_row(target, *prediction, today, moving_average);
                let errors = errors.ok_or(not_finite)?;
                let day = panel.date[row].abs_diff(first_date) as usize;
                by_day[day].add(&errors);
                let ticker = panel.ticker[row] as usize;
                if panel.unseen[ticker] {
                    unseen_by_day[day].add(&errors);
                }
                by_ticker[ticker].errors.add(&errors);
                by_ticker[ticker].today += f64::from(panel.today[row]);
            }
        }
        Ok(Self {
            daily: days_with_rows(first_date, by_day),
            unseen_daily: days_with_rows(first_date, unseen_by_day),
            by_ticker,
        })
    }

    /// The errors of all test rows by date, dates ascending. At least one.
    pub fn daily(&self) -> &[DailyErrors] {
        &self.daily
    }

    /// The errors of the test rows of unseen tickers by date, dates ascending; may be empty.
    pub fn unseen_daily(&self) -> &[DailyErrors] {
        &self.unseen_daily
    }

    /// The part of [`PanelErrors::daily`] that `fold` tested.
    pub(crate) fn of_fold(&self, fold: &Fold) -> &[DailyErrors] {
        let before = |date: i32| self.daily.partition_point(|day| day.date < date);
        &self.daily[before(fold.first_test_date)..before(fold.last_test_date + 1)]
    }

    /// The errors of each ticker, in the panel's order; no rows where it was not tested.
    pub(crate) fn by_ticker(&self) -> &[TickerErrors] {
        &self.by_ticker
    }
}

fn days_with_rows(first_date: i32, by_day: Vec<ForecastErrors>) -> Vec<DailyErrors> {
    let days = (first_date..).zip(by_day);
    days.filter(|(_, errors)| errors.rows > 0)
        .map(|(date, errors)| DailyErrors { date, errors })
        .collect()
}

//! The split by date: train on earlier rows, test on later ones.

use thiserror::Error;

/// The fewest rows on either side of the split. Ten test rows fill the golden rows of the card.
pub const MIN_ROWS_PER_SIDE: usize = 10;

/// The share of rows that is held back for testing unless configured otherwise.
pub const DEFAULT_TEST_FRACTION: f64 = 0.2;

/// Which rows train and which test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Rows dated before the cut, in table order.
    pub train: Vec<usize>,
    /// Rows dated on or after the cut, in table order.
    pub test: Vec<usize>,
    /// The first date of the test rows, in days since 1970-01-01.
    pub cut_date: i32,
}

/// Why rows cannot be split. The run then publishes no model and gives this reason.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum SplitError {
    /// The fraction leaves nothing on one side.
    #[error("the test fraction is {test_fraction}: set it above 0 and below 1")]
    Fraction {
        /// What was given.
        test_fraction: f64,
    },
    /// A sample that cannot fill both sides.
    #[error(
        "the sample has {rows} rows, and a model needs at least {needed} to train and test on: \
         take more tickers or longer histories"
    )]
    TooFewRows {
        /// The rows of the sample.
        rows: usize,
        /// The least that both sides need together.
        needed: usize,
    },
    /// No later date to test on.
    #[error(
        "all {rows} rows of the sample are of one date, so there is no later date to test on: take longer histories"
    )]
    OneDate {
        /// The rows of the sample.
        rows: usize,
    },
    /// Dates so lumped that one side stays too small.
    #[error(
        "split by date, {train} rows of the sample are left to train on and {test} to test on, \
         and each needs at least {needed}: take longer histories or change the test fraction"
    )]
    TooFewOnOneSide {
        /// Rows before the cut.
        train: usize,
        /// Rows on or after the cut.
        test: usize,
        /// The least that either side needs.
        needed: usize,
    },
}

/// Splits rows by `dates` (days since 1970-01-01, one a row, in any order) so that about the last `test_fraction`
/// of them test.
///
/// The cut is the date at that quantile, so no date lies on both sides and the test side is at least as large as
/// asked for; a cut at the first date moves to the second. Both sides keep the order of rows. Errors where either
/// side has fewer than [`MIN_ROWS_PER_SIDE`] rows.
pub fn split_by_date(dates: &[i32], test_fraction: f64) -> Result<Split, SplitError> {
    if !(test_fraction > 0.0 && test_fraction < 1.0) {
        return Err(SplitError::Fraction { test_fraction });
    }
    let rows = dates.len();
    if rows < 2 * MIN_ROWS_PER_SIDE {
        return Err(SplitError::TooFewRows {
            rows,
            needed: 2 * MIN_ROWS_PER_SIDE,
        });
    }

    let mut sorted = dates.to_vec();
    sorted.sort_unstable();
    let wanted_test_rows = (rows as f64 * test_fraction).ceil() as usize;
    let quantile_date = sorted[rows - wanted_test_rows.clamp(1, rows)];
    let first_later_date = sorted.iter().copied().find(|date| *date > sorted[0]);
    let Some(earliest_cut) = first_later_date else {
        return Err(SplitError::OneDate { rows });
    };
    let cut_date = quantile_date.max(earliest_cut);

    let (train, test): (Vec<usize>, Vec<usize>) = (0..rows).partition(|row| dates[*row] < cut_date);
    if train.len() < MIN_ROWS_PER_SIDE || test.len() < MIN_ROWS_PER_SIDE {
        return Err(SplitError::TooFewOnOneSide {
            train: train.len(),
            test: test.len(),
            needed: MIN_ROWS_PER_SIDE,
        });
    }
    Ok(Split {
        train,
        test,
        cut_date,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_fifth_tests_when_every_date_differs() {
        let dates: Vec<i32> = (0..100).rev().collect();
        let split = split_by_date(&dates, DEFAULT_TEST_FRACTION).unwrap();
        assert_eq!(split.cut_date, 80);
        assert_eq!(split.test, (0..20).collect::<Vec<_>>());
        assert_eq!(split.train, (20..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_date_never_lies_on_both_sides() {
        let dates: Vec<i32> = (0..100).map(|row| row / 30).collect();
        let split = split_by_date(&dates, 0.2).unwrap();
        assert_eq!(
            (split.cut_date, split.train.len(), split.test.len()),
            (2, 60, 40)
        );
    }

    #[test]
    fn a_cut_at_the_first_date_moves_to_the_second() {
        let dates: Vec<i32> = (0..100).map(|row| i32::from(row >= 85)).collect();
        let split = split_by_date(&dates, 0.2).unwrap();
        assert_eq!(
            (split.cut_date, split.train.len(), split.test.len()),
            (1, 85, 15)
        );
    }

    #[test]
    fn refuses_what_cannot_be_split() {
        assert_eq!(
            split_by_date(&[1; 50], 0.2),
            Err(SplitError::OneDate { rows: 50 })
        );
        assert_eq!(
            split_by_date(&[], 0.2),
            Err(SplitError::TooFewRows {
                rows: 0,
                needed: 20
            })
        );
        let lumped: Vec<i32> = (0..50).map(|row| i32::from(row == 0)).collect();
        assert_eq!(
            split_by_date(&lumped, 0.2),
            Err(SplitError::TooFewOnOneSide {
                train: 49,
                test: 1,
                needed: 10
            })
        );
        for test_fraction in [0.0, 1.0, -1.0, f64::INFINITY] {
            assert_eq!(
                split_by_date(&[1; 50], test_fraction),
                Err(SplitError::Fraction { test_fraction })
            );
        }
        assert!(matches!(
            split_by_date(&[1; 50], f64::NAN),
            Err(SplitError::Fraction { .. })
        ));
    }

    #[test]
    fn the_smallest_sample_that_can_be_split() {
        let dates: Vec<i32> = (0..20).collect();
        let split = split_by_date(&dates, 0.5).unwrap();
        assert_eq!((split.train.len(), split.test.len()), (10, 10));
    }
}

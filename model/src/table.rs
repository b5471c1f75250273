//! The training table: features, target, date and naive forecasts of the sampled rows.

use crate::matrix::Matrix;
use thiserror::Error;

/// The sampled rows that a model learns from and is judged on.
///
/// The order of rows is part of the contract, because bootstrap draws refer to positions: callers give them in
/// ascending order of (sample hash, symbol, date). The same rows in another order make another model.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingTable {
    features: Matrix,
    target: Vec<f64>,
    date: Vec<i32>,
    today: Vec<f64>,
    moving_average: Option<Vec<f64>>,
}

/// Why columns do not make a [`TrainingTable`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TableError {
    /// A column that is longer or shorter than the features.
    #[error(
        "column `{column}` has {rows} rows where the features have {expected}: give all of them the same rows"
    )]
    UnequalLength {
        /// The column.
        column: &'static str,
        /// Its length.
        rows: usize,
        /// The length of the features.
        expected: usize,
    },
    /// A value that is not a number, infinite, or beyond float32.
    #[error(
        "column `{column}` has no finite float32 value in row {row}: leave out rows with a missing or infinite value"
    )]
    NotFinite {
        /// The column.
        column: &'static str,
        /// The row, counted from 0.
        row: usize,
    },
}

impl TrainingTable {
    /// Puts the columns side by side; row `i` of each belongs to row `i` of the others.
    ///
    /// `target` is what the model predicts; `date` is in days since 1970-01-01; `today` is the naive forecast
    /// "tomorrow is as today", in the target's unit; `moving_average` is the naive forecast "tomorrow is as the
    /// moving average", absent where no feature is one. Values without nulls: refuses any that are not finite or
    /// lie beyond float32, and columns of unequal length.
    pub fn new(
        features: Matrix,
        target: Vec<f64>,
        date: Vec<i32>,
        today: Vec<f64>,
        moving_average: Option<Vec<f64>>,
    ) -> Result<Self, TableError> {
        let expected = features.row_count();
        check_column("target", &target, expected)?;
        check_length("date", date.len(), expected)?;
        check_column("today", &today, expected)?;
        if let Some(moving_average) = &moving_average {
            check_column("moving_average", moving_average, expected)?;
        }
        Ok(Self {
            features,
            target,
            date,
            today,
            moving_average,
        })
    }

    /// The features, one row for each row of the table.
    pub fn features(&self) -> &Matrix {
        &self.features
    }

    /// The target of each row.
    pub fn target(&self) -> &[f64] {
        &self.target
    }

    /// The date of each row, in days since 1970-01-01.
    pub fn date(&self) -> &[i32] {
        &self.date
    }

    /// The naive forecast "tomorrow is as today" of each row.
    pub fn today(&self) -> &[f64] {
        &self.today
    }

    /// The naive forecast "tomorrow is as the moving average" of each row, where there is one.
    pub fn moving_average(&self) -> Option<&[f64]> {
        self.moving_average.as_deref()
    }

    /// The number of rows, zero included.
    pub fn row_count(&self) -> usize {
        self.features.row_count()
    }
}

fn check_column(column: &'static str, values: &[f64], expected: usize) -> Result<(), TableError> {
    check_length(column, values.len(), expected)?;
    match values.iter().position(|value| !is_finite_float32(*value)) {
        Some(row) => Err(TableError::NotFinite { column, row }),
        None => Ok(()),
    }
}

fn check_length(column: &'static str, rows: usize, expected: usize) -> Result<(), TableError> {
    if rows == expected {
        return Ok(());
    }
    Err(TableError::UnequalLength {
        column,
        rows,
        expected,
    })
}

/// Whether a leaf can hold the value: leaves are means of targets, stored as float32.
pub(crate) fn is_finite_float32(value: f64) -> bool {
    value.abs() <= f64::from(f32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features() -> Matrix {
        Matrix::from_columns(vec!["a".into()], vec![vec![1.0, 2.0]]).unwrap()
    }

    #[test]
    fn refuses_unequal_lengths_and_values_that_are_not_finite() {
        let values = || vec![1.0, 2.0];
        assert!(TrainingTable::new(features(), values(), vec![1, 2], values(), None).is_ok());
        assert_eq!(
            TrainingTable::new(features(), values(), vec![1], values(), None).unwrap_err(),
            TableError::UnequalLength {
                column: "date",
                rows: 1,
                expected: 2
            }
        );
        assert_eq!(
            TrainingTable::new(features(), vec![1.0, 1e39], vec![1, 2], values(), None)
                .unwrap_err(),
            TableError::NotFinite {
                column: "target",
                row: 1
            }
        );
        assert_eq!(
            TrainingTable::new(
                features(),
                values(),
                vec![1, 2],
                values(),
                Some(vec![f64::NAN, 1.0])
            )
            .unwrap_err(),
            TableError::NotFinite {
                column: "moving_average",
                row: 0
            }
        );
    }
}

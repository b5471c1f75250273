//! The feature matrix: named columns of float32.

use thiserror::Error;

/// Casts one feature value to the float32 that training and inference use.
///
/// Rounds to nearest, ties to even. A value beyond the float32 range, infinite ones included, becomes the
/// largest or smallest finite float32, so that it keeps its side of every threshold. NaN stays NaN.
pub fn to_feature(value: f64) -> f32 {
    value.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32
}

/// Features by column, without nulls: every value is a finite float32. It may have no rows, but has a column.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    names: Vec<String>,
    columns: Vec<Vec<f32>>,
}

/// Why columns do not make a [`Matrix`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MatrixError {
    /// There is nothing to learn from.
    #[error("a model needs at least one feature: declare one")]
    NoColumns,
    /// Columns beyond what a node can refer to.
    #[error("{columns} features are more than a model can have ({limit}): declare fewer", limit = u16::MAX)]
    TooManyColumns {
        /// How many there are.
        columns: usize,
    },
    /// Names and columns differ in number.
    #[error(
        "{names} feature names were given for {columns} columns: give one name for each column"
    )]
    NameCount {
        /// How many names there are.
        names: usize,
        /// How many columns there are.
        columns: usize,
    },
    /// Two columns of one name.
    #[error("feature `{name}` is given twice: rename one")]
    RepeatedName {
        /// The name.
        name: String,
    },
    /// A column that is longer or shorter than the first.
    #[error(
        "feature `{name}` has {rows} rows where the first feature has {expected}: give all of them the same rows"
    )]
    UnequalLength {
        /// The column.
        name: String,
        /// Its length.
        rows: usize,
        /// The length of the first column.
        expected: usize,
    },
    /// A value that is not a number.
    #[error("feature `{name}` is not a number in row {row}: leave out rows with a missing feature")]
    NotANumber {
        /// The column.
        name: String,
        /// The row, counted from 0.
        row: usize,
    },
}

impl Matrix {
    /// Makes a matrix of columns in the given order, each value cast by [`to_feature`].
    ///
    /// `columns[i]` belongs to `names[i]`; row order is kept. Refuses NaN, columns of unequal length, repeated
    /// names, and no columns at all.
    pub fn from_columns(names: Vec<String>, columns: Vec<Vec<f64>>) -> Result<Self, MatrixError> {
        if columns.is_empty() {
            return Err(MatrixError::NoColumns);
        }
        if columns.len() > usize::from(u16::MAX) {
            return Err(MatrixError::TooManyColumns {
                columns: columns.len(),
            });
        }
        if names.len() != columns.len() {
            return Err(MatrixError::NameCount {
                names: names.len(),
                columns: columns.len(),
            });
        }
        if let Some(name) = repeated_name(&names) {
            return Err(MatrixError::RepeatedName {
                name: name.to_owned(),
            });
        }

        let expected = columns[0].len();
        let mut cast_columns = Vec::with_capacity(columns.len());
        for (name, column) in names.iter().zip(columns) {
            if column.len() != expected {
                return Err(MatrixError::UnequalLength {
                    name: name.clone(),
                    rows: column.len(),
                    expected,
                });
            }
            if let Some(row) = column.iter().position(|value| value.is_nan()) {
                return Err(MatrixError::NotANumber {
                    name: name.clone(),
                    row,
                });
            }
            cast_columns.push(column.into_iter().map(to_feature).collect());
        }
        Ok(Self {
            names,
            columns: cast_columns,
        })
    }

    /// The column names, in column order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of columns, at least one.
    pub fn column_count(&self) -> usize {
        self.columns.len()
    }

    /// The number of rows, zero included.
    pub fn row_count(&self) -> usize {
        self.columns[0].len()
    }

    /// One column, in row order. Panics beyond [`Matrix::column_count`].
    pub fn column(&self, index: usize) -> &[f32] {
        &self.columns[index]
    }

    /// One row, in column order. Panics beyond [`Matrix::row_count`].
    pub fn row(&self, index: usize) -> Vec<f32> {
        self.columns.iter().map(|column| column[index]).collect()
    }
}

/// The first name that stands twice in `names`.
pub(crate) fn repeated_name(names: &[String]) -> Option<&str> {
    let mut seen = std::collections::BTreeSet::new();
    names
        .iter()
        .find(|name| !seen.insert(name.as_str()))
        .map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn casts_to_the_nearest_float32_and_clamps_to_the_finite_range() {
        let column = vec![
            0.1,
            1e300,
            -1e300,
            f64::INFINITY,
            f64::NEG_INFINITY,
            16_777_217.0,
        ];
        let matrix = Matrix::from_columns(names(&["a"]), vec![column]).unwrap();
        let expected = [
            0.1_f32,
            f32::MAX,
            f32::MIN,
            f32::MAX,
            f32::MIN,
            16_777_216.0,
        ];
        assert_eq!(matrix.column(0), expected);
    }

    #[test]
    fn keeps_rows_and_columns_in_order() {
        let matrix =
            Matrix::from_columns(names(&["a", "b"]), vec![vec![1.0, 2.0], vec![3.0, 4.0]]).unwrap();
        assert_eq!((matrix.row_count(), matrix.column_count()), (2, 2));
        assert_eq!(matrix.row(1), [2.0, 4.0]);
    }

    #[test]
    fn refuses_what_is_not_a_table_of_numbers() {
        let refusal = |names_given: &[&str], columns| {
            Matrix::from_columns(names(names_given), columns).unwrap_err()
        };
        assert_eq!(refusal(&[], vec![]), MatrixError::NoColumns);
        assert_eq!(
            refusal(&["a"], vec![vec![], vec![]]),
            MatrixError::NameCount {
                names: 1,
                columns: 2
            }
        );
        assert_eq!(
            refusal(&["a", "a"], vec![vec![], vec![]]),
            MatrixError::RepeatedName { name: "a".into() }
        );
        assert_eq!(
            refusal(&["a", "b"], vec![vec![1.0], vec![]]),
            MatrixError::UnequalLength {
                name: "b".into(),
                rows: 0,
                expected: 1
            }
        );
        assert_eq!(
            refusal(&["a"], vec![vec![1.0, f64::NAN]]),
            MatrixError::NotANumber {
                name: "a".into(),
                row: 1
            }
        );
    }
}

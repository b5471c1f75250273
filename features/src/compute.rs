//! From the prices of one ticker to the columns that a schema declares.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array};
use thiserror::Error;

use crate::column::{Column, ColumnValues, PriceColumns};
use crate::operation::Operation;
use crate::schema::{Feature, FeatureSchema, Target};
use crate::{deviation, extremes, mean, median, shift, sum};

/// Computes the declared features in their order and the target last: the columns of [`FeatureSchema::fields`], each as
/// long as the columns of prices.
///
/// Rows must be sorted by date; order is not checked. Columns that the schema does not name are not looked at, but for
/// their length.
pub fn compute(
    schema: &FeatureSchema,
    columns: &PriceColumns<'_>,
) -> Result<Vec<ArrayRef>, ComputeError> {
    check_lengths(columns)?;
    check_finite(schema, columns)?;
    let features = schema.features().iter();
    let features = features.map(|feature| Arc::new(feature_values(feature, columns)) as ArrayRef);
    Ok(features
        .chain([target_values(schema.target(), columns)])
        .collect())
}

/// Why features cannot be computed from a table.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ComputeError {
    /// The columns are not of one table.
    #[error(
        "column {column} has {rows} rows where {expected} were expected: pass the columns of one table"
    )]
    UnequalLengths {
        /// The first column whose length differs from that of Open.
        column: Column,
        /// Its rows.
        rows: usize,
        /// The rows of Open.
        expected: usize,
    },
    /// A price is infinite or not a number. Readers refuse such rows; no feature is defined for them.
    #[error(
        "row {row} of column {column} is {value}, which no feature is defined for: quarantine the row first"
    )]
    NotFinite {
        /// The first column in the order of the table that has such a value and that the schema names.
        column: Column,
        /// Its first row with such a value, counted from 0.
        row: usize,
        /// The value.
        value: f64,
    },
}

fn check_lengths(columns: &PriceColumns<'_>) -> Result<(), ComputeError> {
    let expected = columns.open.values().len();
    for column in Column::ALL {
        let rows = columns.values(column).rows();
        if rows != expected {
            return Err(ComputeError::UnequalLengths {
                column,
                rows,
                expected,
            });
        }
    }
    Ok(())
}

fn check_finite(schema: &FeatureSchema, columns: &PriceColumns<'_>) -> Result<(), ComputeError> {
    for column in Column::ALL {
        let named = schema.target().column == column
            || schema
                .features()
                .iter()
                .any(|feature| feature.column == column);
        let ColumnValues::Floats(values) = columns.values(column) else {
            continue;
        };
        if !named {
            continue;
        }
        let not_finite = |value: Option<f64>| value.is_some_and(|value| !value.is_finite());
        if let Some(row) = values.iter().position(not_finite) {
            return Err(ComputeError::NotFinite {
                column,
                row,
                value: values.value(row),
            });
        }
    }
    Ok(())
}

fn feature_values(feature: &Feature, columns: &PriceColumns<'_>) -> Float64Array {
    use ColumnValues::{Floats, Integers};
    let window = feature.window;
    match (feature.operation, columns.values(feature.column)) {
        (Operation::Mean, Floats(values)) => mean::of_floats(values, window),
        (Operation::Mean, Integers(values)) => mean::of_integers(values, window),
        (Operation::Median, Floats(values)) => median::of_floats(values, window),
        (Operation::Median, Integers(values)) => median::of_integers(values, window),
        (Operation::Sum, Floats(values)) => sum::of_floats(values, window),
        (Operation::Sum, Integers(values)) => sum::of_integers(values, window),
        (Operation::Min, Floats(values)) => extremes::min_of_floats(values, window),
        (Operation::Min, Integers(values)) => extremes::min_of_integers(values, window),
        (Operation::Max, Floats(values)) => extremes::max_of_floats(values, window),
        (Operation::Max, Integers(values)) => extremes::max_of_integers(values, window),
        (Operation::Std, Floats(values)) => deviation::of_floats(values, window),
        (Operation::Std, Integers(values)) => deviation::of_integers(values, window),
        (Operation::Lag, Floats(values)) => shift::lag_of_floats(values, window),
        (Operation::Lag, Integers(values)) => shift::lag_of_integers(values, window),
    }
}

fn target_values(target: &Target, columns: &PriceColumns<'_>) -> ArrayRef {
    match columns.values(target.column) {
        ColumnValues::Floats(values) => Arc::new(shift::lead(values, target.lead)),
        ColumnValues::Integers(values) => Arc::new(shift::lead(values, target.lead)),
    }
}

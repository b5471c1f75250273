//! From the prices of one ticker to the columns that a schema declares.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array};
use thiserror::Error;

use crate::column::Column;
use crate::derive::NamedColumns;
use crate::operation::Operation;
use crate::prices::{ColumnValues, PriceColumns};
use crate::schema::{Feature, FeatureSchema, Target};
use crate::{deviation, extremes, mean, median, relative, shift, sum};

/// Computes the declared features in their order and the target last: the columns of [`FeatureSchema::fields`], each as
/// long as the columns of prices.
///
/// Rows must be sorted by date; order is not checked. Columns that the schema neither names nor reads through a derived
/// one are not looked at, but for their length. A derived column is made once for all features that name it.
pub fn compute(
    schema: &FeatureSchema,
    prices: &PriceColumns<'_>,
) -> Result<Vec<ArrayRef>, ComputeError> {
    check_lengths(prices)?;
    check_finite(schema, prices)?;
    let columns = NamedColumns::of(schema, prices);
    let features = schema.features().iter();
    let features = features.map(|feature| Arc::new(feature_values(feature, &columns)) as ArrayRef);
    Ok(features
        .chain([target_values(schema.target(), &columns)])
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
        /// The name of the first column whose length differs from that of Open.
        column: &'static str,
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
        /// The first column in the order of the table that has such a value and that the schema names, or reads through a
        /// derived column.
        column: Column,
        /// Its first row with such a value, counted from 0.
        row: usize,
        /// The value.
        value: f64,
    },
}

fn check_lengths(prices: &PriceColumns<'_>) -> Result<(), ComputeError> {
    let expected = prices.open.values().len();
    let rows_of = |column: Column| Some((column.name(), prices.values(column)?.rows()));
    let dates = ("Date", prices.date.values().len());
    for (column, rows) in [dates]
        .into_iter()
        .chain(Column::TABLE.into_iter().filter_map(rows_of))
    {
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

fn check_finite(schema: &FeatureSchema, prices: &PriceColumns<'_>) -> Result<(), ComputeError> {
    for column in Column::TABLE {
        let features = schema.features().iter();
        let mut read = features.flat_map(|feature| feature.column.reads());
        let is_read = schema.target().column == column || read.any(|read| *read == column);
        let Some(ColumnValues::Floats(values)) = prices.values(column).filter(|_| is_read) else {
            continue;
        };
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

fn feature_values(feature: &Feature, columns: &NamedColumns<'_>) -> Float64Array {
    let own = columns.values(feature.column);
    let values = operation_values(feature.operation, feature.window, own);
    match own {
        _ if !feature.relative => values,
        ColumnValues::Floats(own) => relative::to_floats(&values, own),
        ColumnValues::Integers(own) => relative::to_integers(&values, own),
    }
}

fn operation_values(operation: Operation, window: usize, values: ColumnValues<'_>) -> Float64Array {
    use ColumnValues::{Floats, Integers};
    match (operation, values) {
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

fn target_values(target: &Target, columns: &NamedColumns<'_>) -> ArrayRef {
    match columns.values(target.column) {
        ColumnValues::Floats(values) => Arc::new(shift::lead(values, target.lead)),
        ColumnValues::Integers(values) => Arc::new(shift::lead(values, target.lead)),
    }
}

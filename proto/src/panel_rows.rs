//! Rows of a panel as record batches, in which they travel from a worker to its coordinator.
//!
//! The columns are `symbol` (utf8), `date` (date32), `today`, `moving_average` and `target` (float32), then one column of
//! codes (uint8) for each input, `input_0` and so on. There are no nulls, and all rows of a batch are of one symbol.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Date32Type, Float32Type, UInt8Type};
use arrow_array::{
    Array, ArrayRef, Date32Array, Float32Array, RecordBatch, StringArray, UInt8Array,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use market::panel::PanelRows;
use market::symbol::Symbol;

/// Columns before those of the inputs.
pub const FIXED_COLUMNS: usize = 5;

/// The batch is not one of a ticker's panel rows.
#[derive(Debug, thiserror::Error)]
#[error("not a batch of one ticker's panel rows with {inputs} inputs: {found}")]
pub struct NotPanelRows {
    /// How many inputs were expected.
    pub inputs: usize,
    /// The schema found.
    pub found: SchemaRef,
}

/// The schema of rows with so many inputs.
pub fn schema(inputs: usize) -> SchemaRef {
    let fixed = [
        ("symbol", DataType::Utf8),
        ("date", DataType::Date32),
        ("today", DataType::Float32),
        ("moving_average", DataType::Float32),
        ("target", DataType::Float32),
    ];
    let fixed = fixed.map(|(name, kind)| Field::new(name, kind, false));
    let input = |place| Field::new(format!("input_{place}"), DataType::UInt8, false);
    let fields: Vec<Field> = fixed.into_iter().chain((0..inputs).map(input)).collect();
    Arc::new(Schema::new(fields))
}

/// The rows of a ticker as one batch.
pub fn to_batch(symbol: &Symbol, rows: &PanelRows) -> RecordBatch {
    let symbols = std::iter::repeat_n(symbol.as_str(), rows.date.len());
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(symbols)),
        Arc::new(Date32Array::from(rows.date.clone())),
        Arc::new(Float32Array::from(rows.today.clone())),
        Arc::new(Float32Array::from(rows.moving_average.clone())),
        Arc::new(Float32Array::from(rows.target.clone())),
    ];
    let codes = rows.codes.iter().cloned();
    columns.extend(codes.map(|codes| Arc::new(UInt8Array::from(codes)) as ArrayRef));
    RecordBatch::try_new(schema(rows.codes.len()), columns)
        .expect("columns of one length, typed as the schema says")
}

/// The ticker of a batch that has rows, and the rows, in its order.
pub fn from_batch(batch: &RecordBatch, inputs: usize) -> Result<(Symbol, PanelRows), NotPanelRows> {
    let not_panel_rows = || NotPanelRows {
        inputs,
        found: batch.schema(),
    };
    if batch.num_columns() != FIXED_COLUMNS + inputs
        || batch.columns().iter().any(|column| column.null_count() > 0)
    {
        return Err(not_panel_rows());
    }
    let symbols = batch.column(0).as_string_opt::<i32>();
    let mut symbols = symbols.ok_or_else(not_panel_rows)?.iter().flatten();
    let symbol = symbols.next().ok_or_else(not_panel_rows)?;
    if symbols.any(|other| other != symbol) {
        return Err(not_panel_rows());
    }
    let codes = (FIXED_COLUMNS..batch.num_columns()).map(|place| values::<UInt8Type>(batch, place));
    let rows = || {
        Some(PanelRows {
            date: values::<Date32Type>(batch, 1)?,
            today: values::<Float32Type>(batch, 2)?,
            moving_average: values::<Float32Type>(batch, 3)?,
            target: values::<Float32Type>(batch, 4)?,
            codes: codes.collect::<Option<_>>()?,
        })
    };
    let symbol = Symbol::parse(symbol).map_err(|_| not_panel_rows())?;
    Ok((symbol, rows().ok_or_else(not_panel_rows)?))
}

/// The values of a column, where it is of the type.
fn values<T: ArrowPrimitiveType>(batch: &RecordBatch, column: usize) -> Option<Vec<T::Native>> {
    let column = batch.column(column).as_primitive_opt::<T>()?;
    Some(column.values().to_vec())
}

#[cfg(test)]
mod tests {
    use super::{from_batch, schema, to_batch};
    use arrow_array::{ArrayRef, RecordBatch, StringArray};
    use market::panel::PanelRows;
    use market::symbol::Symbol;
    use std::sync::Arc;

    fn rows() -> PanelRows {
        PanelRows {
            date: vec![-3, 20_000],
            today: vec![0.0, 1e9],
            moving_average: vec![0.5, f32::MIN_POSITIVE],
            target: vec![7.0, f32::MAX],
            codes: vec![vec![0, 254], vec![127, 1], vec![3, 4]],
        }
    }

    #[test]
    fn rows_come_out_as_they_went_in() {
        let symbol = Symbol::parse("CARR#").unwrap();
        let batch = to_batch(&symbol, &rows());
        assert_eq!(from_batch(&batch, 3).unwrap(), (symbol, rows()));
        assert!(from_batch(&batch, 2).is_err());
    }

    #[test]
    fn what_is_not_of_one_ticker_is_refused() {
        assert!(from_batch(&RecordBatch::new_empty(schema(3)), 3).is_err());
        let batch = to_batch(&Symbol::parse("A").unwrap(), &rows());
        for symbols in [["A", "B"], ["../x", "../x"]] {
            let mut columns = batch.columns().to_vec();
            columns[0] = Arc::new(StringArray::from_iter_values(symbols)) as ArrayRef;
            let other = RecordBatch::try_new(batch.schema(), columns).unwrap();
            assert!(from_batch(&other, 3).is_err());
        }
    }
}

//! Sampled rows as record batches, in which they travel from a worker to its coordinator.
//!
//! The columns are `hash` (uint64), `symbol` (utf8), `date` (date32), `today` and `target` (float64), then one float64
//! column for each input, `input_0` and so on. There are no nulls.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, UInt64Type};
use arrow_array::{
    Array, ArrayRef, Date32Array, Float64Array, RecordBatch, StringArray, UInt64Array,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use market::sample::SampledRow;

/// Columns before those of the inputs.
const FIXED_COLUMNS: usize = 5;

/// The batch is not one of sampled rows.
#[derive(Debug, thiserror::Error)]
#[error("not a batch of sampled rows with {inputs} inputs: {found}")]
pub struct NotSampledRows {
    /// How many inputs were expected.
    pub inputs: usize,
    /// The schema found.
    pub found: SchemaRef,
}

/// The schema of rows with so many inputs.
pub fn schema(inputs: usize) -> SchemaRef {
    let fixed = [
        ("hash", DataType::UInt64),
        ("symbol", DataType::Utf8),
        ("date", DataType::Date32),
        ("today", DataType::Float64),
        ("target", DataType::Float64),
    ];
    let fixed = fixed.map(|(name, kind)| Field::new(name, kind, false));
    let input = |place| Field::new(format!("input_{place}"), DataType::Float64, false);
    let fields: Vec<Field> = fixed.into_iter().chain((0..inputs).map(input)).collect();
    Arc::new(Schema::new(fields))
}

/// Rows, each with so many inputs, as one batch.
pub fn to_batch(rows: &[SampledRow], inputs: usize) -> RecordBatch {
    let numbers = |get: &dyn Fn(&SampledRow) -> f64| -> ArrayRef {
        Arc::new(
            rows.iter()
                .map(|row| Some(get(row)))
                .collect::<Float64Array>(),
        )
    };
    let hashes = UInt64Array::from_iter_values(rows.iter().map(|row| row.hash));
    let symbols = StringArray::from_iter_values(rows.iter().map(|row| &row.symbol));
    let dates = Date32Array::from_iter_values(rows.iter().map(|row| row.date));
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(hashes),
        Arc::new(symbols),
        Arc::new(dates),
        numbers(&|row| row.today),
        numbers(&|row| row.target),
    ];
    columns.extend((0..inputs).map(|place| numbers(&|row| row.inputs[place])));
    RecordBatch::try_new(schema(inputs), columns)
        .expect("columns of one length, typed as the schema says")
}

/// The rows of a batch, in its order.
pub fn from_batch(batch: &RecordBatch, inputs: usize) -> Result<Vec<SampledRow>, NotSampledRows> {
    let not_sampled_rows = || NotSampledRows {
        inputs,
        found: batch.schema(),
    };
    if batch.num_columns() != FIXED_COLUMNS + inputs
        || batch.columns().iter().any(|column| column.null_count() > 0)
    {
        return Err(not_sampled_rows());
    }
    let numbers = |place: usize| batch.column(place).as_primitive_opt::<Float64Type>();
    let hashes = batch
        .column(0)
        .as_primitive_opt::<UInt64Type>()
        .ok_or_else(not_sampled_rows)?;
    let symbols = batch
        .column(1)
        .as_string_opt::<i32>()
        .ok_or_else(not_sampled_rows)?;
    let dates = batch
        .column(2)
        .as_primitive_opt::<Date32Type>()
        .ok_or_else(not_sampled_rows)?;
    let today = numbers(3).ok_or_else(not_sampled_rows)?;
    let target = numbers(4).ok_or_else(not_sampled_rows)?;
    let values: Vec<&Float64Array> = (FIXED_COLUMNS..batch.num_columns())
        .map(numbers)
        .collect::<Option<_>>()
        .ok_or_else(not_sampled_rows)?;
    let row = |row: usize| SampledRow {
        hash: hashes.value(row),
        symbol: symbols.value(row).into(),
        date: dates.value(row),
        inputs: values.iter().map(|column| column.value(row)).collect(),
        today: today.value(row),
        target: target.value(row),
    };
    Ok((0..batch.num_rows()).map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::{from_batch, schema, to_batch};
    use arrow_array::RecordBatch;
    use market::sample::SampledRow;

    #[test]
    fn rows_come_out_as_they_went_in() {
        let row = |hash, symbol: &str| SampledRow {
            hash,
            symbol: symbol.into(),
            date: -3,
            inputs: vec![f64::MIN_POSITIVE, -0.0],
            today: 1e300,
            target: 0.1,
        };
        let rows = [row(u64::MAX, "A"), row(0, "CARR#")];
        let back = from_batch(&to_batch(&rows, 2), 2).unwrap();
        for (back, row) in back.iter().zip(&rows) {
            assert_eq!(format!("{back:?}"), format!("{row:?}"));
        }
        assert_eq!(back.len(), 2);
        assert!(from_batch(&to_batch(&rows, 2), 1).is_err());
        assert!(from_batch(&RecordBatch::new_empty(schema(2)), 3).is_err());
    }
}

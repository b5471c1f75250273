//! Values of other rows: `lag` looks back and makes features, `lead` looks ahead and makes targets alone.

use arrow_array::{Array, ArrowPrimitiveType, Float64Array, Int64Array, PrimitiveArray};
use arrow_buffer::{BooleanBuffer, NullBuffer};

/// The value `rows` rows before each row; null in the first `rows` rows, and where that value is null.
pub fn lag_of_floats(column: &Float64Array, rows: usize) -> Float64Array {
    lag(column, rows, |value| value)
}

/// The value `rows` rows before each row, converted to the nearest float; null in the first `rows` rows, and where that
/// value is null.
pub fn lag_of_integers(column: &Int64Array, rows: usize) -> Float64Array {
    lag(column, rows, |value| value as f64)
}

fn lag<T: ArrowPrimitiveType>(
    column: &PrimitiveArray<T>,
    rows: usize,
    convert: impl Fn(T::Native) -> f64,
) -> Float64Array {
    let kept = column.len().saturating_sub(rows);
    let mut values = vec![0.0; column.len() - kept];
    values.extend(column.values()[..kept].iter().map(|&value| convert(value)));
    let valid = BooleanBuffer::collect_bool(column.len(), |row| {
        row >= rows && column.is_valid(row - rows)
    });
    Float64Array::new(values.into(), Some(NullBuffer::new(valid)))
}

/// The value `rows` rows after each row; null in the last `rows` rows, and where that value is null.
pub fn lead<T: ArrowPrimitiveType>(column: &PrimitiveArray<T>, rows: usize) -> PrimitiveArray<T> {
    let kept = column.len().saturating_sub(rows);
    let mut values = column.values()[column.len() - kept..].to_vec();
    values.resize(column.len(), T::Native::default());
    let valid = BooleanBuffer::collect_bool(column.len(), |row| {
        row < kept && column.is_valid(row + rows)
    });
    PrimitiveArray::new(values.into(), Some(NullBuffer::new(valid)))
}

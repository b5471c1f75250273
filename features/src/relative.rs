//! Values relative to what the row itself has.

use arrow_array::{Float64Array, Int64Array};

/// Each value less the row's own; null where either is null or the difference is not finite.
pub fn to_floats(values: &Float64Array, own: &Float64Array) -> Float64Array {
    differences(values, own.iter())
}

/// Each value less the row's own, which is converted to the nearest float; null where either is null.
pub fn to_integers(values: &Float64Array, own: &Int64Array) -> Float64Array {
    differences(values, own.iter().map(|own| own.map(|own| own as f64)))
}

fn differences(values: &Float64Array, own: impl Iterator<Item = Option<f64>>) -> Float64Array {
    let difference = |(value, own): (Option<f64>, Option<f64>)| Some(value? - own?);
    let differences = values.iter().zip(own).map(difference);
    differences
        .map(|difference| difference.filter(|difference| difference.is_finite()))
        .collect()
}

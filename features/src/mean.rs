//! Arithmetic means over windows.

use arrow_array::{Float64Array, Int64Array};

use crate::rolling::{block_sums, rolling, side_by_side};
use crate::sum::exact_sums;

/// The mean of each window: its sum as [`crate::sum::of_floats`] takes it, divided by the number of rows.
///
/// Null where the window is incomplete or has a null, or where a partial sum overflows. Values must be finite. Panics
/// where `window` is 0.
pub fn of_floats(column: &Float64Array, window: usize) -> Float64Array {
    rolling(column, window, |run, means| {
        side_by_side(run, window, means, |block| {
            block_sums(block, |_, value| value).map(|sum| sum / window as f64)
        });
    })
}

/// The mean of each window: its exact sum, converted to the nearest float once and divided once.
///
/// Null where the window is incomplete or has a null. Panics where `window` is 0.
pub fn of_integers(column: &Int64Array, window: usize) -> Float64Array {
    rolling(column, window, |run, means| {
        exact_sums(run, window, |index, sum| {
            means[index] = sum as f64 / window as f64;
        });
    })
}

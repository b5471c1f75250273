//! Sample standard deviations over windows: one degree of freedom is removed.

use arrow_array::{Float64Array, Int64Array};

use crate::rolling::{block_sums, rolling, side_by_side};
use crate::sum::exact_sums;

/// The sample standard deviation of each window, in two passes over its rows in their order: the mean as
/// [`crate::mean::of_floats`] takes it, then the squares of the distances from it.
///
/// Null where the window is incomplete or has a null, where an intermediate value overflows, and everywhere where
/// `window` is 1. Values must be finite. Panics where `window` is 0.
pub fn of_floats(column: &Float64Array, window: usize) -> Float64Array {
    rolling(column, window, |run, deviations| {
        side_by_side(run, window, deviations, |block| {
            let means = block_sums(block, |_, value| value).map(|sum| sum / window as f64);
            let squares = block_sums(block, |lane, value| {
                let distance = value - means[lane];
                distance * distance
            });
            squares.map(|sum| (sum / (window - 1) as f64).sqrt())
        });
    })
}

/// The sample standard deviation of each window, in two passes over its rows in their order: the exact sum, then the
/// squares of the distances from the mean.
///
/// Distances are taken exactly, `window` times as great as they are, so that equal values of any magnitude have a
/// deviation of zero. Null where the window is incomplete or has a null, and everywhere where `window` is 1. Panics
/// where `window` is 0.
pub fn of_integers(column: &Int64Array, window: usize) -> Float64Array {
    rolling(column, window, |run, deviations| {
        exact_sums(run, window, |index, sum| {
            let squares: f64 = run[index..index + window]
                .iter()
                .map(|&value| scaled_distance(value, sum, window).powi(2))
                .sum();
            deviations[index] = (squares / (window - 1) as f64).sqrt() / window as f64;
        });
    })
}

/// The distance of a value from the mean of its window, times the number of rows: exact but for its conversion.
fn scaled_distance(value: i64, sum: i128, window: usize) -> f64 {
    let distance = i128::from(value) * window as i128 - sum;
    match i64::try_from(distance) {
        Ok(short) => short as f64, // the same value, converted by one instruction
        Err(_) => distance as f64,
    }
}

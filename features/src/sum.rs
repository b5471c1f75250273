//! Sums over windows.

use arrow_array::{Float64Array, Int64Array};

use crate::rolling::{block_sums, rolling, side_by_side};

/// The sum of each window, its rows added in their order and afresh for each window.
///
/// Null where the window is incomplete or has a null, or where a partial sum overflows. Values must be finite. Panics
/// where `window` is 0.
pub fn of_floats(column: &Float64Array, window: usize) -> Float64Array {
    rolling(column, window, |run, sums| {
        side_by_side(run, window, sums, |block| {
            block_sums(block, |_, value| value)
        });
    })
}

/// The exact sum of each window, converted to the nearest float.
///
/// Null where the window is incomplete or has a null. Panics where `window` is 0.
pub fn of_integers(column: &Int64Array, window: usize) -> Float64Array {
    rolling(column, window, |run, sums| {
        exact_sums(run, window, |index, sum| sums[index] = sum as f64);
    })
}

/// Calls `take` with the index and the exact sum of each complete window. 2^64 rows of the greatest magnitude fit.
pub(crate) fn exact_sums(run: &[i64], window: usize, mut take: impl FnMut(usize, i128)) {
    let mut sum: i128 = run[..window - 1].iter().copied().map(i128::from).sum();
    for (index, (&leaving, &entering)) in run.iter().zip(&run[window - 1..]).enumerate() {
        sum += i128::from(entering);
        take(index, sum);
        sum -= i128::from(leaving);
    }
}

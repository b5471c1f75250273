//! Medians over windows.

use arrow_array::{Float64Array, Int64Array};

use crate::order::{key_of, value_of};
use crate::rolling::rolling;

/// The median of each window: its middle value by `f64::total_cmp`, or the mean of its two middle values.
///
/// The mean of two is half their sum, or the sum of their halves where the sum overflows. Null where the window is
/// incomplete or has a null. Values must be finite. Panics where `window` is 0.
pub fn of_floats(column: &Float64Array, window: usize) -> Float64Array {
    rolling(column, window, |run, medians| {
        let keys: Vec<i64> = run.iter().copied().map(key_of).collect();
        slide(&keys, window, medians, |low, high| {
            mean_of_two(value_of(low), value_of(high))
        });
    })
}

/// The median of each window: its middle value, or the mean of its two middle values, taken exactly and converted to
/// the nearest float.
///
/// Null where the window is incomplete or has a null. Panics where `window` is 0.
pub fn of_integers(column: &Int64Array, window: usize) -> Float64Array {
    rolling(column, window, |run, medians| {
        slide(run, window, medians, |low, high| {
            (i128::from(low) + i128::from(high)) as f64 / 2.0
        });
    })
}

fn mean_of_two(low: f64, high: f64) -> f64 {
    let sum = low + high;
    if sum.is_finite() {
        sum / 2.0
    } else {
        low / 2.0 + high / 2.0
    }
}

/// Sets each median to `mean(low, high)` of the two middle keys. Where the window is odd both are the same key, and the
/// mean of a value with itself is that value.
///
/// The window is a sorted vector: what lies between the places of the leaving and the entering key moves by one. The best
/// of the others that were measured, a bit set over ranks, is from no to a fifth faster on random walks at 30 rows (twice
/// on sorted prices) and two to three times at 1000, in four times the code (`benches/candidates`).
fn slide(keys: &[i64], window: usize, medians: &mut [f64], mean: impl Fn(i64, i64) -> f64) {
    let (first, entering) = keys.split_at(window);
    let mut sorted = first.to_vec();
    sorted.sort_unstable();
    medians[0] = mean(sorted[(window - 1) / 2], sorted[window / 2]);
    for ((median, &entering), &leaving) in medians[1..].iter_mut().zip(entering).zip(keys) {
        replace(&mut sorted, leaving, entering);
        *median = mean(sorted[(window - 1) / 2], sorted[window / 2]);
    }
}

/// Takes a key that is there out of sorted keys, and puts another one in.
fn replace(sorted: &mut [i64], leaving: i64, entering: i64) {
    let from = sorted.partition_point(|&key| key < leaving);
    let to = sorted.partition_point(|&key| key < entering);
    if from < to {
        sorted.copy_within(from + 1..to, from);
        sorted[to - 1] = entering;
    } else {
        sorted.copy_within(to..from, to + 1);
        sorted[to] = entering;
    }
}

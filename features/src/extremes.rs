//! Least and greatest values of windows.

use arrow_array::{Float64Array, Int64Array};

use crate::order::{key_of, value_of};
use crate::rolling::rolling;

/// The least value of each window, by `f64::total_cmp`: of both zeros the negative one.
///
/// Null where the window is incomplete or has a null. Values must be finite. Panics where `window` is 0.
pub fn min_of_floats(column: &Float64Array, window: usize) -> Float64Array {
    of_floats(column, window, i64::min)
}

/// The greatest value of each window, by `f64::total_cmp`: of both zeros the positive one.
///
/// Null where the window is incomplete or has a null. Values must be finite. Panics where `window` is 0.
pub fn max_of_floats(column: &Float64Array, window: usize) -> Float64Array {
    of_floats(column, window, i64::max)
}

/// The least value of each window, converted to the nearest float.
///
/// Null where the window is incomplete or has a null. Panics where `window` is 0.
pub fn min_of_integers(column: &Int64Array, window: usize) -> Float64Array {
    of_integers(column, window, i64::min)
}

/// The greatest value of each window, converted to the nearest float.
///
/// Null where the window is incomplete or has a null. Panics where `window` is 0.
pub fn max_of_integers(column: &Int64Array, window: usize) -> Float64Array {
    of_integers(column, window, i64::max)
}

fn of_floats(column: &Float64Array, window: usize, pick: fn(i64, i64) -> i64) -> Float64Array {
    rolling(column, window, |run, results| {
        let keys: Vec<i64> = run.iter().copied().map(key_of).collect();
        extremes(&keys, window, pick, |index, key| {
            results[index] = value_of(key);
        });
    })
}

fn of_integers(column: &Int64Array, window: usize, pick: fn(i64, i64) -> i64) -> Float64Array {
    rolling(column, window, |run, results| {
        extremes(run, window, pick, |index, value| {
            results[index] = value as f64;
        });
    })
}

/// Calls `take` with the index and the extreme of each complete window, in time that does not depend on the window.
///
/// Rows are cut into blocks as long as the window (van Herk, Gil and Werman). A window is the end of one block and the
/// start of the next, so its extreme is that of two: from its first row to the end of that row's block, and from the
/// start of the last row's block to the last row.
fn extremes(
    keys: &[i64],
    window: usize,
    pick: impl Fn(i64, i64) -> i64,
    mut take: impl FnMut(usize, i64),
) {
    let mut to_block_end = keys.to_vec();
    for block in to_block_end.chunks_mut(window) {
        for row in (1..block.len()).rev() {
            block[row - 1] = pick(block[row - 1], block[row]);
        }
    }
    for (block_index, block) in keys.chunks(window).enumerate() {
        let mut from_block_start = block[0];
        for (offset, &key) in block.iter().enumerate() {
            from_block_start = pick(from_block_start, key);
            let last = block_index * window + offset;
            if last + 1 >= window {
                let first = last + 1 - window;
                take(first, pick(to_block_end[first], from_block_start));
            }
        }
    }
}

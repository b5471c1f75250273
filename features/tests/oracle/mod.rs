//! The slow, obvious meaning of every operation: one window at a time, sorted or added from its first row.

use std::ops::Range;

use arrow_array::{ArrowPrimitiveType, Float64Array, Int64Array, PrimitiveArray};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// Applies `result` to the values of each complete window without nulls; null elsewhere, and where it is not finite.
pub(crate) fn windows<T: ArrowPrimitiveType>(
    column: &PrimitiveArray<T>,
    window: usize,
    result: impl Fn(&[T::Native]) -> f64,
) -> Float64Array {
    let rows: Vec<Option<T::Native>> = column.iter().collect();
    let value_at = |row: usize| {
        let first = (row + 1).checked_sub(window)?;
        let values: Option<Vec<T::Native>> = rows[first..=row].iter().copied().collect();
        Some(result(&values?)).filter(|value| value.is_finite())
    };
    (0..rows.len()).map(value_at).collect()
}

pub(crate) fn float_sum(values: &[f64]) -> f64 {
    let mut sum = values[0];
    for value in &values[1..] {
        sum += value;
    }
    sum
}

pub(crate) fn integer_sum(values: &[i64]) -> f64 {
    values.iter().map(|&value| i128::from(value)).sum::<i128>() as f64
}

pub(crate) fn float_mean(values: &[f64]) -> f64 {
    float_sum(values) / values.len() as f64
}

pub(crate) fn integer_mean(values: &[i64]) -> f64 {
    integer_sum(values) / values.len() as f64
}

pub(crate) fn float_median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
    if sorted.len() % 2 == 1 {
        low
    } else if (low + high).is_infinite() {
        low / 2.0 + high / 2.0
    } else {
        f64::midpoint(low, high)
    }
}

pub(crate) fn integer_median(values: &[i64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
    if sorted.len() % 2 == 1 {
        low as f64
    } else {
        (i128::from(low) + i128::from(high)) as f64 / 2.0
    }
}

pub(crate) fn float_min(values: &[f64]) -> f64 {
    values
        .iter()
        .copied()
        .min_by(f64::total_cmp)
        .expect("a window is not empty")
}

pub(crate) fn float_max(values: &[f64]) -> f64 {
    values
        .iter()
        .copied()
        .max_by(f64::total_cmp)
        .expect("a window is not empty")
}

pub(crate) fn integer_min(values: &[i64]) -> f64 {
    *values.iter().min().expect("a window is not empty") as f64
}

pub(crate) fn integer_max(values: &[i64]) -> f64 {
    *values.iter().max().expect("a window is not empty") as f64
}

pub(crate) fn float_std(values: &[f64]) -> f64 {
    let mean = float_mean(values);
    let mut squares = 0.0;
    for value in values {
        squares += (value - mean) * (value - mean);
    }
    (squares / (values.len() as f64 - 1.0)).sqrt()
}

pub(crate) fn integer_std(values: &[i64]) -> f64 {
    let rows = values.len() as i128;
    let sum: i128 = values.iter().map(|&value| i128::from(value)).sum();
    let mut squares = 0.0;
    for &value in values {
        let scaled_distance = (i128::from(value) * rows - sum) as f64;
        squares += scaled_distance * scaled_distance;
    }
    (squares / (rows - 1) as f64).sqrt() / rows as f64
}

/// Values and nulls as bits, so that zeros are told apart.
pub(crate) fn bits(column: &Float64Array) -> Vec<Option<u64>> {
    column.iter().map(|value| value.map(f64::to_bits)).collect()
}

fn a_price() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => (0_i32..2000).prop_map(|cents| f64::from(cents) / 100.0),
        3 => -1e3..1e3,
        2 => prop_oneof![Just(0.0), Just(-0.0)],
    ]
}

fn any_finite() -> impl Strategy<Value = f64> {
    prop_oneof![
        3 => a_price(),
        3 => any::<f64>().prop_filter("finite", |value| value.is_finite()),
        1 => prop_oneof![Just(f64::MAX), Just(f64::MIN), Just(f64::MIN_POSITIVE), Just(5e-324)],
    ]
}

fn an_integer() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => 0_i64..50,
        4 => any::<i64>(),
        1 => prop_oneof![Just(i64::MAX), Just(i64::MIN), Just(i64::MAX - 1)],
    ]
}

/// As many values as `rows` says, of which up to four are null.
fn with_nulls<V: Clone + std::fmt::Debug>(
    value: impl Strategy<Value = V>,
    rows: Range<usize>,
) -> impl Strategy<Value = Vec<Option<V>>> {
    let values = vec(value.prop_map(Some), rows);
    (values, vec(any::<Index>(), 0..=4)).prop_map(|(mut values, nulls)| {
        for null in nulls {
            if !values.is_empty() {
                let row = null.index(values.len());
                values[row] = None;
            }
        }
        values
    })
}

/// Columns as long as `rows` says: prices with ties and zeros, or any finite floats.
pub(crate) fn floats(rows: Range<usize>) -> impl Strategy<Value = Float64Array> {
    prop_oneof![
        2 => with_nulls(a_price(), rows.clone()).prop_map(Float64Array::from),
        1 => with_nulls(any_finite(), rows).prop_map(Float64Array::from),
    ]
}

/// Columns as long as `rows` says: integers with ties, of any magnitude.
pub(crate) fn integers(rows: Range<usize>) -> impl Strategy<Value = Int64Array> {
    with_nulls(an_integer(), rows).prop_map(Int64Array::from)
}

/// A window, and lengths of columns for it: sometimes any, mostly around and above the window.
pub(crate) fn window_and_rows() -> impl Strategy<Value = (usize, Range<usize>)> {
    let window = prop_oneof![6 => 1_usize..=8, 4 => 9_usize..=64, 1 => 65_usize..=1000];
    (window, proptest::bool::weighted(0.2)).prop_map(|(window, any_length)| {
        let shortest = if any_length { 0 } else { window - 1 };
        (window, shortest..window + 80)
    })
}

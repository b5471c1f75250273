//! Every kernel against its slow, obvious meaning, bit for bit.

mod oracle;

use arrow_array::{Array, Float64Array, Int64Array};
use oracle::{bits, floats, integers, window_and_rows};
use proptest::prelude::*;
use tickermill_features::{deviation, extremes, mean, median, shift, sum};

type FloatKernel = (
    &'static str,
    fn(&Float64Array, usize) -> Float64Array,
    fn(&[f64]) -> f64,
);
type IntegerKernel = (
    &'static str,
    fn(&Int64Array, usize) -> Float64Array,
    fn(&[i64]) -> f64,
);

const FLOAT_KERNELS: [FloatKernel; 6] = [
    ("mean", mean::of_floats, oracle::float_mean),
    ("median", median::of_floats, oracle::float_median),
    ("sum", sum::of_floats, oracle::float_sum),
    ("min", extremes::min_of_floats, oracle::float_min),
    ("max", extremes::max_of_floats, oracle::float_max),
    ("std", deviation::of_floats, oracle::float_std),
];

const INTEGER_KERNELS: [IntegerKernel; 6] = [
    ("mean", mean::of_integers, oracle::integer_mean),
    ("median", median::of_integers, oracle::integer_median),
    ("sum", sum::of_integers, oracle::integer_sum),
    ("min", extremes::min_of_integers, oracle::integer_min),
    ("max", extremes::max_of_integers, oracle::integer_max),
    ("std", deviation::of_integers, oracle::integer_std),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn float_kernels_are_what_they_say(
        (window, column) in window_and_rows().prop_flat_map(|(window, rows)| (Just(window), floats(rows))),
    ) {
        for (name, kernel, meaning) in FLOAT_KERNELS {
            let expected = oracle::windows(&column, window, meaning);
            prop_assert_eq!(bits(&kernel(&column, window)), bits(&expected), "{}", name);
        }
    }

    #[test]
    fn integer_kernels_are_what_they_say(
        (window, column) in window_and_rows().prop_flat_map(|(window, rows)| (Just(window), integers(rows))),
    ) {
        for (name, kernel, meaning) in INTEGER_KERNELS {
            let expected = oracle::windows(&column, window, meaning);
            prop_assert_eq!(bits(&kernel(&column, window)), bits(&expected), "{}", name);
        }
    }

    #[test]
    fn shifts_are_what_they_say(prices in floats(0..60), counts in integers(0..60), rows in 1_usize..80) {
        let price_at = |row: Option<usize>| row.filter(|&row| row < prices.len() && prices.is_valid(row)).map(|row| prices.value(row));
        let count_at = |row: Option<usize>| row.filter(|&row| row < counts.len() && counts.is_valid(row)).map(|row| counts.value(row));
        let lagged: Float64Array = (0..prices.len()).map(|row| price_at(row.checked_sub(rows))).collect();
        let led: Float64Array = (0..prices.len()).map(|row| price_at(Some(row + rows))).collect();
        let counts_lagged: Float64Array =
            (0..counts.len()).map(|row| count_at(row.checked_sub(rows)).map(|count| count as f64)).collect();
        let counts_led: Int64Array = (0..counts.len()).map(|row| count_at(Some(row + rows))).collect();
        prop_assert_eq!(bits(&shift::lag_of_floats(&prices, rows)), bits(&lagged));
        prop_assert_eq!(bits(&shift::lead(&prices, rows)), bits(&led));
        prop_assert_eq!(bits(&shift::lag_of_integers(&counts, rows)), bits(&counts_lagged));
        prop_assert_eq!(shift::lead(&counts, rows), counts_led);
    }

    /// A batch with the window's rows before it gives the bits that the whole column gives.
    #[test]
    fn values_depend_on_their_window_alone(
        prices in floats(0..200), counts in integers(0..200), window in 1_usize..40, start in 0_usize..200, rows in 1_usize..100,
    ) {
        for (name, kernel, _) in FLOAT_KERNELS {
            let (whole, part) = whole_and_part(prices.len(), window, start, rows, |first, length| kernel(&prices.slice(first, length), window));
            prop_assert_eq!(whole, part, "{} of floats", name);
        }
        for (name, kernel, _) in INTEGER_KERNELS {
            let (whole, part) = whole_and_part(counts.len(), window, start, rows, |first, length| kernel(&counts.slice(first, length), window));
            prop_assert_eq!(whole, part, "{} of integers", name);
        }
    }
}

/// The bits of some rows, computed in the whole column and in a slice that starts `window - 1` rows before them.
fn whole_and_part(
    column_rows: usize,
    window: usize,
    start: usize,
    rows: usize,
    compute: impl Fn(usize, usize) -> Float64Array,
) -> (Vec<Option<u64>>, Vec<Option<u64>>) {
    let end = (start + rows).min(column_rows);
    let start = start.clamp((window - 1).min(end), end);
    let before = (window - 1).min(start);
    let whole = compute(0, column_rows).slice(start, end - start);
    let part = compute(start - before, end - start + before).slice(before, end - start);
    (bits(&whole), bits(&part))
}

type Pattern = (&'static str, fn(i32) -> f64);

#[test]
fn medians_of_adversarial_patterns() {
    let rows = 400_i32;
    let patterns: [Pattern; 6] = [
        ("sorted", f64::from),
        ("reversed", |row| f64::from(-row)),
        ("constant", |_| 2.5),
        ("alternating", |row| {
            if row % 2 == 0 {
                f64::from(row)
            } else {
                f64::from(-row)
            }
        }),
        ("zeros", |row| if row % 3 == 0 { 0.0 } else { -0.0 }),
        ("saw", |row| f64::from(row % 17)),
    ];
    for (name, pattern) in patterns {
        let column: Float64Array = (0..rows).map(|row| Some(pattern(row))).collect();
        for window in [1, 2, 3, 29, 30, 31, 128, 399, 400, 401] {
            let expected = oracle::windows(&column, window, oracle::float_median);
            let medians = median::of_floats(&column, window);
            assert_eq!(bits(&medians), bits(&expected), "{name}, window {window}");
        }
    }
}

#[test]
fn edges_are_as_documented() {
    let huge = Float64Array::from(vec![f64::MAX, f64::MAX]);
    assert_eq!(
        sum::of_floats(&huge, 2),
        Float64Array::from(vec![None, None]),
        "a sum that overflows is null"
    );
    assert_eq!(
        median::of_floats(&huge, 2),
        Float64Array::from(vec![None, Some(f64::MAX)])
    );
    let counts = Int64Array::from(vec![i64::MAX, i64::MAX, i64::MAX - 1]);
    assert_eq!(
        deviation::of_integers(&counts, 1).null_count(),
        3,
        "one row has no sample deviation"
    );
    assert_eq!(
        deviation::of_integers(&counts, 2),
        Float64Array::from(vec![None, Some(0.0), Some(0.5_f64.sqrt())])
    );
    let zeros = Float64Array::from(vec![-0.0, -0.0, 0.0]);
    assert_eq!(
        bits(&sum::of_floats(&zeros, 2))[1],
        Some((-0.0_f64).to_bits())
    );
    assert_eq!(
        bits(&extremes::max_of_floats(&zeros, 2))[2],
        Some(0.0_f64.to_bits())
    );
    assert_eq!(
        median::of_floats(&Float64Array::from(Vec::<f64>::new()), 30).len(),
        0
    );
}

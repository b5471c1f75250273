//! How long the kernels take for a column of [`ROWS`] rows, and what the median's candidates took.
//!
//! `cargo bench -p tickermill-features -- --noplot`; the throughput is in rows.

mod candidates;

use std::hint::black_box;

use arrow_array::{Float64Array, Int64Array};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tickermill_features::{deviation, extremes, mean, median, shift, sum};

const ROWS: usize = 10_000;

type FloatKernel = (&'static str, fn(&Float64Array, usize) -> Float64Array);
type IntegerKernel = (&'static str, fn(&Int64Array, usize) -> Float64Array);

const FLOAT_KERNELS: [FloatKernel; 7] = [
    ("mean", mean::of_floats),
    ("median", median::of_floats),
    ("sum", sum::of_floats),
    ("min", extremes::min_of_floats),
    ("max", extremes::max_of_floats),
    ("std", deviation::of_floats),
    ("lag", shift::lag_of_floats),
];

const INTEGER_KERNELS: [IntegerKernel; 7] = [
    ("mean", mean::of_integers),
    ("median", median::of_integers),
    ("sum", sum::of_integers),
    ("min", extremes::min_of_integers),
    ("max", extremes::max_of_integers),
    ("std", deviation::of_integers),
    ("lag", shift::lag_of_integers),
];

/// A xorshift generator: the same numbers in every run.
fn noise() -> impl Iterator<Item = u64> {
    let mut state = 88_172_645_463_325_252_u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    })
}

/// A random walk in whole cents that moves up to 2% a row, as a price does.
fn prices() -> Vec<f64> {
    let mut price = 100.0_f64;
    let step = |bits: u64| {
        price *= 1.0 + ((bits % 2001) as f64 - 1000.0) / 50_000.0;
        (price * 100.0).round() / 100.0
    };
    noise().take(ROWS).map(step).collect()
}

fn volumes() -> Vec<i64> {
    noise()
        .take(ROWS)
        .map(|bits| (bits % 50_000_000) as i64)
        .collect()
}

fn kernels(criterion: &mut Criterion) {
    let prices = Float64Array::from(prices());
    let volumes = Int64Array::from(volumes());
    let mut group = criterion.benchmark_group("kernel");
    group.throughput(Throughput::Elements(ROWS as u64));
    for window in [30, 250, 1000] {
        for (name, kernel) in FLOAT_KERNELS {
            let id = BenchmarkId::new(format!("{name} of floats"), window);
            group.bench_function(id, |bencher| {
                bencher.iter(|| kernel(black_box(&prices), window));
            });
        }
        for (name, kernel) in INTEGER_KERNELS {
            let id = BenchmarkId::new(format!("{name} of integers"), window);
            group.bench_function(id, |bencher| {
                bencher.iter(|| kernel(black_box(&volumes), window));
            });
        }
    }
    group.finish();
}

/// Candidates get integers of the order of the prices: a positive float is ordered as its bits are.
fn median_candidates(criterion: &mut Criterion) {
    let walk: Vec<i64> = prices()
        .into_iter()
        .map(|price| price.to_bits() as i64)
        .collect();
    let shuffled: Vec<i64> = noise().take(ROWS).map(|bits| (bits >> 1) as i64).collect();
    let sorted: Vec<i64> = (0..ROWS as i64).collect();
    for (pattern, keys) in [("walk", walk), ("shuffled", shuffled), ("sorted", sorted)] {
        let mut group = criterion.benchmark_group(format!("median of {pattern}"));
        group.throughput(Throughput::Elements(ROWS as u64));
        for window in [5, 30, 250, 1000] {
            for (name, candidate) in candidates::CANDIDATES {
                candidates::check(candidate, &keys, window);
                group.bench_function(BenchmarkId::new(name, window), |bencher| {
                    bencher.iter(|| {
                        let mut medians = Vec::with_capacity(ROWS);
                        candidate(black_box(&keys), window, &mut |low, high| {
                            medians.push((low, high));
                        });
                        medians
                    });
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, kernels, median_candidates);
criterion_main!(benches);

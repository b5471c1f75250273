//! Boosting 100 trees of 63 leaves on 200,000 rows of 20 inputs.

#[path = "../tests/synthetic/panel.rs"]
mod synthetic_panel;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rayon::ThreadPoolBuilder;
use tickermill_model::boost::{BoostParameters, BoostRows, Booster};
use tickermill_model::hessboost::Hessboost;

const ROWS: usize = 200_000;
const INPUTS: usize = 20;

fn boost(criterion: &mut Criterion) {
    let (panel, _) = synthetic_panel::panel(ROWS, INPUTS, 1);
    let positions: Vec<u32> = (0..ROWS as u32).collect();
    let rows = BoostRows::new(&panel, &positions).expect("labels and inputs change");
    let parameters = BoostParameters::default();

    let mut group = criterion.benchmark_group("boost");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(ROWS as u64));
    for threads in [1, 2] {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool");
        group.bench_function(format!("hessboost, {threads} threads"), |bencher| {
            bencher.iter(|| {
                pool.install(|| Hessboost.fit(rows, &parameters, &|_| {}))
                    .expect("valid rows")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, boost);
criterion_main!(benches);

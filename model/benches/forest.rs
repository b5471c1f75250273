//! Training, writing and predicting at the size of the mission: 100 trees on 8,000 rows of two features.

#[path = "../tests/synthetic/mod.rs"]
mod synthetic;

use criterion::{Criterion, criterion_group, criterion_main};
use rayon::ThreadPoolBuilder;
use std::collections::BTreeMap;
use tickermill_model::onnx;
use tickermill_model::parameters::ForestParameters;
use tickermill_model::train::train;

fn forest(criterion: &mut Criterion) {
    let table = synthetic::table(8_000, 1);
    let rows: Vec<usize> = (0..table.row_count()).collect();
    let parameters = ForestParameters::default();
    let train_once = || {
        train(
            table.features(),
            table.target(),
            &rows,
            &parameters,
            &|_| {},
        )
        .expect("valid table")
    };

    let mut group = criterion.benchmark_group("forest");
    group.sample_size(10);
    for threads in [1, 2] {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool");
        group.bench_function(
            format!("train 100 trees on 8,000 rows, {threads} threads"),
            |bencher| {
                bencher.iter(|| pool.install(train_once));
            },
        );
    }

    let trained = train_once();
    let description = onnx::Description {
        model_name: "volume-forest",
        doc_string: "",
        metadata: &BTreeMap::new(),
    };
    group.bench_function("write ONNX", |bencher| {
        bencher.iter(|| onnx::write(&trained, &description));
    });
    let written = onnx::write(&trained, &description);
    group.bench_function("read ONNX", |bencher| bencher.iter(|| onnx::read(&written)));

    let unseen = synthetic::table(10_000, 2);
    let unseen_rows: Vec<usize> = (0..unseen.row_count()).collect();
    group.bench_function("predict 10,000 rows", |bencher| {
        bencher.iter(|| trained.predict_rows(unseen.features(), &unseen_rows));
    });
    group.finish();
}

criterion_group!(benches, forest);
criterion_main!(benches);

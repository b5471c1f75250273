//! Predicting with a forest of 1.0e6 nodes, of 100 trees: the plain walk and the walker, for rows that were not seen.
//!
//! Time is given for 4,096 rows.

#[path = "../tests/synthetic/mod.rs"]
mod synthetic;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::collections::BTreeMap;
use tickermill_model::onnx;
use tickermill_model::parameters::ForestParameters;
use tickermill_model::train::train;
use tickermill_model::walker::Walker;

const ROWS: usize = 4_096;

fn walker(criterion: &mut Criterion) {
    let table = synthetic::table(8_000, 1);
    let rows: Vec<usize> = (0..table.row_count()).collect();
    let parameters = ForestParameters {
        min_rows_per_leaf: 1,
        ..ForestParameters::default()
    };
    let forest = train(
        table.features(),
        table.target(),
        &rows,
        &parameters,
        &|_| {},
    )
    .expect("valid table");
    let walker = Walker::new(&forest);

    let unseen = synthetic::table(ROWS, 2);
    let rows: Vec<f32> = (0..ROWS)
        .flat_map(|row| unseen.features().row(row))
        .collect();
    let columns = unseen.features().column_count();
    let mut predictions = vec![0.0; ROWS];

    let mut group = criterion.benchmark_group(format!("walker, {} nodes", forest.node_count()));
    group
        .sample_size(10)
        .throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("plain walk", |bencher| {
        bencher.iter(|| {
            for (row, prediction) in rows.chunks(columns).zip(&mut predictions) {
                *prediction = forest.predict(row);
            }
        });
    });
    group.bench_function("single rows", |bencher| {
        bencher.iter(|| {
            for (row, prediction) in rows.chunks(columns).zip(&mut predictions) {
                *prediction = walker.predict(row);
            }
        });
    });
    for batch in [64, 1_024] {
        group.bench_function(format!("batches of {batch}"), |bencher| {
            bencher.iter(|| {
                let batches = predictions.chunks_mut(batch);
                for (rows, predictions) in rows.chunks(batch * columns).zip(batches) {
                    walker.predict_rows(rows, predictions);
                }
            });
        });
    }
    group.finish();

    let description = onnx::Description {
        model_name: "volume-forest",
        doc_string: "",
        metadata: &BTreeMap::new(),
    };
    let written = onnx::write(&forest, &description);
    let mut group = criterion.benchmark_group("load");
    group.sample_size(10);
    group.bench_function("read ONNX", |bencher| bencher.iter(|| onnx::read(&written)));
    group.bench_function("make the walker", |bencher| {
        bencher.iter(|| Walker::new(&forest));
    });
    group.finish();
}

criterion_group!(benches, walker);
criterion_main!(benches);

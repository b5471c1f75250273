//! Reading a price file, computing its features, and writing its feature file: `cargo bench -p tickermill-bench`.

use std::fs;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use features::schema::FeatureSchema;
use market::csv::read_price_file;
use market::feature_file::FeatureTable;
use market::symbol::Symbol;
use market::synth::{SyntheticMarket, write_market};
use market::table::PriceTable;

const ROWS: usize = 3_500;

/// The bytes of the longest price file of a small market.
fn price_file() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let market = SyntheticMarket {
        tickers: 4,
        rows_per_ticker: ROWS,
        seed: 1,
        faults: false,
    };
    write_market(folder.path(), &market, &|_| ()).expect("the market is written");
    ["stocks", "etfs"]
        .iter()
        .flat_map(|name| fs::read_dir(folder.path().join(name)).expect("a folder of the market"))
        .map(|entry| fs::read(entry.expect("an entry").path()).expect("a price file"))
        .max_by_key(Vec::len)
        .map(|bytes| first_rows(&bytes))
        .expect("the market has files")
}

fn first_rows(bytes: &[u8]) -> Vec<u8> {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    lines.take(1 + ROWS).flatten().copied().collect()
}

fn feature_table(table: PriceTable) -> FeatureTable {
    let symbol = Symbol::parse("BENCH").expect("a symbol");
    let name = Some("Bench Holdings, Inc. Common Stock");
    FeatureTable::compute(table, &symbol, name, &FeatureSchema::default()).expect("a good table")
}

fn market(criterion: &mut Criterion) {
    let file = price_file();
    let table = read_price_file(&file).expect("a good file").table;

    let mut group = criterion.benchmark_group("market");
    group.throughput(Throughput::Bytes(file.len() as u64));
    group.bench_function("read_price_file", |bencher| {
        bencher.iter(|| read_price_file(black_box(&file)));
    });
    group.throughput(Throughput::Elements(table.rows() as u64));
    group.bench_function("compute_features", |bencher| {
        bencher.iter_batched(|| table.clone(), feature_table, BatchSize::SmallInput);
    });
    let features = feature_table(table);
    group.bench_function("encode_feature_file", |bencher| {
        bencher.iter(|| black_box(&features).encode());
    });
    group.finish();
}

criterion_group!(benches, market);
criterion_main!(benches);

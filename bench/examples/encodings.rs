//! Time and size of ways to write feature files: `cargo run --release -p tickermill-bench --example encodings FOLDER`.
//!
//! FOLDER holds stocks/*.csv and etfs/*.csv. Each way encodes every file five times, on one thread; the least and the median time are
//! shown. On a machine that does other work too, the least says more.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use arrow_array::RecordBatch;
use arrow_schema::DataType;
use features::schema::FeatureSchema;
use market::csv::read_price_file;
use market::feature_file::FeatureTable;
use market::symbol::Symbol;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

const REPETITIONS: usize = 5;

/// A way to write with the library's writer: how floats and integers are encoded, `None` for a dictionary.
struct Candidate {
    floats: Option<Encoding>,
    integers: Option<Encoding>,
    compression: Compression,
}

impl Candidate {
    fn all() -> Result<Vec<Self>> {
        let zstd = Compression::ZSTD(ZstdLevel::try_new(1)?);
        let (plain, streams) = (Some(Encoding::PLAIN), Some(Encoding::BYTE_STREAM_SPLIT));
        let delta = Some(Encoding::DELTA_BINARY_PACKED);
        let mut candidates = Vec::new();
        for (floats, integers) in [
            (plain, plain),
            (None, None),
            (plain, delta),
            (streams, streams),
            (streams, delta),
        ] {
            for compression in [
                Compression::UNCOMPRESSED,
                Compression::SNAPPY,
                Compression::LZ4_RAW,
                zstd,
            ] {
                candidates.push(Self {
                    floats,
                    integers,
                    compression,
                });
            }
        }
        Ok(candidates)
    }

    fn name(&self) -> String {
        let name = |encoding: Option<Encoding>| {
            encoding.map_or_else(|| "dictionary".to_owned(), |encoding| encoding.to_string())
        };
        let (floats, integers) = (name(self.floats), name(self.integers));
        format!("{floats}, {integers}, {}", self.compression)
    }

    fn encode(&self, batch: &RecordBatch) -> Result<usize> {
        let mut properties = WriterProperties::builder()
            .set_compression(self.compression)
            .set_offset_index_disabled(true);
        for field in batch.schema().fields() {
            let encoding = match field.data_type() {
                DataType::Float64 => self.floats,
                DataType::Int64 | DataType::Date32 => self.integers,
                _ => None,
            };
            let path = ColumnPath::from(field.name().as_str());
            properties = properties.set_column_dictionary_enabled(path.clone(), encoding.is_none());
            if let Some(encoding) = encoding {
                properties = properties.set_column_encoding(path, encoding);
            }
        }
        let options = ArrowWriterOptions::new()
            .with_properties(properties.build())
            .with_skip_arrow_metadata(true);
        let mut writer = ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), options)?;
        writer.write(batch)?;
        Ok(writer.into_inner()?.len())
    }
}

fn main() -> Result<()> {
    let folder = std::env::args().nth(1).context("usage: encodings FOLDER")?;
    let tables = feature_tables(Path::new(&folder))?;
    let rows: usize = tables.iter().map(|table| table.batch().num_rows()).sum();
    println!("{} files, {rows} rows\n", tables.len());
    println!("| floats, integers, compression | least s | median s | MB |");
    println!("| --- | ---: | ---: | ---: |");
    report("tickermill", &tables, |table| Ok(table.encode().len()))?;
    for candidate in Candidate::all()? {
        report(&candidate.name(), &tables, |table| {
            candidate.encode(table.batch())
        })?;
    }
    Ok(())
}

fn feature_tables(folder: &Path) -> Result<Vec<FeatureTable>> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for name in ["stocks", "etfs"] {
        for entry in std::fs::read_dir(folder.join(name))? {
            paths.push(entry?.path());
        }
    }
    paths.sort();
    let symbol = Symbol::parse("BENCH")?;
    let schema = FeatureSchema::default();
    let mut tables = Vec::with_capacity(paths.len());
    for path in paths {
        let Ok(file) = read_price_file(&std::fs::read(&path)?) else {
            continue; // quarantined
        };
        let name = Some("Bench Holdings, Inc. Common Stock");
        tables.push(FeatureTable::compute(file.table, &symbol, name, &schema)?);
    }
    Ok(tables)
}

/// Prints a line of the table: the times for all files, and their size.
#[expect(clippy::disallowed_methods, reason = "measures time")]
fn report(
    name: &str,
    tables: &[FeatureTable],
    encode: impl Fn(&FeatureTable) -> Result<usize>,
) -> Result<()> {
    let mut times: Vec<Duration> = Vec::with_capacity(REPETITIONS);
    let mut bytes = 0;
    for _ in 0..REPETITIONS {
        let start = Instant::now();
        bytes = 0;
        for table in tables {
            bytes += encode(table)?;
        }
        times.push(start.elapsed());
    }
    times.sort();
    let [least, median] = [0, REPETITIONS / 2].map(|place| times[place].as_secs_f64());
    let megabytes = bytes as f64 / 1e6;
    println!("| {name} | {least:.3} | {median:.3} | {megabytes:.1} |");
    Ok(())
}

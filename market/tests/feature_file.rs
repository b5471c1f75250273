//! Feature files against Parquet's own reader.
#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, BinaryArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
    UInt64Array,
};
use arrow_schema::{DataType, Field, Schema};
use arrow_select::concat::concat_batches;
use bytes::Bytes;
use features::schema::FeatureSchema;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::statistics::Statistics;
use proptest::collection::vec;
use proptest::prelude::*;
use tickermill_market::feature_file::{FeatureTable, encode, read_columns};
use tickermill_market::feature_rows::{BATCH_ROWS, FeatureRows, file_schema};
use tickermill_market::symbol::Symbol;
use tickermill_market::table::PriceTable;

fn table(rows: usize) -> PriceTable {
    let mut table = PriceTable::with_capacity(rows);
    for row in 0..rows {
        let price = f64::from((row as f32 * 0.37).sin() + 20.0);
        table.date.push(10_000 + row as i32);
        table.open.push(price);
        table.high.push(price * 1.25);
        table.low.push(price * 0.75);
        table.close.push(if row == 3 { 0.0 } else { price });
        table.adj_close.push(-price);
        table.volume.push(row as i64 * 1_000_003 % 7_919);
    }
    table
}

fn feature_table(rows: usize, name: Option<&str>) -> FeatureTable {
    let symbol = Symbol::parse("TRUE").unwrap();
    FeatureTable::compute(table(rows), &symbol, name, &FeatureSchema::default()).unwrap()
}

fn read_back(file: Bytes) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let schema = reader.schema().clone();
    let batches: Vec<_> = reader.with_batch_size(1 << 20).build().unwrap().collect();
    match batches.into_iter().next() {
        Some(batch) => batch.unwrap(),
        None => RecordBatch::new_empty(schema),
    }
}

/// Asserts that the columns hold the same values and nulls; what memory has as dictionaries is read as strings.
fn assert_same(read: &RecordBatch, written: &RecordBatch) {
    assert_eq!(read.num_rows(), written.num_rows());
    assert_eq!(read.num_columns(), written.num_columns());
    for (index, field) in written.schema().fields().iter().enumerate() {
        let (read_column, column) = (read.column(index), written.column(index));
        assert_eq!(read.schema().field(index).name(), field.name());
        assert_eq!(
            read.schema().field(index).is_nullable(),
            field.is_nullable()
        );
        let DataType::Dictionary(..) = column.data_type() else {
            assert_eq!(read_column, column, "{}", field.name());
            continue;
        };
        let strings = column.as_any_dictionary();
        let names = strings.values().as_string::<i32>();
        for row in 0..column.len() {
            let name = column.is_valid(row).then(|| names.value(0));
            let read_name = read_column
                .is_valid(row)
                .then(|| read_column.as_string::<i32>().value(row));
            assert_eq!(read_name, name, "{} {row}", field.name());
        }
    }
}

#[test]
fn reads_back_what_was_written() {
    for rows in [0, 1, 29, 30, 31, 1000] {
        for name in [Some("A Name, Inc."), None] {
            let table = feature_table(rows, name);
            let file = table.encode();
            assert_same(&read_back(file.clone()), table.batch());
            assert_eq!(
                file,
                feature_table(rows, name).encode(),
                "the same bytes twice"
            );
            let raw = read_back(table.encode_raw());
            assert_eq!(raw.num_columns(), 9);
            assert_eq!(raw.num_rows(), rows);
        }
    }
}

#[test]
fn columns_have_the_order_and_the_types_that_readers_are_promised() {
    let read = read_back(feature_table(40, Some("A Name")).encode());
    let schema = read.schema();
    let types: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| (field.name().as_str(), field.data_type().clone()))
        .collect();
    let want = [
        ("Date", DataType::Date32),
        ("Open", DataType::Float64),
        ("High", DataType::Float64),
        ("Low", DataType::Float64),
        ("Close", DataType::Float64),
        ("Adj Close", DataType::Float64),
        ("Volume", DataType::Int64),
        ("Symbol", DataType::Utf8),
        ("Security Name", DataType::Utf8),
        ("vol_moving_avg", DataType::Float64),
        ("adj_close_rolling_med", DataType::Float64),
        ("next_day_volume", DataType::Int64),
    ];
    assert_eq!(types, want);
}

#[test]
fn the_footer_bounds_every_column_and_holds_no_arrow_schema() {
    let file = SerializedFileReader::new(feature_table(40, None).encode()).unwrap();
    let metadata = file.metadata();
    assert_eq!(metadata.file_metadata().key_value_metadata(), None);
    assert_eq!(metadata.num_row_groups(), 1);
    let row_group = metadata.row_group(0);
    let statistics = |column: usize| row_group.column(column).statistics().unwrap();
    let Statistics::Int32(dates) = statistics(0) else {
        panic!("dates are int32");
    };
    assert_eq!(
        (dates.min_opt(), dates.max_opt()),
        (Some(&10_000), Some(&10_039))
    );
    let Statistics::Double(closes) = statistics(4) else {
        panic!("prices are float64");
    };
    // A least price of zero stands for both zeros.
    assert_eq!(closes.min_opt().unwrap().to_bits(), (-0.0_f64).to_bits());
    assert_eq!(statistics(7).min_bytes_opt(), Some(&b"TRUE"[..]));
    assert_eq!(statistics(8).null_count_opt(), Some(40));
    assert_eq!(statistics(8).min_bytes_opt(), None);
    assert_eq!(statistics(9).null_count_opt(), Some(29));
    assert_eq!(statistics(11).null_count_opt(), Some(1));
}

#[test]
fn named_columns_are_read_alone_and_absent_ones_are_named() {
    let file = feature_table(40, None).encode();
    let batches = read_columns(file.clone(), &["Date", "vol_moving_avg"]).unwrap();
    assert_eq!(batches[0].num_columns(), 2);
    let error = read_columns(file, &["vol_moving_sum"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the feature file has no column `vol_moving_sum`"
    );
    assert!(read_columns(Bytes::from_static(b"PAR1"), &["Date"]).is_err());
}

fn column(array: ArrayRef) -> (ArrayRef, bool) {
    let nullable = array.null_count() > 0;
    (array, nullable)
}

proptest! {
    #[test]
    fn any_table_is_read_back(rows in vec(any::<(Option<f64>, Option<i64>, Option<i32>, Option<u64>, Option<String>, Option<Vec<u8>>)>(), 1..300)) {
        let columns = [
            column(Arc::new(rows.iter().map(|row| row.0).collect::<Float64Array>())),
            column(Arc::new(rows.iter().map(|row| row.1).collect::<Int64Array>())),
            column(Arc::new(rows.iter().map(|row| row.2).collect::<Date32Array>())),
            column(Arc::new(rows.iter().map(|row| row.3).collect::<UInt64Array>())),
            column(Arc::new(rows.iter().map(|row| row.4.as_deref()).collect::<StringArray>())),
            column(Arc::new(rows.iter().map(|row| row.5.as_deref()).collect::<BinaryArray>())),
        ];
        let field = |(index, (array, nullable)): (usize, &(ArrayRef, bool))| {
            Field::new(index.to_string(), array.data_type().clone(), *nullable)
        };
        let fields: Vec<Field> = columns.iter().enumerate().map(field).collect();
        let arrays = columns.into_iter().map(|(array, _)| array).collect();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap();
        let read = read_back(encode(&batch));
        prop_assert_eq!(read.column(1).as_primitive::<Int64Type>(), batch.column(1).as_primitive::<Int64Type>());
        prop_assert_eq!(read.column(2).as_primitive::<Date32Type>(), batch.column(2).as_primitive::<Date32Type>());
        for index in 3..6 {
            prop_assert_eq!(read.column(index), batch.column(index));
        }
        let bits = |batch: &RecordBatch| -> Vec<Option<u64>> {
            batch.column(0).as_primitive::<Float64Type>().iter().map(|value| value.map(f64::to_bits)).collect()
        };
        prop_assert_eq!(bits(&read), bits(&batch));
    }
}

fn rows_of(file: Bytes, names: &[&str], days: Option<RangeInclusive<i32>>) -> Vec<RecordBatch> {
    let rows = FeatureRows::open(file, names, days).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn the_schema_of_a_file_is_known_without_it() {
    let file = feature_table(40, Some("True Name")).encode();
    let schema = file_schema(&FeatureSchema::default());
    assert_eq!(*read_back(file).schema(), schema);
}

#[test]
fn rows_come_in_small_batches_with_the_columns_in_the_order_asked_for() {
    let file = feature_table(20_000, None).encode();
    let whole = read_back(file.clone());
    let batches = rows_of(file, &["Volume", "Date", "Symbol"], None);
    let (last, others) = batches.split_last().unwrap();
    assert!(others.iter().all(|batch| batch.num_rows() == BATCH_ROWS));
    assert_eq!(last.num_rows(), 20_000 % BATCH_ROWS);
    let asked_for = whole.project(&[6, 0, 7]).unwrap();
    assert_eq!(
        concat_batches(&asked_for.schema(), &batches).unwrap(),
        asked_for
    );
}

#[test]
fn dates_are_a_slice_whether_or_not_their_column_is_asked_for() {
    let file = feature_table(20_000, None).encode();
    let whole = read_back(file.clone());
    for (days, first, rows) in [
        (10_000..=10_000, 0, 1),
        (9_000..=10_002, 0, 3),
        (18_100..=18_300, 8_100, 201),
        (29_999..=40_000, 19_999, 1),
        (30_000..=40_000, 0, 0),
        (0..=9_999, 0, 0),
        (i32::MIN..=i32::MAX, 0, 20_000),
    ] {
        let want = whole.project(&[11]).unwrap().slice(first, rows);
        let read = rows_of(file.clone(), &["next_day_volume"], Some(days.clone()));
        let read = concat_batches(&want.schema(), &read).unwrap();
        assert_eq!(read, want, "{days:?}");
    }
}

#[test]
fn rows_of_what_is_no_feature_file_are_refused() {
    let file = feature_table(40, None).encode();
    let no_such_column = FeatureRows::open(file.clone(), &["volume"], None)
        .err()
        .unwrap();
    assert_eq!(
        no_such_column.to_string(),
        "the feature file has no column `volume`"
    );
    assert!(FeatureRows::open(file.slice(..file.len() - 9), &["Date"], None).is_err());
}

//! The rows of a feature file, decoded as they are asked for.

use std::ops::RangeInclusive;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type};
use arrow_array::{Array, ArrowPrimitiveType, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use features::schema::FeatureSchema;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};

use crate::feature_file::ReadFeaturesError;
use crate::table::PriceTable;

/// The most rows of a batch: some 250 KB. Larger ones are hardly faster to read, and each reader has several in memory.
pub const BATCH_ROWS: usize = 2_048;

/// The column that rows are ordered by.
const DATE: &str = "Date";

/// The columns of prices, in the order of the file.
const PRICES: [&str; 5] = ["Open", "High", "Low", "Close", "Adj Close"];

/// The column of shares traded.
const VOLUME: &str = "Volume";

/// The columns of a feature file as its readers see them, in order.
///
/// They are those of [`FeatureTable::compute`](crate::feature_file::FeatureTable::compute), with texts as plain utf8.
pub fn file_schema(features: &FeatureSchema) -> Schema {
    let required = |name, data_type| Field::new(name, data_type, false);
    let mut fields = vec![required(DATE, DataType::Date32)];
    for price in PRICES {
        fields.push(required(price, DataType::Float64));
    }
    fields.push(required(VOLUME, DataType::Int64));
    fields.push(required("Symbol", DataType::Utf8));
    fields.push(Field::new("Security Name", DataType::Utf8, true));
    fields.extend(features.fields());
    Schema::new(fields)
}

/// The daily prices of a feature file, from which its features can be computed again, or others.
pub fn read_prices(file: Bytes) -> Result<PriceTable, ReadFeaturesError> {
    let [open, high, low, close, adj_close] = PRICES;
    let names = [DATE, open, high, low, close, adj_close, VOLUME];
    let mut table = PriceTable::default();
    for batch in FeatureRows::open(file, &names, None)? {
        let batch = batch?;
        append::<Date32Type>(&mut table.date, &batch, 0)?;
        append::<Float64Type>(&mut table.open, &batch, 1)?;
        append::<Float64Type>(&mut table.high, &batch, 2)?;
        append::<Float64Type>(&mut table.low, &batch, 3)?;
        append::<Float64Type>(&mut table.close, &batch, 4)?;
        append::<Float64Type>(&mut table.adj_close, &batch, 5)?;
        append::<Int64Type>(&mut table.volume, &batch, 6)?;
    }
    Ok(table)
}

/// Appends a column, which must have the type and no nulls, as the files that this program writes.
fn append<T: ArrowPrimitiveType>(
    values: &mut Vec<T::Native>,
    batch: &RecordBatch,
    column: usize,
) -> Result<(), ReadFeaturesError> {
    let array = batch.column(column).as_primitive_opt::<T>();
    let array = array.filter(|array| array.null_count() == 0);
    let array = array.ok_or_else(|| {
        ReadFeaturesError::MissingColumn(batch.schema().field(column).name().clone())
    })?;
    values.extend_from_slice(array.values());
    Ok(())
}

/// A ticker's rows, by rising date, in batches of at most [`BATCH_ROWS`].
///
/// Nothing is decoded before it is asked for. What is in memory is the file, a page of each column asked for, and the
/// batch that was handed out; as our files have one page a column, a page is the column.
pub struct FeatureRows {
    reader: ParquetRecordBatchReader,
    /// Where each column asked for is among those that the reader yields.
    places: Vec<usize>,
}

impl FeatureRows {
    /// The named columns, in the order of `names`, of the rows whose date is in `days` since 1970-01-01; of all rows where
    /// `days` is `None`.
    pub fn open(
        file: Bytes,
        names: &[&str],
        days: Option<RangeInclusive<i32>>,
    ) -> Result<Self, ReadFeaturesError> {
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::default())?;
        let mut columns = Vec::with_capacity(names.len());
        for name in names {
            columns.push(column_index(&metadata, name)?);
        }
        let mut in_file_order = columns.clone();
        in_file_order.sort_unstable();
        in_file_order.dedup();
        let place = |column| {
            in_file_order
                .binary_search(column)
                .expect("it is one of the columns")
        };
        let places = columns.iter().map(place).collect();
        let rows = days
            .map(|days| rows_of(&file, &metadata, &days))
            .transpose()?;
        let mut builder = builder(file, metadata, in_file_order);
        if let Some((before, within)) = rows {
            builder = builder.with_offset(before).with_limit(within);
        }
        Ok(Self {
            reader: builder.build()?,
            places,
        })
    }
}

impl Iterator for FeatureRows {
    type Item = Result<RecordBatch, ReadFeaturesError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.reader.next()?;
        let in_order = batch.and_then(|batch| batch.project(&self.places));
        Some(in_order.map_err(ReadFeaturesError::from))
    }
}

fn column_index(metadata: &ArrowReaderMetadata, name: &str) -> Result<usize, ReadFeaturesError> {
    let index = metadata.schema().index_of(name);
    index.map_err(|_| ReadFeaturesError::MissingColumn(name.to_owned()))
}

fn builder(
    file: Bytes,
    metadata: ArrowReaderMetadata,
    columns: Vec<usize>,
) -> ParquetRecordBatchReaderBuilder<Bytes> {
    let mask = ProjectionMask::roots(metadata.parquet_schema(), columns);
    ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
        .with_projection(mask)
        .with_batch_size(BATCH_ROWS)
}

/// How many rows come before those of `days`, and how many those are. Rows are in the order of their dates.
fn rows_of(
    file: &Bytes,
    metadata: &ArrowReaderMetadata,
    days: &RangeInclusive<i32>,
) -> Result<(usize, usize), ReadFeaturesError> {
    let date = column_index(metadata, DATE)?;
    let (mut before, mut up_to_last) = (0, 0);
    for batch in builder(file.clone(), metadata.clone(), vec![date]).build()? {
        let batch = batch?;
        let Some(dates) = batch.column(0).as_primitive_opt::<Date32Type>() else {
            return Err(ReadFeaturesError::MissingColumn(DATE.to_owned()));
        };
        before += dates.values().partition_point(|date| date < days.start());
        up_to_last += dates.values().partition_point(|date| date <= days.end());
    }
    Ok((before, up_to_last.saturating_sub(before)))
}

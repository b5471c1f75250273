//! The rows of a feature file, decoded as they are asked for.

use std::ops::RangeInclusive;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Date32Type;
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use features::schema::FeatureSchema;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};

use crate::feature_file::ReadFeaturesError;

/// The most rows of a batch: some 250 KB. Larger ones are hardly faster to read, and each reader has several in memory.
pub const BATCH_ROWS: usize = 2_048;

/// The column that rows are ordered by.
const DATE: &str = "Date";

/// The columns of a feature file as its readers see them, in order.
///
/// They are those of [`FeatureTable::compute`](crate::feature_file::FeatureTable::compute), with texts as plain utf8.
pub fn file_schema(features: &FeatureSchema) -> Schema {
    let required = |name, data_type| Field::new(name, data_type, false);
    let mut fields = vec![required(DATE, DataType::Date32)];
    for price in ["Open", "High", "Low", "Close", "Adj Close"] {
        fields.push(required(price, DataType::Float64));
    }
    fields.push(required("Volume", DataType::Int64));
    fields.push(required("Symbol", DataType::Utf8));
    fields.push(Field::new("Security Name", DataType::Utf8, true));
    fields.extend(features.fields());
    Schema::new(fields)
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

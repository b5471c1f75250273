//! A ticker's feature file: Parquet that any reader takes as it is.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int32Type, Int64Type};
use arrow_array::{ArrayRef, DictionaryArray, Int32Array, RecordBatch, StringArray};
use arrow_schema::{Field, Schema};
use bytes::Bytes;
use features::compute::{ComputeError, compute};
use features::schema::FeatureSchema;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;

pub use crate::parquet_file::encode;
use crate::symbol::Symbol;
use crate::table::{PriceArrays, PriceTable};

/// A ticker's rows with its features, in the columns of its file.
#[derive(Debug, Clone)]
pub struct FeatureTable {
    batch: RecordBatch,
    raw_columns: usize,
}

/// Why a feature file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadFeaturesError {
    /// The bytes are not Parquet, or not what this program writes.
    #[error("not a feature file: {0}")]
    Parquet(#[from] ParquetError),
    /// A batch cannot be decoded.
    #[error("not a feature file: {0}")]
    Arrow(#[from] arrow_schema::ArrowError),
    /// A column is not in the file.
    #[error("the feature file has no column `{0}`")]
    MissingColumn(String),
}

impl FeatureTable {
    /// Computes the declared features of a ticker's rows.
    ///
    /// The columns are Date (date32), Open, High, Low, Close, Adj Close (float64), Volume (int64), Symbol and Security
    /// Name (utf8, as dictionaries of one value), then the features and the target of [`FeatureSchema::fields`].
    pub fn compute(
        table: PriceTable,
        symbol: &Symbol,
        security_name: Option<&str>,
        schema: &FeatureSchema,
    ) -> Result<Self, ComputeError> {
        let rows = table.rows();
        let prices = table.into_arrays();
        let computed = compute(schema, &prices.columns())?;
        let raw: Vec<(&str, ArrayRef, bool)> = vec![
            ("Date", Arc::new(prices.date), false),
            ("Open", Arc::new(prices.open), false),
            ("High", Arc::new(prices.high), false),
            ("Low", Arc::new(prices.low), false),
            ("Close", Arc::new(prices.close), false),
            ("Adj Close", Arc::new(prices.adj_close), false),
            ("Volume", Arc::new(prices.volume), false),
            (
                "Symbol",
                Arc::new(repeated(Some(symbol.as_str()), rows)),
                false,
            ),
            (
                "Security Name",
                Arc::new(repeated(security_name, rows)),
                true,
            ),
        ];
        let raw_columns = raw.len();
        let raw_field = |(name, array, nullable): &(&str, ArrayRef, bool)| {
            Field::new(*name, array.data_type().clone(), *nullable)
        };
        let fields: Vec<Field> = raw.iter().map(raw_field).chain(schema.fields()).collect();
        let columns: Vec<ArrayRef> = raw
            .into_iter()
            .map(|(_, array, _)| array)
            .chain(computed)
            .collect();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
            .expect("columns of one table have its length and the types of their fields");
        Ok(Self { batch, raw_columns })
    }

    /// The prices that it was computed from.
    pub fn prices(&self) -> PriceArrays {
        let columns = self.batch.columns();
        let floats = |place: usize| columns[place].as_primitive::<Float64Type>().clone();
        PriceArrays {
            date: columns[0].as_primitive::<Date32Type>().clone(),
            open: floats(1),
            high: floats(2),
            low: floats(3),
            close: floats(4),
            adj_close: floats(5),
            volume: columns[6].as_primitive::<Int64Type>().clone(),
        }
    }

    /// The rows, by rising date.
    pub fn batch(&self) -> &RecordBatch {
        &self.batch
    }

    /// The bytes of the ticker's file in `market_data_with_features/`. Equal tables have equal bytes.
    pub fn encode(&self) -> Bytes {
        encode(&self.batch)
    }

    /// The bytes of the ticker's file in `market_data/`: the columns up to Security Name.
    pub fn encode_raw(&self) -> Bytes {
        let columns: Vec<usize> = (0..self.raw_columns).collect();
        encode(
            &self
                .batch
                .project(&columns)
                .expect("the raw columns are there"),
        )
    }
}

/// A column of one value: a dictionary, so that no reader of memory looks at its bytes again and again.
fn repeated(value: Option<&str>, rows: usize) -> DictionaryArray<Int32Type> {
    let keys = match value {
        Some(_) => Int32Array::from(vec![0; rows]),
        None => Int32Array::new_null(rows),
    };
    DictionaryArray::new(keys, Arc::new(StringArray::from_iter_values(value)))
}

/// The named columns of a feature file, in the order of the file.
pub fn read_columns(file: Bytes, names: &[&str]) -> Result<Vec<RecordBatch>, ReadFeaturesError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
    let schema = builder.schema().clone();
    let mut columns = Vec::with_capacity(names.len());
    for name in names {
        let index = schema
            .index_of(name)
            .map_err(|_| ReadFeaturesError::MissingColumn((*name).to_owned()))?;
        columns.push(index);
    }
    let mask = ProjectionMask::roots(builder.parquet_schema(), columns);
    Ok(builder
        .with_projection(mask)
        .build()?
        .collect::<Result<Vec<_>, _>>()?)
}

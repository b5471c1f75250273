//! Parquet files as any reader sees them: by the parquet crate alone.

use std::fs::File;
use std::path::Path;

use arrow_array::{Array, RecordBatch, StringArray};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// All rows of a file in one batch.
pub fn read(path: &Path) -> RecordBatch {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap_or_else(|error| panic!("{} is torn: {error}", path.display()));
    let schema = builder.schema().clone();
    let batches: Vec<RecordBatch> = builder
        .build()
        .and_then(|reader| Ok(reader.collect::<Result<_, _>>()?))
        .unwrap_or_else(|error| panic!("{} is torn: {error}", path.display()));
    arrow_select::concat::concat_batches(&schema, &batches).expect("batches of one file")
}

/// The name and type of each column, in order.
pub fn columns(batch: &RecordBatch) -> Vec<(String, String)> {
    let schema = batch.schema();
    let column =
        |field: &arrow_schema::FieldRef| (field.name().clone(), field.data_type().to_string());
    schema.fields().iter().map(column).collect()
}

/// A column of texts, nulls as `None`.
pub fn texts(batch: &RecordBatch, name: &str) -> Vec<Option<String>> {
    let column = batch.column_by_name(name).expect("the column is there");
    let texts = column.as_any().downcast_ref::<StringArray>();
    let texts = texts.expect("the column is of texts");
    texts.iter().map(|text| text.map(str::to_owned)).collect()
}

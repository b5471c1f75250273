//! A whole file.

use std::sync::Arc;

use arrow_array::RecordBatch;
use bytes::Bytes;
use parquet::arrow::ArrowSchemaConverter;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;

use super::chunk::{Chunk, encode_column};

/// Who wrote a file, as its footer says. Not the version of a library: equal content has equal bytes.
const CREATED_BY: &str = "tickermill version 1.0.0";
/// A footer takes about this much for each column.
const FOOTER_BYTES_PER_COLUMN: usize = 256;

/// Parquet bytes of a table whose columns are date32, int64, uint64, float64, utf8, binary, or dictionaries (int32 to
/// utf8) of one string at most; a column of another type is a mistake of the caller, and panics.
///
/// Equal tables have equal bytes. Dates are delta-packed; other numbers are PLAIN and compressed, which every reader knows,
/// Spark's vectorised one among them; a dictionary's string is stored once, with one run for all its rows. The Arrow schema is not embedded: readers see utf8 where memory holds
/// dictionaries, and no hash map's order reaches the bytes. A table without rows has no row group.
///
/// Pages are made here because the library's writer hashes each of a million equal strings, and copies each number several
/// times: it takes half as long again. `bench/examples/encodings.rs` compares them.
pub fn encode(batch: &RecordBatch) -> Bytes {
    try_encode(batch)
        .expect("the schema is one that Parquet has, and writing to memory does not fail")
}

fn try_encode(batch: &RecordBatch) -> Result<Bytes, ParquetError> {
    let schema = ArrowSchemaConverter::new().convert(&batch.schema())?;
    let properties = WriterProperties::builder()
        .set_created_by(CREATED_BY.to_owned())
        .build();
    let mut chunks = Vec::with_capacity(batch.num_columns());
    for (array, column) in batch.columns().iter().zip(schema.columns()) {
        chunks.push(encode_column(array, column)?);
    }
    let size = |chunk: &Chunk| chunk.bytes.len() + FOOTER_BYTES_PER_COLUMN;
    let mut file = SerializedFileWriter::new(
        Vec::with_capacity(chunks.iter().map(size).sum()),
        schema.root_schema_ptr(),
        Arc::new(properties),
    )?;
    if batch.num_rows() > 0 {
        let mut row_group = file.next_row_group()?;
        for chunk in chunks {
            row_group.append_column(&chunk.bytes, chunk.close)?;
        }
        row_group.close()?;
    }
    Ok(file.into_inner()?.into())
}

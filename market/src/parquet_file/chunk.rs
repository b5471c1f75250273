//! One column of a file: its pages, and what the footer says of them.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, Int64Type, UInt64Type};
use arrow_array::{Array, ArrayRef, Date32Array};
use arrow_buffer::ScalarBuffer;
use arrow_schema::DataType;
use bytes::Bytes;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::{ColumnCloseResult, get_column_writer, get_typed_column_writer};
use parquet::data_type::{ByteArray, Int32Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use super::page::{put_equal_indices, put_levels};
use super::value::{Value, least_and_greatest};

/// An encoded column.
pub(super) struct Chunk {
    /// Its pages with their headers.
    pub(super) bytes: Bytes,
    /// What the footer says of it.
    pub(super) close: ColumnCloseResult,
}

/// The content of a column's pages, and what is to be said of them.
struct Pages {
    dictionary: Option<Vec<u8>>,
    /// The data page, as it stands in the file.
    data: Vec<u8>,
    /// The length of the data page before compression.
    data_length: usize,
    encoding: Encoding,
    compression: Compression,
    statistics: Statistics,
}

/// Encodes a column of one of the types of [`encode`](super::encode).
pub(super) fn encode_column(
    array: &ArrayRef,
    column: &ColumnDescPtr,
) -> Result<Chunk, ParquetError> {
    if let Some(dates) = array.as_primitive_opt::<Date32Type>() {
        return encode_dates(dates, column);
    }
    let present = present_rows(array);
    let mut page = Vec::with_capacity(array.len() * 8 + 64);
    if column.max_def_level() > 0 {
        put_levels(&mut page, array.len(), &present);
    }
    let pages = match array.data_type() {
        DataType::Int64 => numbers(page, array.as_primitive::<Int64Type>().values(), &present),
        DataType::Float64 => numbers(page, array.as_primitive::<Float64Type>().values(), &present),
        DataType::UInt64 => numbers(page, array.as_primitive::<UInt64Type>().values(), &present),
        DataType::Utf8 => {
            let strings = array.as_string::<i32>().iter().flatten();
            various_strings(page, strings.map(str::as_bytes), array.null_count())
        }
        DataType::Binary => {
            let strings = array.as_binary::<i32>().iter().flatten();
            various_strings(page, strings, array.null_count())
        }
        DataType::Dictionary(..) => equal_strings(page, array, &present),
        other => unreachable!("no table of ours has a column of {other}"),
    };
    write_pages(pages, array.len(), column)
}

/// Encodes dates by the library: DELTA_BINARY_PACKED takes a tenth of what compression leaves of them.
fn encode_dates(dates: &Date32Array, column: &ColumnDescPtr) -> Result<Chunk, ParquetError> {
    let days: Vec<i32> = dates.iter().flatten().collect();
    let is_nullable = column.max_def_level() > 0;
    let levels = is_nullable
        .then(|| -> Vec<i16> { dates.iter().map(|date| i16::from(date.is_some())).collect() });
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_encoding(Encoding::DELTA_BINARY_PACKED)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .build();
    let mut bytes = TrackedWrite::new(Vec::with_capacity(days.len() + 128));
    let page_writer = Box::new(SerializedPageWriter::new(&mut bytes));
    let writer = get_column_writer(column.clone(), Arc::new(properties), page_writer);
    let mut writer = get_typed_column_writer::<Int32Type>(writer);
    writer.write_batch(&days, levels.as_deref(), None)?;
    let close = writer.close()?;
    let bytes = Bytes::from(bytes.into_inner()?);
    Ok(Chunk { bytes, close })
}

/// The rows that are not null, as ranges that rise and do not touch.
fn present_rows(array: &ArrayRef) -> Vec<Range<usize>> {
    match array.nulls() {
        Some(nulls) => nulls
            .valid_slices()
            .map(|(start, end)| start..end)
            .collect(),
        None => std::iter::once(0..array.len()).collect(),
    }
}

/// PLAIN has numbers as they stand in the memory of a little-endian machine.
fn numbers<T: Value>(
    mut page: Vec<u8>,
    values: &ScalarBuffer<T>,
    present: &[Range<usize>],
) -> Pages {
    let bytes = values.inner().as_slice();
    for range in present {
        page.extend_from_slice(&bytes[range.start * size_of::<T>()..range.end * size_of::<T>()]);
    }
    let nulls = values.len() - count(present);
    let slices: Vec<&[T]> = present.iter().map(|range| &values[range.clone()]).collect();
    let (least, greatest) = least_and_greatest(&slices).unzip();
    Pages {
        dictionary: None,
        data: lz4_flex::block::compress(&page),
        data_length: page.len(),
        encoding: Encoding::PLAIN,
        compression: Compression::LZ4_RAW,
        statistics: T::statistics(least, greatest, nulls as u64),
    }
}

fn equal_strings(mut page: Vec<u8>, array: &ArrayRef, present: &[Range<usize>]) -> Pages {
    let strings = array
        .as_dictionary::<arrow_array::types::Int32Type>()
        .values()
        .as_string::<i32>();
    assert!(strings.len() <= 1, "a column of strings has one string");
    let mut string = None;
    if count(present) > 0 {
        put_equal_indices(&mut page, count(present));
        string = Some(strings.value(0).as_bytes());
    }
    let bound = string.map(|string| ByteArray::from(string.to_vec()));
    let nulls = array.len() - count(present);
    Pages {
        dictionary: string.map(plain_string),
        data_length: page.len(),
        data: page,
        encoding: if string.is_some() {
            Encoding::RLE_DICTIONARY
        } else {
            Encoding::PLAIN
        },
        compression: Compression::UNCOMPRESSED,
        statistics: Statistics::byte_array(bound.clone(), bound, None, Some(nulls as u64), false),
    }
}

fn various_strings<'a>(
    mut page: Vec<u8>,
    strings: impl Iterator<Item = &'a [u8]>,
    nulls: usize,
) -> Pages {
    for string in strings {
        page.extend(plain_string(string));
    }
    Pages {
        dictionary: None,
        data: lz4_flex::block::compress(&page),
        data_length: page.len(),
        encoding: Encoding::PLAIN,
        compression: Compression::LZ4_RAW,
        statistics: Statistics::byte_array(None, None, None, Some(nulls as u64), false),
    }
}

/// A string as PLAIN has it: its length, then its bytes.
fn plain_string(string: &[u8]) -> Vec<u8> {
    [&(string.len() as u32).to_le_bytes(), string].concat()
}

fn count(present: &[Range<usize>]) -> usize {
    present.iter().map(ExactSizeIterator::len).sum()
}

fn write_pages(pages: Pages, rows: usize, column: &ColumnDescPtr) -> Result<Chunk, ParquetError> {
    let mut bytes = TrackedWrite::new(Vec::with_capacity(pages.data.len() + 128));
    let mut writer = SerializedPageWriter::new(&mut bytes);
    let mut encodings = vec![pages.encoding, Encoding::RLE];
    let mut uncompressed_length = 0;
    let has_dictionary = pages.dictionary.is_some();
    if let Some(dictionary) = pages.dictionary {
        encodings.push(Encoding::PLAIN);
        let length = dictionary.len();
        let page = Page::DictionaryPage {
            buf: dictionary.into(),
            num_values: 1,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        uncompressed_length += writer
            .write_page(CompressedPage::new(page, length))?
            .uncompressed_size;
    }
    let page = Page::DataPage {
        buf: pages.data.into(),
        num_values: rows as u32,
        encoding: pages.encoding,
        def_level_encoding: Encoding::RLE,
        rep_level_encoding: Encoding::RLE,
        statistics: None,
    };
    let written = writer.write_page(CompressedPage::new(page, pages.data_length))?;
    uncompressed_length += written.uncompressed_size;
    let bytes = Bytes::from(bytes.into_inner()?);
    let metadata = ColumnChunkMetaData::builder(column.clone())
        .set_encodings(encodings)
        .set_compression(pages.compression)
        .set_num_values(rows as i64)
        .set_total_compressed_size(bytes.len() as i64)
        .set_total_uncompressed_size(uncompressed_length as i64)
        .set_dictionary_page_offset(has_dictionary.then_some(0))
        .set_data_page_offset(written.offset as i64)
        .set_statistics(pages.statistics)
        .build()?;
    let close = ColumnCloseResult {
        bytes_written: bytes.len() as u64,
        rows_written: rows as u64,
        metadata,
        bloom_filter: None,
        column_index: None,
        offset_index: None,
    };
    Ok(Chunk { bytes, close })
}

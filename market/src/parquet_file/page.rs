//! What stands in a data page: levels that tell nulls from values, then the values.
//!
//! See "Encodings" in the Parquet format: RLE, and BYTE_STREAM_SPLIT.

use std::ops::Range;

use super::value::Value;

/// Appends the definition levels of a nullable column: 1 for the rows of `present`, ranges that rise and do not touch,
/// and 0 for all others. Their length in bytes goes before them.
pub(super) fn put_levels(page: &mut Vec<u8>, rows: usize, present: &[Range<usize>]) {
    let mut levels = Vec::new();
    let mut done = 0;
    for range in present {
        put_run(&mut levels, range.start - done, 0);
        put_run(&mut levels, range.len(), 1);
        done = range.end;
    }
    put_run(&mut levels, rows - done, 0);
    page.extend_from_slice(&(levels.len() as u32).to_le_bytes());
    page.extend_from_slice(&levels);
}

/// Appends the indices of a dictionary of one entry for `count` values, at a width of one bit.
pub(super) fn put_equal_indices(page: &mut Vec<u8>, count: usize) {
    page.push(1);
    put_run(page, count, 0);
}

/// Appends `count` times a number below 256 as one run: twice the count as a LEB128, then the number.
fn put_run(page: &mut Vec<u8>, count: usize, number: u8) {
    if count == 0 {
        return;
    }
    let mut header = count << 1;
    while header >= 0x80 {
        page.push(header as u8 | 0x80);
        header >>= 7;
    }
    page.extend_from_slice(&[header as u8, number]);
}

/// Appends the first bytes of all values, then their second bytes, and so on.
///
/// Neighbouring prices share their upper bytes, and those that were float32 once have no lower ones; so the streams
/// compress where the values do not.
pub(super) fn put_byte_streams<T: Value>(page: &mut Vec<u8>, slices: &[&[T]]) {
    for place in 0..T::BYTES {
        for slice in slices {
            page.extend(
                slice
                    .iter()
                    .map(|value| (value.bits() >> (8 * place)) as u8),
            );
        }
    }
}

//! What stands in a data page: levels that tell nulls from values, then the values.
//!
//! See "Encodings" in the Parquet format: RLE.

use std::ops::Range;

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

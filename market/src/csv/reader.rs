//! A whole price file: every line read, every row accounted for.

use std::borrow::Cow;

use crate::ledger::{FileFault, QualityFlags, QuarantinedRow, RowCounts, RowFault};
use crate::table::PriceTable;

use super::header::Header;
use super::line::{self, Line, Row};
use super::repeated::settle_repeated_dates;

/// A file with this many ragged lines or more is quarantined, if they are over 1% of its rows.
const RAGGED_LINES: u64 = 10;

/// What a price file holds.
#[derive(Debug)]
pub struct PriceFile {
    /// The rows kept, in strictly rising order of date.
    pub table: PriceTable,
    /// Where the rows went. They balance.
    pub counts: RowCounts,
    /// Oddities of the rows kept.
    pub flags: QualityFlags,
    /// The rows set aside, in order of line.
    pub quarantined: Vec<QuarantinedRow>,
}

/// Reads a price file: a header with `Date`, `Open`, `High`, `Low`, `Close`, `Adj Close` and `Volume` in any order, then
/// a row a line, in UTF-8, with or without a byte-order mark, ended by LF or CRLF.
///
/// Prices are the correctly rounded float64 of their text. Rows are discarded, quarantined and merged by the rules of
/// [`crate::ledger`]; nothing is repaired. An error sets the whole file aside. Any bytes at all get an answer.
pub fn read_price_file(bytes: &[u8]) -> Result<PriceFile, FileFault> {
    let (header, body) = read_header(bytes)?;
    let mut lines = Lines::new(bytes, body);
    let canonical = header.is_canonical();
    let mut rows = ReadRows::with_capacity(bytes.len() / 64);
    let mut fields: Vec<Cow<'_, str>> = Vec::new();
    loop {
        if canonical && let Some((row, length)) = line::read_plain(lines.rest()) {
            rows.keep(lines.at, row);
            lines.at += length;
            continue;
        }
        let Some((offset, text)) = lines.next() else {
            return rows.settle(bytes);
        };
        let text =
            std::str::from_utf8(text).expect("a line of text that was checked as a whole is text");
        if text.trim().is_empty() {
            continue;
        }
        match line::read(text, &header, &mut fields) {
            Line::Row(row) => rows.keep(offset, row),
            Line::Closed => rows.discarded += 1,
            Line::Faulty(fault) => rows.faulty.push((offset, fault)),
        }
    }
}

/// The header, and the offset of the line after it.
fn read_header(bytes: &[u8]) -> Result<(Header, usize), FileFault> {
    if std::str::from_utf8(bytes).is_err() || memchr::memchr(0, bytes).is_some() {
        return Err(FileFault::NotText);
    }
    let start = if bytes.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    let mut lines = Lines::new(bytes, start);
    while let Some((_, text)) = lines.next() {
        let text = std::str::from_utf8(text).map_err(|_| FileFault::NotText)?;
        if !text.trim().is_empty() {
            return Ok((Header::parse(text)?, lines.at));
        }
    }
    Err(FileFault::Empty)
}

/// Lines with the offset of their first byte, without their ending.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// The bytes from the next line on.
    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    fn next(&mut self) -> Option<(usize, &'a [u8])> {
        let (offset, rest) = (self.at, self.rest());
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        self.at = (offset + end + 1).min(self.bytes.len());
        let text = &rest[..end];
        Some((offset, text.strip_suffix(b"\r").unwrap_or(text)))
    }
}

/// The rows of a file while it is read, in order of line.
struct ReadRows {
    table: PriceTable,
    /// The offset of each row of `table`.
    offsets: Vec<usize>,
    discarded: u64,
    faulty: Vec<(usize, RowFault)>,
    out_of_order: u64,
    repeated: bool,
}

impl ReadRows {
    fn with_capacity(rows: usize) -> Self {
        Self {
            table: PriceTable::with_capacity(rows),
            offsets: Vec::with_capacity(rows),
            discarded: 0,
            faulty: Vec::new(),
            out_of_order: 0,
            repeated: false,
        }
    }

    #[inline]
    fn keep(&mut self, offset: usize, row: Row) {
        if let Some(previous) = self.table.date.last() {
            self.out_of_order += u64::from(row.date < *previous);
            self.repeated |= row.date == *previous;
        }
        self.offsets.push(offset);
        let [open, high, low, close, adj_close] = row.prices;
        self.table.date.push(row.date);
        self.table.open.push(open);
        self.table.high.push(high);
        self.table.low.push(low);
        self.table.close.push(close);
        self.table.adj_close.push(adj_close);
        self.table.volume.push(row.volume);
    }

    fn settle(mut self, bytes: &[u8]) -> Result<PriceFile, FileFault> {
        let read = self.table.rows() as u64 + self.discarded + self.faulty.len() as u64;
        let ragged = self
            .faulty
            .iter()
            .filter(|(_, fault)| *fault == RowFault::Ragged)
            .count() as u64;
        if ragged >= RAGGED_LINES && ragged * 100 > read {
            return Err(FileFault::Ragged(ragged));
        }
        let mut merged = 0;
        if self.out_of_order > 0 || self.repeated {
            let settled = settle_repeated_dates(&self.table, &self.offsets);
            merged = settled.merged;
            self.faulty.extend(
                settled
                    .replaced
                    .iter()
                    .map(|offset| (*offset, RowFault::RepeatedDate)),
            );
            self.table = settled.table;
        }
        self.faulty.sort_unstable_by_key(|(offset, _)| *offset);
        let counts = RowCounts {
            read,
            written: self.table.rows() as u64,
            discarded: self.discarded,
            merged,
            quarantined: self.faulty.len() as u64,
        };
        assert!(
            counts.balance(),
            "every row is kept, discarded, merged or set aside: {counts:?}"
        );
        let flags = QualityFlags {
            out_of_order: self.out_of_order,
            ..self.table.flags()
        };
        let quarantined = quarantined_rows(bytes, &self.faulty);
        Ok(PriceFile {
            table: self.table,
            counts,
            flags,
            quarantined,
        })
    }
}

/// The faulty lines, given by rising offset, with their numbers and texts.
fn quarantined_rows(bytes: &[u8], faulty: &[(usize, RowFault)]) -> Vec<QuarantinedRow> {
    let mut line = 1;
    let mut counted = 0;
    let mut rows = Vec::with_capacity(faulty.len());
    for (offset, reason) in faulty {
        line += memchr::memchr_iter(b'\n', &bytes[counted..*offset]).count() as u64;
        counted = *offset;
        let text = Lines::new(bytes, *offset)
            .next()
            .map_or(&b""[..], |(_, text)| text);
        rows.push(QuarantinedRow {
            line,
            offset: *offset as u64,
            reason: *reason,
            raw: String::from_utf8_lossy(text).into_owned(),
        });
    }
    rows
}

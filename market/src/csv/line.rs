//! One line of a price file: its fields, and the row that they make.

use std::borrow::Cow;

use crate::ledger::RowFault;

use super::date::days_since_epoch;
use super::header::Header;
use super::number::{self, NumberFault};

/// One day of one ticker.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// Days since 1970-01-01.
    pub(super) date: i32,
    /// Open, High, Low, Close, Adj Close.
    pub(super) prices: [f64; 5],
    pub(super) volume: i64,
}

/// What a line is.
#[derive(Debug)]
pub(super) enum Line {
    Row(Row),
    /// All fields are blank but the date: the market was closed.
    Closed,
    Faulty(RowFault),
}

/// The fields of a line, appended to the emptied `fields`.
///
/// Fields are separated by commas. A field in double quotes may hold commas, and two double quotes for one; it ends
/// with the line, for a line is a row.
pub(super) fn split<'a>(text: &'a str, fields: &mut Vec<Cow<'a, str>>) {
    fields.clear();
    if !text.contains('"') {
        fields.extend(text.split(',').map(Cow::Borrowed));
        return;
    }
    let mut rest = text;
    loop {
        let (field, remaining) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_field(quoted),
            None => match rest.split_once(',') {
                Some((field, after)) => (Cow::Borrowed(field), Some(after)),
                None => (Cow::Borrowed(rest), None),
            },
        };
        fields.push(field);
        match remaining {
            Some(after) => rest = after,
            None => return,
        }
    }
}

/// A field whose opening quote is taken off, and what follows its comma.
fn quoted_field(text: &str) -> (Cow<'_, str>, Option<&str>) {
    let mut field = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('"') {
        field.push_str(before);
        if let Some(after) = after.strip_prefix('"') {
            field.push('"');
            rest = after;
            continue;
        }
        let (tail, remaining) = match after.split_once(',') {
            Some((tail, remaining)) => (tail, Some(remaining)),
            None => (after, None),
        };
        field.push_str(tail);
        return (Cow::Owned(field), remaining);
    }
    field.push_str(rest);
    (Cow::Owned(field), None)
}

/// Reads a non-blank line by the rules, in their order: ragged lines, bad dates, closed days, faulty fields.
pub(super) fn read<'a>(text: &'a str, header: &Header, fields: &mut Vec<Cow<'a, str>>) -> Line {
    split(text, fields);
    if fields.len() != header.fields {
        return Line::Faulty(RowFault::Ragged);
    }
    let [date_field, value_fields @ ..] = header.field_of;
    let Some(date) = days_since_epoch(fields[date_field].as_bytes()) else {
        return Line::Faulty(RowFault::BadDate);
    };
    let values = value_fields.map(|index| fields[index].trim());
    if values.iter().all(|value| value.is_empty()) {
        return Line::Closed;
    }
    match read_values(values) {
        Ok((prices, volume)) => Line::Row(Row {
            date,
            prices,
            volume,
        }),
        Err(fault) => Line::Faulty(fault),
    }
}

fn read_values(values: [&str; 6]) -> Result<([f64; 5], i64), RowFault> {
    if values.iter().any(|value| value.is_empty()) {
        return Err(RowFault::BlankField);
    }
    let [price_fields @ .., volume_field] = values;
    let mut prices = [0.0; 5];
    for (price, field) in prices.iter_mut().zip(price_fields) {
        *price = number::price(field).map_err(row_fault)?;
    }
    let volume = number::volume(volume_field).map_err(row_fault)?;
    // Adj Close, the last, may be negative: dividends are taken off it.
    if prices[..4].iter().any(|price| *price < 0.0) {
        return Err(RowFault::NegativePrice);
    }
    Ok((prices, volume))
}

fn row_fault(fault: NumberFault) -> RowFault {
    match fault {
        NumberFault::NotANumber => RowFault::NotANumber,
        NumberFault::Infinite => RowFault::Infinite,
        NumberFault::Negative => RowFault::NegativeVolume,
        NumberFault::Fractional => RowFault::FractionalVolume,
        NumberFault::OutOfRange => RowFault::VolumeOutOfRange,
    }
}

/// Reads the line at the start of `bytes`, of a canonical header, where it is without fault and plainly written: its row,
/// and its length with its ending. `None` sends it to [`read`], which gives the same row for every line that this takes.
#[inline]
pub(super) fn read_plain(bytes: &[u8]) -> Option<(Row, usize)> {
    let date = days_since_epoch(bytes.get(..10)?)?;
    let mut rest = &bytes[10..];
    let mut prices = [0.0; 5];
    for price in &mut prices {
        let (value, length) = number::leading_price(rest.strip_prefix(b",")?)?;
        *price = value;
        rest = &rest[1 + length..];
    }
    let (volume, length) = number::leading_integer(rest.strip_prefix(b",")?)?;
    rest = &rest[1 + length..];
    rest = rest.strip_prefix(b".0").unwrap_or(rest);
    rest = rest.strip_prefix(b"\r").unwrap_or(rest);
    rest = rest.strip_prefix(b"\n")?;
    let row = Row {
        date,
        prices,
        volume,
    };
    Some((row, bytes.len() - rest.len()))
}

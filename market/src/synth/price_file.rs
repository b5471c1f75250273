//! The bytes of a price file.

use std::io::Write;

use super::calendar::TradingDay;
use super::price_rows::PriceRow;

pub(crate) const HEADER: &str = "Date,Open,High,Low,Close,Adj Close,Volume";
/// A little more than a line takes on average.
const BYTES_PER_LINE: usize = 112;

/// The header and one line for each row. Prices have the digits that tell their float64 from
/// every other, volumes are integers, lines end with a line feed.
pub(crate) fn render(days: &[TradingDay], rows: &[PriceRow]) -> Vec<u8> {
    let mut text = Vec::with_capacity((1 + rows.len()) * BYTES_PER_LINE);
    text.extend_from_slice(HEADER.as_bytes());
    text.push(b'\n');
    let mut digits = zmij::Buffer::new();
    for (day, row) in days.iter().zip(rows) {
        text.extend_from_slice(day.date.as_bytes());
        for price in [row.open, row.high, row.low, row.close, row.adj_close] {
            text.push(b',');
            text.extend_from_slice(digits.format(f64::from(price)).as_bytes());
        }
        writeln!(text, ",{}", row.volume).expect("writing to memory does not fail");
    }
    text
}

//! A slow, obvious reader of price files, written from the rules alone.

use std::collections::BTreeMap;

use tickermill_market::csv::PriceFile;
use tickermill_market::ledger::{FileFault, QualityFlags, QuarantinedRow, RowCounts, RowFault};

use crate::values::{date, number, volume};

const COLUMNS: [&str; 7] = [
    "Date",
    "Open",
    "High",
    "Low",
    "Close",
    "Adj Close",
    "Volume",
];

/// All that a reader says of a file, in a form that can be compared: prices as their bits.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) rows: Vec<(i32, [u64; 5], i64)>,
    pub(crate) counts: RowCounts,
    pub(crate) flags: QualityFlags,
    pub(crate) quarantined: Vec<QuarantinedRow>,
}

impl From<PriceFile> for Reading {
    fn from(file: PriceFile) -> Self {
        let table = file.table;
        let prices = |row: usize| {
            [
                &table.open,
                &table.high,
                &table.low,
                &table.close,
                &table.adj_close,
            ]
            .map(|column| column[row].to_bits())
        };
        Self {
            rows: (0..table.rows())
                .map(|row| (table.date[row], prices(row), table.volume[row]))
                .collect(),
            counts: file.counts,
            flags: file.flags,
            quarantined: file.quarantined,
        }
    }
}

struct TextLine {
    number: u64,
    offset: u64,
    text: String,
}

struct Row {
    line: TextLine,
    date: i32,
    prices: [f64; 5],
    volume: i64,
}

enum Outcome {
    Row(i32, [f64; 5], i64),
    Closed,
    Faulty(RowFault),
}

pub(crate) fn read(bytes: &[u8]) -> Result<Reading, FileFault> {
    let mut lines = lines(bytes)?.into_iter();
    let header = lines.next().ok_or(FileFault::Empty)?;
    let names: Vec<String> = fields(&header.text)
        .iter()
        .map(|name| name.trim().to_owned())
        .collect();
    let count = |column: &str| names.iter().filter(|name| *name == column).count();
    // The first column that is repeated, or else all that are missing.
    if let Some(column) = COLUMNS.iter().find(|column| count(column) > 1) {
        return Err(FileFault::ColumnRepeated((*column).to_owned()));
    }
    let missing: Vec<String> = COLUMNS
        .iter()
        .filter(|column| count(column) == 0)
        .map(|column| (*column).to_owned())
        .collect();
    if !missing.is_empty() {
        return Err(FileFault::ColumnsMissing(missing));
    }

    let mut counts = RowCounts::default();
    let mut flags = QualityFlags::default();
    let mut quarantined = Vec::new();
    let mut kept: BTreeMap<i32, Row> = BTreeMap::new();
    let mut last_date = None;
    for line in lines {
        counts.read += 1;
        match outcome(&fields(&line.text), &names) {
            Outcome::Closed => counts.discarded += 1,
            Outcome::Faulty(reason) => quarantined.push(set_aside(line, reason)),
            Outcome::Row(date, prices, volume) => {
                flags.out_of_order += u64::from(last_date.is_some_and(|last| date < last));
                last_date = Some(date);
                let row = Row {
                    line,
                    date,
                    prices,
                    volume,
                };
                let same = |earlier: &Row| values(earlier) == values(&row);
                match kept.get(&date).map(same) {
                    Some(true) => counts.merged += 1,
                    Some(false) => {
                        let earlier = kept.remove(&date).expect("it is there");
                        quarantined.push(set_aside(earlier.line, RowFault::RepeatedDate));
                    }
                    None => {}
                }
                kept.insert(date, row);
            }
        }
    }
    let ragged = quarantined
        .iter()
        .filter(|row| row.reason == RowFault::Ragged)
        .count() as u64;
    if ragged >= 10 && ragged as f64 > 0.01 * counts.read as f64 {
        return Err(FileFault::Ragged(ragged));
    }
    quarantined.sort_by_key(|row| row.line);
    counts.quarantined = quarantined.len() as u64;
    counts.written = kept.len() as u64;
    let kept: Vec<Row> = kept.into_values().collect();
    count_oddities(&kept, &mut flags);
    Ok(Reading {
        rows: kept.iter().map(values).collect(),
        counts,
        flags,
        quarantined,
    })
}

fn lines(bytes: &[u8]) -> Result<Vec<TextLine>, FileFault> {
    let text = String::from_utf8(bytes.to_vec()).map_err(|_| FileFault::NotText)?;
    if text.contains('\0') {
        return Err(FileFault::NotText);
    }
    let mut lines = Vec::new();
    let mut offset = 0;
    for (index, whole) in text.split_inclusive('\n').enumerate() {
        let ended = whole.strip_suffix('\n').unwrap_or(whole);
        let text = ended.strip_suffix('\r').unwrap_or(ended);
        let text = match index {
            0 => text.strip_prefix('\u{feff}').unwrap_or(text),
            _ => text,
        };
        if !text.trim().is_empty() {
            lines.push(TextLine {
                number: index as u64 + 1,
                offset,
                text: text.to_owned(),
            });
        }
        offset += whole.len() as u64;
    }
    Ok(lines)
}

fn fields(text: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = text.chars().peekable();
    let mut at_start = true;
    let mut in_quotes = false;
    while let Some(character) = characters.next() {
        let field = fields.last_mut().expect("there is always one");
        match character {
            '"' if at_start => in_quotes = true,
            '"' if in_quotes && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' if in_quotes => in_quotes = false,
            ',' if !in_quotes => {
                fields.push(String::new());
                at_start = true;
                continue;
            }
            other => field.push(other),
        }
        at_start = false;
    }
    fields
}

fn outcome(fields: &[String], names: &[String]) -> Outcome {
    if fields.len() != names.len() {
        return Outcome::Faulty(RowFault::Ragged);
    }
    let field = |column: &str| {
        let index = names.iter().position(|name| name == column);
        fields[index.expect("the header has it")].as_str()
    };
    let Some(date) = date(field("Date")) else {
        return Outcome::Faulty(RowFault::BadDate);
    };
    let texts: Vec<&str> = COLUMNS[1..]
        .iter()
        .map(|column| field(column).trim())
        .collect();
    if texts.iter().all(|text| text.is_empty()) {
        return Outcome::Closed;
    }
    if texts.contains(&"") {
        return Outcome::Faulty(RowFault::BlankField);
    }
    let mut prices = [0.0; 5];
    for (price, text) in prices.iter_mut().zip(&texts) {
        match number(text) {
            Ok(value) => *price = value,
            Err(fault) => return Outcome::Faulty(fault),
        }
    }
    let volume = match volume(texts[5]) {
        Ok(volume) => volume,
        Err(fault) => return Outcome::Faulty(fault),
    };
    if prices[..4].iter().any(|price| *price < 0.0) {
        return Outcome::Faulty(RowFault::NegativePrice);
    }
    Outcome::Row(date, prices, volume)
}

fn set_aside(line: TextLine, reason: RowFault) -> QuarantinedRow {
    QuarantinedRow {
        line: line.number,
        offset: line.offset,
        reason,
        raw: line.text,
    }
}

fn values(row: &Row) -> (i32, [u64; 5], i64) {
    (row.date, row.prices.map(f64::to_bits), row.volume)
}

fn count_oddities(rows: &[Row], flags: &mut QualityFlags) {
    for row in rows {
        let [open, high, low, _, adj_close] = row.prices;
        flags.open_zero += u64::from(open == 0.0);
        flags.volume_zero += u64::from(row.volume == 0);
        flags.adj_close_negative += u64::from(adj_close < 0.0);
        flags.high_below_low += u64::from(high < low);
    }
    for pair in rows.windows(2) {
        let (before, after) = (pair[0].prices[3], pair[1].prices[3]);
        let jump = after >= 10.0 * before || before >= 10.0 * after;
        flags.tenfold_jump += u64::from(before > 0.0 && after > 0.0 && jump);
    }
}

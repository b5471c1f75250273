//! Faults of whole files.

use super::super::chance::Chance;
use super::fault::{FaultKind, Outcome};
use super::line_faults::ragged_lines;
use super::price_table::{ADJ_CLOSE, CLOSE, DATE, HIGH, LOW, OPEN, PriceTable, VOLUME};

/// Makes the bytes of the file from a good table, and returns them with the lines at fault.
type PlantFile = fn(&mut PriceTable, &mut Chance) -> (Vec<u8>, Vec<u64>);

/// One file that is at fault as a whole.
pub(super) struct FileFault {
    pub(super) kind: FaultKind,
    pub(super) symbol: &'static str,
    pub(super) outcome: Outcome,
    pub(super) plant: PlantFile,
}

pub(super) const FILE_FAULTS: [FileFault; 10] = [
    FileFault {
        kind: FaultKind::TruncatedLine,
        symbol: "TRUNCATEDLINE",
        outcome: Outcome::RowQuarantined,
        plant: truncated_line,
    },
    FileFault {
        kind: FaultKind::CarriageReturns,
        symbol: "CARRIAGERETURNS",
        outcome: Outcome::Kept,
        plant: |table, _| (table.to_bytes("\r\n"), Vec::new()),
    },
    FileFault {
        kind: FaultKind::ByteOrderMark,
        symbol: "BYTEORDERMARK",
        outcome: Outcome::Kept,
        plant: byte_order_mark,
    },
    FileFault {
        kind: FaultKind::ReorderedColumns,
        symbol: "REORDERED",
        outcome: Outcome::Kept,
        plant: |table, _| {
            let columns = [VOLUME, DATE, CLOSE, OPEN, ADJ_CLOSE, LOW, HIGH];
            (with_columns(table, &columns), Vec::new())
        },
    },
    FileFault {
        kind: FaultKind::EmptyFile,
        symbol: "EMPTYFILE",
        outcome: Outcome::FileQuarantined,
        plant: |table, _| {
            table.lines.clear();
            (Vec::new(), Vec::new())
        },
    },
    FileFault {
        kind: FaultKind::MissingColumns,
        symbol: "MISSINGCOLUMNS",
        outcome: Outcome::FileQuarantined,
        plant: |table, _| {
            let columns = [DATE, OPEN, HIGH, LOW, CLOSE, ADJ_CLOSE];
            (with_columns(table, &columns), Vec::new())
        },
    },
    FileFault {
        kind: FaultKind::NotText,
        symbol: "NOTTEXT",
        outcome: Outcome::FileQuarantined,
        plant: not_text,
    },
    FileFault {
        kind: FaultKind::RaggedFile,
        symbol: "RAGGEDFILE",
        outcome: Outcome::FileQuarantined,
        plant: |table, _| {
            let lines = ragged_lines(table, 10);
            (table.to_bytes("\n"), lines)
        },
    },
    FileFault {
        kind: FaultKind::HeaderOnly,
        symbol: "HEADERONLY",
        outcome: Outcome::Kept,
        plant: |table, _| (with_rows(table, 0), Vec::new()),
    },
    FileFault {
        kind: FaultKind::ShortFile,
        symbol: "SHORTFILE",
        outcome: Outcome::Kept,
        plant: |table, _| (with_rows(table, 12), Vec::new()),
    },
];

/// Cut within the High of the last line.
fn truncated_line(table: &mut PriceTable, _: &mut Chance) -> (Vec<u8>, Vec<u64>) {
    let last = *table.row_numbers().end();
    let fields = table.fields(last);
    let mut cut_line = fields[..=HIGH].join(",");
    cut_line.pop();
    *table.line(last) = cut_line;
    let mut bytes = table.to_bytes("\n");
    bytes.pop();
    (bytes, vec![last])
}

fn byte_order_mark(table: &mut PriceTable, _: &mut Chance) -> (Vec<u8>, Vec<u64>) {
    let mut bytes = "\u{feff}".as_bytes().to_vec();
    bytes.extend(table.to_bytes("\n"));
    (bytes, Vec::new())
}

/// No UTF-8 text starts with these bytes.
fn not_text(_: &mut PriceTable, chance: &mut Chance) -> (Vec<u8>, Vec<u64>) {
    let mut bytes = vec![0xff, 0xd8, 0xff, 0x00];
    bytes.extend((0..4_096).map(|_| chance.below(256) as u8));
    (bytes, Vec::new())
}

fn with_columns(table: &mut PriceTable, columns: &[usize]) -> Vec<u8> {
    for line in 1..=table.lines.len() as u64 {
        let fields = table.fields(line);
        let chosen: Vec<String> = columns
            .iter()
            .map(|&column| fields[column].clone())
            .collect();
        table.set_fields(line, &chosen);
    }
    table.to_bytes("\n")
}

fn with_rows(table: &mut PriceTable, rows: usize) -> Vec<u8> {
    table.lines.truncate(1 + rows);
    table.to_bytes("\n")
}

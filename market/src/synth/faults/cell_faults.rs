//! Faults of single fields: which text stands where a good one was.

use super::fault::{FaultKind, Outcome};
use super::price_table::{ADJ_CLOSE, CLOSE, DATE, HIGH, LOW, OPEN, PriceTable, VOLUME};

/// One file with faulty fields, each on a line of its own.
pub(super) struct CellFault {
    pub(super) kind: FaultKind,
    pub(super) symbol: &'static str,
    pub(super) outcome: Outcome,
    /// Line, column and the text that takes its place; the lines grow.
    cells: &'static [(u64, usize, &'static str)],
}

impl CellFault {
    /// Spoils the fields and returns their lines.
    pub(super) fn plant(&self, table: &mut PriceTable) -> Vec<u64> {
        let mut lines = Vec::new();
        for &(line, column, text) in self.cells {
            table.set_field(line, column, text);
            lines.push(line);
        }
        lines
    }
}

pub(super) const CELL_FAULTS: [CellFault; 12] = [
    CellFault {
        kind: FaultKind::BlankField,
        symbol: "BLANKFIELD",
        outcome: Outcome::RowQuarantined,
        cells: &[(40, OPEN, ""), (80, ADJ_CLOSE, ""), (120, VOLUME, "")],
    },
    CellFault {
        kind: FaultKind::NanField,
        symbol: "NANFIELD",
        outcome: Outcome::RowQuarantined,
        cells: &[(40, HIGH, "nan"), (80, LOW, "NaN"), (120, VOLUME, "nan")],
    },
    CellFault {
        kind: FaultKind::InfiniteField,
        symbol: "INFINITEFIELD",
        outcome: Outcome::RowQuarantined,
        cells: &[
            (40, OPEN, "inf"),
            (80, ADJ_CLOSE, "-inf"),
            (120, VOLUME, "Infinity"),
            (160, CLOSE, "1e999"),
        ],
    },
    CellFault {
        kind: FaultKind::NotANumber,
        symbol: "NOTANUMBER",
        outcome: Outcome::RowQuarantined,
        cells: &[
            (40, CLOSE, "n/a"),
            (80, LOW, "12.5.1"),
            (120, VOLUME, "many"),
        ],
    },
    CellFault {
        kind: FaultKind::NegativePrice,
        symbol: "NEGATIVEPRICE",
        outcome: Outcome::RowQuarantined,
        cells: &[
            (40, OPEN, "-40.25"),
            (80, HIGH, "-40.25"),
            (120, LOW, "-40.25"),
            (160, CLOSE, "-40.25"),
        ],
    },
    CellFault {
        kind: FaultKind::NegativeVolume,
        symbol: "NEGATIVEVOLUME",
        outcome: Outcome::RowQuarantined,
        cells: &[(40, VOLUME, "-100"), (80, VOLUME, "-1234.0")],
    },
    CellFault {
        kind: FaultKind::FractionalVolume,
        symbol: "FRACTIONALVOLUME",
        outcome: Outcome::RowQuarantined,
        cells: &[(40, VOLUME, "1234.5"), (80, VOLUME, "0.25")],
    },
    CellFault {
        kind: FaultKind::BadDate,
        symbol: "BADDATE",
        outcome: Outcome::RowQuarantined,
        cells: &[
            (40, DATE, "2019-02-30"),
            (80, DATE, "31/12/2019"),
            (120, DATE, "yesterday"),
            (160, DATE, ""),
        ],
    },
    CellFault {
        kind: FaultKind::LargeVolume,
        symbol: "LARGEVOLUME",
        outcome: Outcome::Kept,
        cells: &[
            (40, VOLUME, "2147483648"),
            (80, VOLUME, "4294967296"),
            (120, VOLUME, "6000000000"),
        ],
    },
    CellFault {
        kind: FaultKind::ZeroOpen,
        symbol: "ZEROOPEN",
        outcome: Outcome::Kept,
        cells: &[(2, OPEN, "0.0"), (3, OPEN, "0.0"), (4, OPEN, "0")],
    },
    CellFault {
        kind: FaultKind::ZeroVolume,
        symbol: "ZEROVOLUME",
        outcome: Outcome::Kept,
        cells: &[(40, VOLUME, "0"), (41, VOLUME, "0")],
    },
    CellFault {
        kind: FaultKind::NegativeAdjClose,
        symbol: "NEGATIVEADJ",
        outcome: Outcome::Kept,
        cells: &[(2, ADJ_CLOSE, "-0.034"), (3, ADJ_CLOSE, "-0.0325")],
    },
];

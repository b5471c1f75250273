//! The ledger: where every row that was read went.
//!
//! For each file, and so for each run: rows read = written + discarded + merged + quarantined. A row is a non-blank
//! line after the header. The rows of a quarantined file are not counted as read; the file is.

use std::fmt;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// Why a row is quarantined. The kebab-case name is the reason code in `quarantine.parquet`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowFault {
    /// The line has another number of fields than the header.
    Ragged,
    /// The date is not a day of the calendar, written `YYYY-MM-DD`.
    BadDate,
    /// Some field is blank, but not all.
    BlankField,
    /// A field is not a decimal number.
    NotANumber,
    /// A field is infinite, or too large for a float64.
    Infinite,
    /// Open, High, Low or Close is below zero.
    NegativePrice,
    /// The volume is below zero.
    NegativeVolume,
    /// The volume is not whole.
    FractionalVolume,
    /// The volume is beyond a 64-bit integer.
    VolumeOutOfRange,
    /// A later line of the same date holds other values.
    RepeatedDate,
}

impl RowFault {
    /// The reason code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Ragged => "ragged",
            Self::BadDate => "bad-date",
            Self::BlankField => "blank-field",
            Self::NotANumber => "not-a-number",
            Self::Infinite => "infinite",
            Self::NegativePrice => "negative-price",
            Self::NegativeVolume => "negative-volume",
            Self::FractionalVolume => "fractional-volume",
            Self::VolumeOutOfRange => "volume-out-of-range",
            Self::RepeatedDate => "repeated-date",
        }
    }
}

/// Why a file is quarantined as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "reason", content = "detail")]
pub enum FileFault {
    /// The file holds no header line.
    Empty,
    /// The file is not UTF-8, or holds a NUL.
    NotText,
    /// The header lacks these columns.
    ColumnsMissing(Vec<String>),
    /// The header has this column more than once.
    ColumnRepeated(String),
    /// This many lines are ragged: over 1% of the rows, and at least 10.
    Ragged(u64),
    /// The file's name is not a symbol.
    BadSymbol(String),
    /// Another file is of the same symbol.
    TwoFiles(String),
}

impl FileFault {
    /// The reason code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotText => "not-text",
            Self::ColumnsMissing(_) => "columns-missing",
            Self::ColumnRepeated(_) => "column-repeated",
            Self::Ragged(_) => "ragged",
            Self::BadSymbol(_) => "bad-symbol",
            Self::TwoFiles(_) => "two-files",
        }
    }
}

impl fmt::Display for FileFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(formatter, "the file is empty"),
            Self::NotText => write!(formatter, "the file is not text"),
            Self::ColumnsMissing(names) => {
                write!(formatter, "the header lacks {}", names.join(", "))
            }
            Self::ColumnRepeated(name) => write!(formatter, "the header has {name} more than once"),
            Self::Ragged(lines) => write!(
                formatter,
                "{lines} lines have another number of fields than the header"
            ),
            Self::BadSymbol(name) => write!(formatter, "`{name}` is not a symbol"),
            Self::TwoFiles(other) => write!(formatter, "{other} is of the same symbol"),
        }
    }
}

/// One row that was set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantinedRow {
    /// The line in its file; the header of a file without blank lines before it is line 1.
    pub line: u64,
    /// The offset of the line's first byte in its file.
    pub offset: u64,
    /// Why.
    pub reason: RowFault,
    /// The line, without its ending.
    pub raw: String,
}

/// How many rows of a file, or of a run, went where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCounts {
    /// Non-blank lines after the header.
    pub read: u64,
    /// Rows of the feature file.
    pub written: u64,
    /// Closed days: all fields blank but the date.
    pub discarded: u64,
    /// Rows equal to another of the same date.
    pub merged: u64,
    /// Rows set aside with a reason.
    pub quarantined: u64,
}

impl RowCounts {
    /// Whether every row that was read is accounted for.
    pub fn balance(&self) -> bool {
        self.read == self.written + self.discarded + self.merged + self.quarantined
    }
}

impl AddAssign for RowCounts {
    fn add_assign(&mut self, other: Self) {
        self.read += other.read;
        self.written += other.written;
        self.discarded += other.discarded;
        self.merged += other.merged;
        self.quarantined += other.quarantined;
    }
}

/// Oddities of rows that are kept as they are, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QualityFlags {
    /// Open is 0.
    pub open_zero: u64,
    /// Volume is 0.
    pub volume_zero: u64,
    /// Adj Close is below 0.
    pub adj_close_negative: u64,
    /// High is below Low.
    pub high_below_low: u64,
    /// Close is at least ten times, or at most a tenth of, the Close of the row before; both above 0.
    pub tenfold_jump: u64,
    /// The date is before that of the line above; the rows were sorted.
    pub out_of_order: u64,
}

impl AddAssign for QualityFlags {
    fn add_assign(&mut self, other: Self) {
        self.open_zero += other.open_zero;
        self.volume_zero += other.volume_zero;
        self.adj_close_negative += other.adj_close_negative;
        self.high_below_low += other.high_below_low;
        self.tenfold_jump += other.tenfold_jump;
        self.out_of_order += other.out_of_order;
    }
}

//! The header line: which field is which column.

use crate::ledger::FileFault;

use super::line;

/// The columns that a price file must have, in the order in which they are stored.
const COLUMNS: [&str; 7] = [
    "Date",
    "Open",
    "High",
    "Low",
    "Close",
    "Adj Close",
    "Volume",
];

/// Where each column stands in a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The field of each of [`COLUMNS`].
    pub(super) field_of: [usize; 7],
    /// The number of fields in every line.
    pub(super) fields: usize,
}

impl Header {
    /// Reads the header line. Blanks around names are passed over; more columns than the needed ones are allowed.
    pub(super) fn parse(text: &str) -> Result<Self, FileFault> {
        let mut fields = Vec::new();
        line::split(text, &mut fields);
        let mut field_of = [0; 7];
        let mut missing = Vec::new();
        for (column, place) in COLUMNS.iter().zip(&mut field_of) {
            let mut found = (0..fields.len()).filter(|index| fields[*index].trim() == *column);
            match (found.next(), found.next()) {
                (Some(index), None) => *place = index,
                (Some(_), Some(_)) => return Err(FileFault::ColumnRepeated((*column).to_owned())),
                (None, _) => missing.push((*column).to_owned()),
            }
        }
        if !missing.is_empty() {
            return Err(FileFault::ColumnsMissing(missing));
        }
        Ok(Self {
            field_of,
            fields: fields.len(),
        })
    }

    /// Whether lines are `Date,Open,High,Low,Close,Adj Close,Volume` and no more.
    pub(super) fn is_canonical(&self) -> bool {
        self.fields == COLUMNS.len() && self.field_of == [0, 1, 2, 3, 4, 5, 6]
    }
}

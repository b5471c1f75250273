//! The list of securities, `symbols_valid_meta.csv`.

use std::collections::{BTreeMap, BTreeSet};

/// The list's file name.
pub const SECURITY_LIST: &str = "symbols_valid_meta.csv";

/// Names of securities by the symbol that their price files are named by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecurityList {
    /// The name of each listed symbol, as written; `None` where the name is blank.
    pub names: BTreeMap<String, Option<String>>,
    /// Symbols listed more than once, in order of symbol. The first entry counts.
    pub listed_twice: BTreeSet<String>,
}

/// Why the list cannot be read. The run stops: a wrong list would silently drop every name.
#[derive(Debug, thiserror::Error)]
pub enum SecurityListError {
    /// A needed column is not in the header.
    #[error("{SECURITY_LIST} has no column `{0}`: add it, or remove the file to run without names")]
    MissingColumn(&'static str),
    /// A line is not CSV, or not UTF-8, or has another number of fields than the header.
    #[error("{SECURITY_LIST} cannot be read: {0}")]
    Malformed(#[from] csv::Error),
}

impl SecurityList {
    /// Reads the list from the bytes of `symbols_valid_meta.csv` (RFC 4180, UTF-8, a byte-order mark is allowed).
    ///
    /// Entries are keyed by the column `NASDAQ Symbol`, by which price files are named; the name is the
    /// column `Security Name` (or `SecurityName`), kept with its blanks. Entries without a symbol are passed over.
    pub fn parse(bytes: &[u8]) -> Result<Self, SecurityListError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = csv::Reader::from_reader(bytes);
        let header = reader.headers()?.clone();
        let column = |names: &[&'static str]| {
            header
                .iter()
                .position(|field| names.contains(&field.trim()))
                .ok_or(SecurityListError::MissingColumn(names[0]))
        };
        let symbol_column = column(&["NASDAQ Symbol"])?;
        let name_column = column(&["Security Name", "SecurityName"])?;
        let mut list = Self::default();
        for record in reader.records() {
            let record = record?;
            let symbol = record[symbol_column].trim();
            if symbol.is_empty() {
                continue;
            }
            if list.names.contains_key(symbol) {
                list.listed_twice.insert(symbol.to_owned());
                continue;
            }
            let name = &record[name_column];
            list.names.insert(
                symbol.to_owned(),
                (!name.trim().is_empty()).then(|| name.to_owned()),
            );
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::{SecurityList, SecurityListError};

    #[test]
    fn keys_by_nasdaq_symbol_keeps_blanks_and_the_first_of_two() {
        let text = "\u{feff}Symbol,Security Name,NASDAQ Symbol\r\n\
            AGM$A,\"Farmer, Mac\",AGM-A\r\nAA,Alcoa ,AA\nB,,B\nAA,Other,AA\nX,nothing,\n";
        let list = SecurityList::parse(text.as_bytes()).unwrap();
        assert_eq!(list.names.len(), 3);
        assert_eq!(list.names["AGM-A"].as_deref(), Some("Farmer, Mac"));
        assert_eq!(list.names["AA"].as_deref(), Some("Alcoa "));
        assert_eq!(list.names["B"], None);
        assert!(list.listed_twice.contains("AA"));
    }

    #[test]
    fn names_what_is_missing() {
        let error = SecurityList::parse(b"Symbol,Security Name\nA,B\n").unwrap_err();
        assert!(
            matches!(error, SecurityListError::MissingColumn("NASDAQ Symbol")),
            "{error}"
        );
    }
}

//! Ticker symbols: the only names from which paths are built.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest symbol, in characters.
pub const MAX_SYMBOL_LENGTH: usize = 16;

/// A checked ticker symbol: 1 to 16 characters of `[A-Za-z0-9.$#^=-]`.
///
/// It is safe as a file name stem: it holds no separator, and `SYMBOL.parquet` is never `.` or `..`.
/// Ordered by bytes. `NAN`, `TRUE` and `NULL` are symbols like any other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Symbol(String);

/// Why a text is not a symbol.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is not a symbol: 1 to {MAX_SYMBOL_LENGTH} of the characters A-Z a-z 0-9 . $ # ^ = - are allowed"
)]
pub struct SymbolError(pub String);

impl Symbol {
    /// The symbol `text`, as it is.
    pub fn parse(text: &str) -> Result<Self, SymbolError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".$#^=-".contains(&byte);
        if text.is_empty() || text.len() > MAX_SYMBOL_LENGTH || !text.bytes().all(allowed) {
            return Err(SymbolError(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }

    /// The symbol's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Symbol {
    type Error = SymbolError;

    fn try_from(text: String) -> Result<Self, SymbolError> {
        Self::parse(&text)
    }
}

impl From<Symbol> for String {
    fn from(symbol: Symbol) -> Self {
        symbol.0
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Symbol;

    #[test]
    fn accepts_what_exchanges_use_and_refuses_what_paths_would_break_on() {
        for good in [
            "A", "AGM-A", "CARR#", "^GSPC", "BRK.B", "AGM$A", "EURUSD=X", "NAN", "..", "a",
        ] {
            assert_eq!(Symbol::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "A B",
            "A/B",
            "A\\B",
            "É",
            "ABCDEFGHIJKLMNOPQ",
            "A\0",
            "A%",
            "A\n",
        ] {
            assert!(Symbol::parse(bad).is_err(), "{bad:?}");
        }
    }
}

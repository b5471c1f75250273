//! What a reader asks for: features of a run, by symbol, date and column.

use std::fmt;

use market::csv::{days_since_epoch, iso_date};
use market::symbol::{Symbol, SymbolError};
use serde::{Deserialize, Serialize};

use crate::id::{RunId, RunIdError};

/// The longest query, in bytes of its JSON: enough to name some ten thousand symbols.
pub const MAX_QUERY_BYTES: usize = 256 * 1024;

/// The name that stands for the newest completed run.
const LATEST: &str = "latest";

/// A query that errors show.
const EXAMPLE: &str = r#"{"run": "latest", "symbols": ["AAPL"], "from": "2019-01-01", "to": "2019-12-31", "columns": ["Date", "Volume"]}"#;

/// The features asked for. Its JSON is the ticket of a Flight reader, and its command descriptor.
///
/// All members but `run` may be left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureQuery {
    /// The run.
    pub run: RunChoice,
    /// The symbols, in any order; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub symbols: Vec<Symbol>,
    /// The first date; `None` for the first that there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Day>,
    /// The last date, itself asked for; `None` for the last that there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Day>,
    /// The columns, in the order in which they are wanted; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
}

/// Why something is not a query.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// It is longer than [`MAX_QUERY_BYTES`].
    #[error(
        "the query has {0} bytes, and {MAX_QUERY_BYTES} are allowed: ask for fewer symbols at a time"
    )]
    TooLong(usize),
    /// It is not the JSON of a query.
    #[error(
        "not a query: {0}: expected JSON such as {EXAMPLE}, where all but `run` may be left out"
    )]
    NotJson(#[source] serde_json::Error),
    /// A path of another length.
    #[error("a path of {0} parts names no features: expected [RUN] or [RUN, SYMBOL]")]
    PathLength(usize),
    /// The first part of a path is no run.
    #[error(transparent)]
    Run(#[from] RunChoiceError),
    /// The second part of a path is no symbol.
    #[error(transparent)]
    Symbol(#[from] SymbolError),
}

impl FeatureQuery {
    /// All features of a run.
    pub fn of_run(run: RunChoice) -> Self {
        Self {
            run,
            symbols: Vec::new(),
            from: None,
            to: None,
            columns: Vec::new(),
        }
    }

    /// Reads the JSON of a query, as a ticket or a command descriptor has it.
    pub fn from_json(json: &[u8]) -> Result<Self, QueryError> {
        if json.len() > MAX_QUERY_BYTES {
            return Err(QueryError::TooLong(json.len()));
        }
        serde_json::from_slice(json).map_err(QueryError::NotJson)
    }

    /// Reads a path descriptor: `[RUN]` or `[RUN, SYMBOL]`.
    pub fn from_path(path: &[String]) -> Result<Self, QueryError> {
        let (run, symbol) = match path {
            [run] => (run, None),
            [run, symbol] => (run, Some(symbol)),
            _ => return Err(QueryError::PathLength(path.len())),
        };
        let mut query = Self::of_run(RunChoice::parse(run)?);
        if let Some(symbol) = symbol {
            query.symbols.push(Symbol::parse(symbol)?);
        }
        Ok(query)
    }

    /// The query's JSON, which [`FeatureQuery::from_json`] reads.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("our own types have a JSON form")
    }
}

/// A run by its id, or the newest completed one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RunChoice {
    /// The newest completed run.
    Latest,
    /// This run.
    Run(RunId),
}

/// Why a text chooses no run.
#[derive(Debug, thiserror::Error)]
#[error("{0}; expected the id of a run, or `{LATEST}`")]
pub struct RunChoiceError(#[from] RunIdError);

impl RunChoice {
    /// `latest`, or the id of a run.
    pub fn parse(text: &str) -> Result<Self, RunChoiceError> {
        if text == LATEST {
            return Ok(Self::Latest);
        }
        Ok(Self::Run(RunId::parse(text)?))
    }
}

impl TryFrom<String> for RunChoice {
    type Error = RunChoiceError;

    fn try_from(text: String) -> Result<Self, RunChoiceError> {
        Self::parse(&text)
    }
}

impl From<RunChoice> for String {
    fn from(choice: RunChoice) -> Self {
        choice.to_string()
    }
}

impl fmt::Display for RunChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => formatter.pad(LATEST),
            Self::Run(run) => run.fmt(formatter),
        }
    }
}

/// A day, written `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day {
    /// Days since 1970-01-01.
    pub since_epoch: i32,
}

/// Why a text is not a day.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a date: expected YYYY-MM-DD, a day of the calendar")]
pub struct DayError(pub String);

impl Day {
    /// The day `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Result<Self, DayError> {
        let since_epoch = days_since_epoch(text.as_bytes());
        let since_epoch = since_epoch.ok_or_else(|| DayError(text.to_owned()))?;
        Ok(Self { since_epoch })
    }
}

impl TryFrom<String> for Day {
    type Error = DayError;

    fn try_from(text: String) -> Result<Self, DayError> {
        Self::parse(&text)
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&iso_date(self.since_epoch))
    }
}

#[cfg(test)]
mod tests {
    use super::{EXAMPLE, FeatureQuery, MAX_QUERY_BYTES, RunChoice};

    const RUN: &str = "0123456789abcdef-1";

    fn path(parts: &[&str]) -> Vec<String> {
        parts.iter().map(|part| (*part).to_owned()).collect()
    }

    #[test]
    fn a_query_is_written_by_hand_and_read_back() {
        let example = FeatureQuery::from_json(EXAMPLE.as_bytes()).unwrap();
        assert_eq!(example.run, RunChoice::Latest);
        assert_eq!(example.from.unwrap().to_string(), "2019-01-01");
        let read_back = FeatureQuery::from_json(&example.to_json()).unwrap();
        assert_eq!(read_back, example);
        let all = FeatureQuery::from_json(format!(r#"{{"run":"{RUN}"}}"#).as_bytes()).unwrap();
        assert_eq!(all.run.to_string(), RUN);
        assert_eq!(all.to_json(), format!(r#"{{"run":"{RUN}"}}"#).as_bytes());
    }

    #[test]
    fn a_path_means_the_same() {
        let of_run = FeatureQuery::from_path(&path(&["latest"])).unwrap();
        assert_eq!(of_run.to_json(), br#"{"run":"latest"}"#);
        let of_symbol = FeatureQuery::from_path(&path(&[RUN, "CARR#"])).unwrap();
        let same = format!(r#"{{"run":"{RUN}","symbols":["CARR#"]}}"#);
        assert_eq!(of_symbol.to_json(), same.as_bytes());
    }

    #[test]
    fn what_is_no_query_is_told_what_was_expected() {
        for (json, expected) in [
            ("", "expected JSON such as"),
            ("no json", "expected JSON such as"),
            ("{}", "missing field `run`"),
            (r#"{"run":"newest"}"#, "or `latest`"),
            (r#"{"run":"../../etc"}"#, "is not the id of a run"),
            (r#"{"run":"latest","symbol":"A"}"#, "unknown field `symbol`"),
            (r#"{"run":"latest","symbols":"A"}"#, "expected a sequence"),
            (r#"{"run":"latest","symbols":["../A"]}"#, "is not a symbol"),
            (r#"{"run":"latest","from":"2019"}"#, "expected YYYY-MM-DD"),
            (
                r#"{"run":"latest","to":"2019-02-29"}"#,
                "a day of the calendar",
            ),
            (r#"{"run":"latest","run":"latest"}"#, "duplicate field"),
            (
                r#"{"run":"latest"} "#.repeat(2).as_str(),
                "trailing characters",
            ),
        ] {
            let error = FeatureQuery::from_json(json.as_bytes()).unwrap_err();
            assert!(error.to_string().contains(expected), "{json}: {error}");
        }
        let long = vec![b' '; MAX_QUERY_BYTES + 1];
        let error = FeatureQuery::from_json(&long).unwrap_err();
        assert!(error.to_string().contains("fewer symbols"), "{error}");
        for (parts, expected) in [
            (path(&[]), "expected [RUN] or [RUN, SYMBOL]"),
            (
                path(&["latest", "A", "B"]),
                "expected [RUN] or [RUN, SYMBOL]",
            ),
            (path(&["newest"]), "or `latest`"),
            (path(&["latest", "A/B"]), "is not a symbol"),
        ] {
            let error = FeatureQuery::from_path(&parts).unwrap_err();
            assert!(error.to_string().contains(expected), "{parts:?}: {error}");
        }
    }
}

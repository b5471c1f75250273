//! What an audit found.

use thiserror::Error;

use crate::csv::iso_date;
use crate::symbol::Symbol;

/// What an audit found of each feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditReport {
    /// The dates after which histories were cut, rising, in days since 1970-01-01. None where no ticker has two rows.
    pub cuts: Vec<i32>,
    /// The features, in the order in which they were named.
    pub features: Vec<FeatureAudit>,
}

/// What an audit found of one feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureAudit {
    /// The feature.
    pub name: String,
    /// What was found.
    pub verdict: Verdict,
}

/// What was found of a feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// No value up to a cut changes with what comes after it.
    Passed,
    /// It has no value up to any cut, in any ticker that has rows after it: there was nothing to see.
    Unseen,
    /// It looks ahead: the furthest that was seen.
    Looks(Leak),
}

/// A feature whose value of a day changes with what comes after that day.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{feature}` looks {}: {symbol} has another value on {} once the rows after {} are others",
    how_far(*reach_rows, *whole_history),
    iso_date(*date),
    iso_date(*cut)
)]
pub struct Leak {
    /// The feature.
    pub feature: String,
    /// The ticker in which it was seen.
    pub symbol: Symbol,
    /// The date of the first row with another value.
    pub date: i32,
    /// The date after which rows are others.
    pub cut: i32,
    /// How many rows after that of `date` the ticker's first row after the cut comes, or would come: the feature looks
    /// at least so far ahead.
    pub reach_rows: usize,
    /// Whether, at every cut, values differ from the first one of the history on, as they do with a statistic of the
    /// whole sample.
    pub whole_history: bool,
}

/// Features that look ahead, each once.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("features look ahead: {}", joined(.0))]
pub struct Leaks(pub Vec<Leak>);

impl AuditReport {
    /// The leaks, in the order of the features.
    pub fn leaks(&self) -> impl Iterator<Item = &Leak> {
        self.features
            .iter()
            .filter_map(|audited| match &audited.verdict {
                Verdict::Looks(leak) => Some(leak),
                Verdict::Passed | Verdict::Unseen => None,
            })
    }

    /// An error with every leak, where there is one.
    pub fn check(&self) -> Result<(), Leaks> {
        let leaks: Vec<Leak> = self.leaks().cloned().collect();
        if leaks.is_empty() {
            return Ok(());
        }
        Err(Leaks(leaks))
    }
}

fn how_far(rows: usize, whole_history: bool) -> String {
    let plural = if rows == 1 { "row" } else { "rows" };
    if whole_history {
        return format!("over the whole history, at least {rows} {plural} ahead");
    }
    format!("at least {rows} {plural} ahead")
}

fn joined(leaks: &[Leak]) -> String {
    let messages: Vec<String> = leaks.iter().map(ToString::to_string).collect();
    messages.join("; ")
}

#[cfg(test)]
mod tests {
    use super::{AuditReport, FeatureAudit, Leak, Verdict};
    use crate::symbol::Symbol;

    #[test]
    fn a_leak_names_its_feature_and_its_reach() {
        let leak = |feature: &str, reach_rows, whole_history| Leak {
            feature: feature.to_owned(),
            symbol: Symbol::parse("NAN").unwrap(),
            date: 0,
            cut: 365,
            reach_rows,
            whole_history,
        };
        let audited = |name: &str, verdict| FeatureAudit {
            name: name.to_owned(),
            verdict,
        };
        let mut report = AuditReport {
            cuts: vec![365],
            features: vec![
                audited("next", Verdict::Looks(leak("next", 1, false))),
                audited("honest", Verdict::Passed),
                audited("score", Verdict::Looks(leak("score", 250, true))),
                audited("blank", Verdict::Unseen),
            ],
        };
        assert_eq!(
            report.check().unwrap_err().to_string(),
            "features look ahead: `next` looks at least 1 row ahead: NAN has another value on 1970-01-01 once the rows \
             after 1971-01-01 are others; `score` looks over the whole history, at least 250 rows ahead: NAN has another \
             value on 1970-01-01 once the rows after 1971-01-01 are others"
        );
        report
            .features
            .retain(|audited| !matches!(audited.verdict, Verdict::Looks(_)));
        assert_eq!(report.check(), Ok(()));
    }
}

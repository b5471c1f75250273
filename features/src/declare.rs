//! What can be wrong with a declaration. All problems are found, so that one edit can mend them.

use thiserror::Error;

use crate::column::{Column, names_of};
use crate::schema::{Feature, Target};

/// The longest window, lag or lead that can be declared, in rows: some 400 years of trading days.
pub const MAX_WINDOW: usize = 100_000;

/// The longest name that can be declared, in bytes of UTF-8.
pub const MAX_NAME_BYTES: usize = 64;

/// The columns of a price table, whose names a declaration cannot take.
pub const BASE_COLUMNS: [&str; 9] = [
    "Date",
    "Open",
    "High",
    "Low",
    "Close",
    "Adj Close",
    "Volume",
    "Symbol",
    "Security Name",
];

/// A refused declaration, with everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the declared features cannot be used: {}", joined(problems))]
pub struct DeclareError {
    pub(crate) problems: Vec<DeclareProblem>,
}

impl DeclareError {
    /// The problems in the order of the declaration, the target last. There is at least one.
    pub fn problems(&self) -> &[DeclareProblem] {
        &self.problems
    }
}

/// One problem of a declaration. Names are quoted as declared; `position` counts features from 1.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DeclareProblem {
    /// A feature or the target has an empty name, or one of white space alone.
    #[error("{place} has no name: give it one")]
    EmptyName {
        /// Which declaration, as in `feature 2` or `the target`.
        place: String,
    },
    /// The name is longer than [`MAX_NAME_BYTES`].
    #[error("the name of {place} has {bytes} bytes: use at most {MAX_NAME_BYTES}")]
    LongName {
        /// Which declaration, as in `feature 2` or `the target`.
        place: String,
        /// Length of the name.
        bytes: usize,
    },
    /// The name is that of a column of the price table, in some mixture of cases.
    #[error("`{name}` is taken by the price table's column `{column}`: choose another name")]
    BaseColumn {
        /// The name as declared.
        name: String,
        /// The column that has it.
        column: &'static str,
    },
    /// An earlier feature has the same name, in some mixture of cases.
    #[error("`{name}` is declared more than once: names must differ by more than case")]
    DuplicateName {
        /// The name as declared.
        name: String,
    },
    /// The target has the name of a feature, in some mixture of cases.
    #[error("`{name}` names both a feature and the target: rename one")]
    TargetName {
        /// The target's name as declared.
        name: String,
    },
    /// A window, lag or lead of no rows.
    #[error("{place} has a {what} of 0 rows: use 1 to {MAX_WINDOW}")]
    NoRows {
        /// Which declaration, as in `feature 2` or `the target`.
        place: String,
        /// `window` or `lead`.
        what: &'static str,
    },
    /// A window, lag or lead above [`MAX_WINDOW`].
    #[error("{place} has a {what} of {rows} rows: use 1 to {MAX_WINDOW}")]
    TooManyRows {
        /// Which declaration, as in `feature 2` or `the target`.
        place: String,
        /// `window` or `lead`.
        what: &'static str,
        /// Rows as declared.
        rows: usize,
    },
    /// The target is of a derived column.
    #[error(
        "the target is of the derived column `{column}`: use one of {}",
        names_of(Column::TABLE)
    )]
    DerivedTarget {
        /// The column as declared.
        column: Column,
    },
}

/// Everything that is wrong with a declaration, in its order.
pub(crate) fn problems_of(features: &[Feature], target: &Target) -> Vec<DeclareProblem> {
    let mut problems = Vec::new();
    for (index, feature) in features.iter().enumerate() {
        let place = format!("feature {}", index + 1);
        check_name(&place, &feature.name, &mut problems);
        check_rows(&place, "window", feature.window, &mut problems);
        if is_among(&feature.name, &features[..index]) {
            problems.push(DeclareProblem::DuplicateName {
                name: feature.name.clone(),
            });
        }
    }
    check_name("the target", &target.name, &mut problems);
    check_rows("the target", "lead", target.lead, &mut problems);
    if target.column.is_derived() {
        problems.push(DeclareProblem::DerivedTarget {
            column: target.column,
        });
    }
    if is_among(&target.name, features) {
        problems.push(DeclareProblem::TargetName {
            name: target.name.clone(),
        });
    }
    problems
}

fn check_name(place: &str, name: &str, problems: &mut Vec<DeclareProblem>) {
    if name.trim().is_empty() {
        problems.push(DeclareProblem::EmptyName {
            place: place.to_owned(),
        });
    }
    if name.len() > MAX_NAME_BYTES {
        problems.push(DeclareProblem::LongName {
            place: place.to_owned(),
            bytes: name.len(),
        });
    }
    if let Some(column) = BASE_COLUMNS
        .into_iter()
        .find(|column| same_name(column, name))
    {
        problems.push(DeclareProblem::BaseColumn {
            name: name.to_owned(),
            column,
        });
    }
}

fn check_rows(place: &str, what: &'static str, rows: usize, problems: &mut Vec<DeclareProblem>) {
    if rows == 0 {
        problems.push(DeclareProblem::NoRows {
            place: place.to_owned(),
            what,
        });
    }
    if rows > MAX_WINDOW {
        problems.push(DeclareProblem::TooManyRows {
            place: place.to_owned(),
            what,
            rows,
        });
    }
}

/// Whether a feature has the name. Empty names are a problem of their own, not a repetition.
fn is_among(name: &str, features: &[Feature]) -> bool {
    !name.trim().is_empty()
        && features
            .iter()
            .any(|feature| same_name(&feature.name, name))
}

/// Readers such as DuckDB do not tell names apart by case.
fn same_name(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

fn joined(problems: &[DeclareProblem]) -> String {
    let messages: Vec<String> = problems.iter().map(ToString::to_string).collect();
    messages.join("; ")
}

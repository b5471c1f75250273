//! Two versions of a model side by side, from their cards alone.

use crate::card::{Card, PanelCard};
use crate::evaluate::Evaluation;
use crate::performance::Performance;
use crate::skill::{SkillInterval, Skills};
use crate::verdict::FoldRow;
use serde::Serialize;
use std::fmt;

/// The figures of two versions. The first of each pair is of the first card.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The model.
    pub name: String,
    /// What keeps their figures from being compared row for row; empty where they were tested on the same rows.
    pub differences: Vec<Difference>,
    /// The figures of each version.
    pub versions: [VersionFigures; 2],
    /// The folds of the same data and the same test dates, earliest first.
    pub folds: Vec<FoldFigures>,
}

/// What keeps the figures of two versions from being compared row for row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// They predict different numbers.
    Targets,
    /// They were trained and tested on different data.
    Data,
    /// One was judged walking forward over all rows, the other on a sample.
    Judgement,
    /// They were tested on different dates.
    Dates,
    /// They were tested on different rows of the same dates.
    Rows,
    /// They were tested on the same rows, and kept different tickers from training.
    NewTickers,
}

/// What a card says of how good a version is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VersionFigures {
    /// The version.
    pub version: String,
    /// The digest of its data.
    pub data_digest: String,
    /// The number of its inputs.
    pub inputs: usize,
    /// The number of its trees.
    pub trees: usize,
    /// Its errors on the latest dates.
    pub evaluation: Evaluation,
    /// How it was judged walking forward; null for a forest.
    pub walk_forward: Option<WalkForwardFigures>,
    /// Why it did not go live by itself; null where it did.
    pub held_back: Option<String>,
    /// Why it should not have gone live, where it did because a person wanted it; else null.
    pub promoted_anyway: Option<String>,
}

/// The figures of a version that was judged walking forward.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WalkForwardFigures {
    /// All test rows of all folds.
    pub overall: Performance<SkillInterval>,
    /// Those of tickers that never trained; null where there are none.
    pub unseen: Option<Performance<SkillInterval>>,
    /// The mean of the skills of the folds.
    pub mean: Skills<SkillInterval>,
    /// The skill in the last fold.
    pub last_fold: Skills<SkillInterval>,
}

/// A fold of both versions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FoldFigures {
    /// The first date of the test rows, in days since 1970-01-01; in JSON an ISO 8601 date.
    #[serde(with = "crate::card::iso_date")]
    pub first_test_date: i32,
    /// The last date of the test rows, likewise.
    #[serde(with = "crate::card::iso_date")]
    pub last_test_date: i32,
    /// The rows that each was tested on.
    pub test_rows: [usize; 2],
    /// The skill of each.
    pub skill: [Skills<SkillInterval>; 2],
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Targets => "they predict different targets",
            Self::Data => "they were trained and tested on different data",
            Self::Judgement => {
                "one was judged walking forward over all rows, the other on a sample of rows"
            }
            Self::Dates => "they were tested on different dates",
            Self::Rows => "they were tested on different rows of the same dates",
            Self::NewTickers => "they kept different tickers from training",
        })
    }
}

impl Comparison {
    /// The figures of two versions of a model.
    pub fn of(one: &Card, other: &Card) -> Self {
        Self {
            name: one.name.clone(),
            differences: differences(one, other),
            versions: [one, other].map(VersionFigures::of),
            folds: same_folds(one, other),
        }
    }
}

impl VersionFigures {
    fn of(card: &Card) -> Self {
        let panel = card.panel.as_ref();
        Self {
            version: card.version.clone(),
            data_digest: card.data_digest.clone(),
            inputs: card.schema.input_columns.len(),
            trees: card.parameters.trees(),
            evaluation: card.evaluation.clone(),
            walk_forward: panel.map(WalkForwardFigures::of),
            held_back: panel.and_then(|panel| panel.held_back.clone()),
            promoted_anyway: panel.and_then(|panel| panel.promoted_anyway.clone()),
        }
    }
}

impl WalkForwardFigures {
    fn of(panel: &PanelCard) -> Self {
        let evaluation = &panel.evaluation;
        Self {
            overall: evaluation.overall,
            unseen: evaluation.unseen,
            mean: evaluation.walk_forward_mean,
            last_fold: evaluation.last_fold,
        }
    }
}

fn differences(one: &Card, other: &Card) -> Vec<Difference> {
    let mut differences = Vec::new();
    if one.features.get("target") != other.features.get("target") {
        differences.push(Difference::Targets);
    }
    if one.data_digest != other.data_digest {
        differences.push(Difference::Data);
    }
    differences.extend(match (&one.panel, &other.panel) {
        (Some(one), Some(other)) => different_folds(one, other),
        (None, None) => different_sample(one, other),
        _ => Some(Difference::Judgement),
    });
    differences
}

fn different_folds(one: &PanelCard, other: &PanelCard) -> Option<Difference> {
    let drawn_by = |card: &PanelCard| (card.plan.seed, card.plan.unseen_share.to_bits());
    let same_draw = drawn_by(one) == drawn_by(other);
    let (one, other) = (&one.evaluation.folds, &other.evaluation.folds);
    let dates = |folds: &[FoldRow]| -> Vec<(i32, i32)> { folds.iter().map(dates_of).collect() };
    let rows = |folds: &[FoldRow]| -> Vec<usize> {
        let rows = folds.iter().map(|fold| fold.test_rows);
        rows.collect()
    };
    if dates(one) != dates(other) {
        return Some(Difference::Dates);
    }
    if rows(one) != rows(other) {
        return Some(Difference::Rows);
    }
    (!same_draw).then_some(Difference::NewTickers)
}

fn different_sample(one: &Card, other: &Card) -> Option<Difference> {
    if one.evaluation.cut_date != other.evaluation.cut_date {
        return Some(Difference::Dates);
    }
    let same = one.sample == other.sample && one.evaluation.test_rows == other.evaluation.test_rows;
    (!same).then_some(Difference::Rows)
}

fn same_folds(one: &Card, other: &Card) -> Vec<FoldFigures> {
    let (Some(one_panel), Some(other_panel)) = (&one.panel, &other.panel) else {
        return Vec::new();
    };
    if one.data_digest != other.data_digest {
        return Vec::new();
    }
    let others = &other_panel.evaluation.folds;
    let mut figures = Vec::new();
    for fold in &one_panel.evaluation.folds {
        let same = others
            .iter()
            .find(|other| dates_of(other) == dates_of(fold));
        figures.extend(same.map(|other| FoldFigures {
            first_test_date: fold.first_test_date,
            last_test_date: fold.last_test_date,
            test_rows: [fold.test_rows, other.test_rows],
            skill: [fold.skill, other.skill],
        }));
    }
    figures
}

fn dates_of(fold: &FoldRow) -> (i32, i32) {
    (fold.first_test_date, fold.last_test_date)
}

#[cfg(test)]
mod tests;

//! The declared features and the target.

use features::column::{Column, names_of};
use features::declare::MAX_WINDOW;
use features::operation::Operation;
use features::schema::{Feature, FeatureSchema, Target, standard};
use serde::{Deserialize, Serialize};

use crate::config::Sources;

/// A feature as it is declared: without a window of its own it takes `features.window`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeclaredFeature {
    name: String,
    column: String,
    operation: Operation,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<usize>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    relative: bool,
}

/// What a run makes of each ticker.
pub(super) fn read_schema(sources: &mut Sources) -> FeatureSchema {
    let window = sources.whole("features.window", 30, 1..=MAX_WINDOW as u64) as usize;
    let mut default: Vec<DeclaredFeature> = standard(window).iter().map(as_declared).collect();
    for feature in &mut default {
        feature.window = None;
    }
    let declared = read_features(sources, "features.declare", default, window);
    let target = read_target(sources);
    FeatureSchema::declare(declared, target).unwrap_or_else(|error| {
        for problem in error.problems() {
            sources.problem("features.declare", problem);
        }
        FeatureSchema::default()
    })
}

pub(super) fn as_declared(feature: &Feature) -> DeclaredFeature {
    DeclaredFeature {
        name: feature.name.clone(),
        column: feature.column.name().to_owned(),
        operation: feature.operation,
        window: Some(feature.window),
        relative: feature.relative,
    }
}

/// A list of features, of which those that do not say it have windows of `window` rows.
pub(super) fn read_features(
    sources: &mut Sources,
    key: &'static str,
    default: Vec<DeclaredFeature>,
    window: usize,
) -> Vec<Feature> {
    let mut features = Vec::new();
    for declared in sources.tables(key, default) {
        let column = match Column::try_from(declared.column) {
            Ok(column) => column,
            Err(unknown) => {
                sources.problem(key, format!("`{}`: {unknown}", declared.name));
                continue;
            }
        };
        features.push(Feature {
            name: declared.name,
            column,
            operation: declared.operation,
            window: declared.window.unwrap_or(window),
            relative: declared.relative,
        });
    }
    features
}

fn read_target(sources: &mut Sources) -> Target {
    let Target { name, column, lead } = Target::default();
    let name = sources.text("target.name", &name, "a name", |_| true);
    let of_table = |text: &str| Column::of_name(text).filter(|column| !column.is_derived());
    let wanted = format!("one of {}", names_of(Column::TABLE));
    let text = sources.text("target.column", column.name(), &wanted, |text| {
        of_table(text).is_some()
    });
    let lead = sources.whole("target.lead", lead as u64, 1..=MAX_WINDOW as u64) as usize;
    Target {
        name,
        column: of_table(&text).unwrap_or(column),
        lead,
    }
}

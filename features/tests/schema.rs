//! Declarations: what is accepted, what is refused, and what the messages say.

use arrow_schema::{DataType, Field};
use tickermill_features::column::Column;
use tickermill_features::declare::{DeclareProblem, MAX_NAME_BYTES, MAX_WINDOW};
use tickermill_features::operation::Operation;
use tickermill_features::schema::{Feature, FeatureSchema, Target, standard};

fn feature(name: &str, window: usize) -> Feature {
    Feature {
        name: name.to_owned(),
        column: Column::Close,
        operation: Operation::Mean,
        window,
        relative: false,
    }
}

fn problems(features: Vec<Feature>, target: Target) -> Vec<DeclareProblem> {
    FeatureSchema::declare(features, target)
        .map_or_else(|error| error.problems().to_vec(), |_| Vec::new())
}

#[test]
fn the_default_is_the_standard_declaration() {
    let schema = FeatureSchema::default();
    assert_eq!(
        FeatureSchema::declare(standard(30), Target::default()).unwrap(),
        schema
    );
    assert_eq!(schema.longest_window(), 30);
    let fields = [
        Field::new("vol_moving_avg", DataType::Float64, true),
        Field::new("adj_close_rolling_med", DataType::Float64, true),
        Field::new("next_day_volume", DataType::Int64, true),
    ];
    assert_eq!(schema.fields(), fields);
}

#[test]
fn a_lag_needs_one_row_more_than_it_goes_back() {
    let lag = Feature {
        operation: Operation::Lag,
        ..feature("yesterday", 1)
    };
    assert_eq!(
        FeatureSchema::declare(vec![lag], Target::default())
            .unwrap()
            .longest_window(),
        2
    );
}

#[test]
fn what_is_derived_from_two_rows_needs_one_row_more() {
    for column in Column::all() {
        let rows = |operation, relative| {
            let feature = Feature {
                column,
                operation,
                relative,
                ..feature("derived", 5)
            };
            feature.rows_needed()
        };
        let of_two_rows = [Column::LogReturn, Column::LogGap].contains(&column);
        let before = usize::from(of_two_rows);
        for relative in [false, true] {
            assert_eq!(rows(Operation::Mean, relative), 5 + before, "{column}");
            assert_eq!(rows(Operation::Lag, relative), 6 + before, "{column}");
        }
    }
}

#[test]
fn a_target_is_of_a_column_of_the_table() {
    for column in Column::all() {
        let target = Target {
            column,
            ..Target::default()
        };
        let refused = vec![DeclareProblem::DerivedTarget { column }];
        let expected = if column.is_derived() { refused } else { vec![] };
        assert_eq!(problems(vec![], target), expected);
    }
    let message = DeclareProblem::DerivedTarget {
        column: Column::LogVolume,
    }
    .to_string();
    assert_eq!(
        message,
        "the target is of the derived column `log_volume`: use one of Open, High, Low, Close, Adj Close, Volume"
    );
}

#[test]
fn a_declaration_without_features_is_accepted() {
    let price = Target {
        name: "next_close".to_owned(),
        column: Column::Close,
        lead: 1,
    };
    let schema = FeatureSchema::declare(vec![], price).unwrap();
    assert_eq!(schema.longest_window(), 1);
    assert_eq!(
        schema.fields(),
        [Field::new("next_close", DataType::Float64, true)]
    );
}

#[test]
fn every_problem_is_reported() {
    let features = vec![
        feature(" ", 0),
        feature("volume", MAX_WINDOW + 1),
        feature(&"n".repeat(MAX_NAME_BYTES + 1), MAX_WINDOW),
        feature("twice", 2),
        feature("Twice", 2),
    ];
    let target = Target {
        name: "twice".to_owned(),
        column: Column::Volume,
        lead: 0,
    };
    let expected = [
        DeclareProblem::EmptyName {
            place: "feature 1".to_owned(),
        },
        DeclareProblem::NoRows {
            place: "feature 1".to_owned(),
            what: "window",
        },
        DeclareProblem::BaseColumn {
            name: "volume".to_owned(),
            column: "Volume",
        },
        DeclareProblem::TooManyRows {
            place: "feature 2".to_owned(),
            what: "window",
            rows: MAX_WINDOW + 1,
        },
        DeclareProblem::LongName {
            place: "feature 3".to_owned(),
            bytes: MAX_NAME_BYTES + 1,
        },
        DeclareProblem::DuplicateName {
            name: "Twice".to_owned(),
        },
        DeclareProblem::NoRows {
            place: "the target".to_owned(),
            what: "lead",
        },
        DeclareProblem::TargetName {
            name: "twice".to_owned(),
        },
    ];
    assert_eq!(problems(features.clone(), target.clone()), expected);
    let message = FeatureSchema::declare(features, target)
        .unwrap_err()
        .to_string();
    for problem in expected {
        assert!(message.contains(&problem.to_string()), "{message}");
    }
}

#[test]
fn base_columns_are_taken() {
    for name in [
        "Date",
        "Open",
        "High",
        "Low",
        "Close",
        "Adj Close",
        "Volume",
        "Symbol",
        "Security Name",
    ] {
        assert_eq!(
            problems(vec![feature(name, 1)], Target::default()).len(),
            1,
            "{name}"
        );
        let target = Target {
            name: name.to_owned(),
            ..Target::default()
        };
        assert_eq!(problems(vec![], target).len(), 1, "{name}");
    }
}

#[test]
fn derived_columns_follow_those_of_the_table() {
    assert!(!Column::TABLE.into_iter().any(Column::is_derived));
    assert!(Column::DERIVED.into_iter().all(Column::is_derived));
    assert_eq!(Column::of_name("Date"), None);
}

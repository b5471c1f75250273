//! Every derived column under every operation, and relative to the row, against its slow, obvious meaning.

mod oracle;
mod sessions;
mod table;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Date32Array, Float64Array, Int64Array};
use chrono::NaiveDate;
use oracle::{bits, window_and_rows};
use proptest::prelude::*;
use table::{Table, tables, value_at};
use tickermill_features::column::Column;
use tickermill_features::compute::compute;
use tickermill_features::operation::Operation;
use tickermill_features::schema::{Feature, FeatureSchema, Target};

/// Every column under every operation, plain and relative.
fn everything(window: usize) -> FeatureSchema {
    let mut features = Vec::new();
    for column in Column::all() {
        for operation in Operation::ALL {
            for relative in [false, true] {
                features.push(Feature {
                    name: format!("{} of {column}, {relative}", operation.name()),
                    column,
                    operation,
                    window,
                    relative,
                });
            }
        }
    }
    FeatureSchema::declare(features, Target::default()).expect("it is a good declaration")
}

/// A window, and a table for it.
fn windows_and_tables() -> impl Strategy<Value = (usize, Table)> {
    let lengths = window_and_rows().prop_flat_map(|(window, rows)| (Just(window.min(40)), rows));
    lengths.prop_flat_map(|(window, rows)| (Just(window), tables(rows.min(120))))
}

fn computed(schema: &FeatureSchema, table: &Table) -> Vec<Float64Array> {
    let mut columns = compute(schema, &table.columns()).expect("all values are finite");
    columns.pop().expect("the target comes last");
    let columns = columns.iter();
    columns
        .map(|column| column.as_primitive::<Float64Type>().clone())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn features_are_what_they_say((window, table) in windows_and_tables()) {
        let schema = everything(window);
        for (feature, values) in schema.features().iter().zip(computed(&schema, &table)) {
            prop_assert_eq!(bits(&values), bits(&table.meaning(feature)), "{}", feature.name);
        }
    }

    /// Rows with those of the longest window before them have the bits that they have in the whole table.
    #[test]
    fn values_depend_on_the_longest_window_alone(
        (window, table) in windows_and_tables(), start in 0_usize..120, rows in 1_usize..60,
    ) {
        let schema = everything(window);
        let needed = schema.longest_window() - 1;
        prop_assume!(table.rows() > needed);
        let start = needed + start % (table.rows() - needed);
        let rows = rows.min(table.rows() - start);
        let part = computed(&schema, &table.slice(start - needed, needed + rows));
        for ((feature, whole), part) in schema.features().iter().zip(computed(&schema, &table)).zip(part) {
            let (whole, part) = (whole.slice(start, rows), part.slice(needed, rows));
            prop_assert_eq!(bits(&whole), bits(&part), "{}", feature.name);
        }
    }

    /// A feature by itself depends on the rows that it says.
    #[test]
    fn a_value_depends_on_the_rows_needed_alone((window, table) in windows_and_tables()) {
        for feature in everything(window).features() {
            let needed = feature.rows_needed();
            if table.rows() < needed {
                continue;
            }
            let schema = FeatureSchema::declare(vec![feature.clone()], Target::default()).unwrap();
            let last = |values: Vec<Float64Array>| bits(&values[0]).pop();
            let part = computed(&schema, &table.slice(table.rows() - needed, needed));
            prop_assert_eq!(last(computed(&schema, &table)), last(part), "{}", feature.name);
        }
    }
}

#[test]
fn derived_columns_by_hand() {
    let thursday = NaiveDate::from_ymd_opt(2020, 3, 19)
        .unwrap()
        .to_epoch_days();
    let table = Table {
        date: Date32Array::from(vec![thursday, thursday + 1]),
        prices: [[2.0, 3.0], [4.0, 5.0], [2.0, 0.0], [1.0, 2.0], [1.0, 2.0]]
            .map(|prices| Float64Array::from(prices.to_vec())),
        volume: Int64Array::from(vec![0, 9]),
    };
    let by_hand = [
        (Column::LogVolume, [Some(0.0), Some(10_f64.ln())]),
        (Column::LogPrice, [Some(0.0), Some(2_f64.ln())]),
        (Column::LogReturn, [None, Some(2_f64.ln())]),
        (Column::LogRange, [Some(2_f64.ln()), None]),
        (Column::LogGap, [None, Some(3_f64.ln())]),
        (Column::NextWeekday, [Some(4.0), Some(0.0)]),
        (Column::NextDaysAhead, [Some(1.0), Some(3.0)]),
        (Column::NextShortened, [Some(0.0), Some(0.0)]),
        (Column::NextMonthEnd, [Some(0.0), Some(0.0)]),
        (Column::NextExpiry, [Some(2.0), Some(0.0)]),
    ];
    assert_eq!(by_hand.map(|(column, _)| column), Column::DERIVED);
    let schema = everything(1);
    for (feature, values) in schema.features().iter().zip(computed(&schema, &table)) {
        let Some((_, expected)) = by_hand.iter().find(|(column, _)| *column == feature.column)
        else {
            continue;
        };
        if feature.operation != Operation::Mean || feature.relative {
            continue;
        }
        for (row, expected) in expected.iter().enumerate() {
            let value = value_at(&values, row);
            let is_near = value
                .zip(*expected)
                .is_none_or(|(value, expected)| (value - expected).abs() < 1e-12);
            assert!(
                is_near && value.is_some() == expected.is_some(),
                "{} {value:?}",
                feature.name
            );
        }
    }
}

//! A whole declaration over the prices of one ticker.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, Date32Array, Float64Array, Int64Array};
use tickermill_features::column::Column;
use tickermill_features::compute::{ComputeError, compute};
use tickermill_features::operation::Operation;
use tickermill_features::prices::PriceColumns;
use tickermill_features::schema::{Feature, FeatureSchema, Target, standard};

/// As many days as there are prices, one after another.
fn days_of(prices: &Float64Array) -> Date32Array {
    Date32Array::from_iter_values(0..prices.len() as i32)
}

fn columns<'a>(
    date: &'a Date32Array,
    prices: &'a Float64Array,
    volume: &'a Int64Array,
) -> PriceColumns<'a> {
    PriceColumns {
        date,
        open: prices,
        high: prices,
        low: prices,
        close: prices,
        adj_close: prices,
        volume,
    }
}

#[test]
fn the_standard_declaration_by_hand() {
    let prices = Float64Array::from(vec![3.0, 1.0, 2.5, 2.0]);
    let volume = Int64Array::from(vec![10, 21, 30, 40]);
    let schema = FeatureSchema::declare(standard(2), Target::default()).unwrap();
    let computed = compute(&schema, &columns(&days_of(&prices), &prices, &volume)).unwrap();
    assert_eq!(computed.len(), 3);
    let means = Float64Array::from(vec![None, Some(15.5), Some(25.5), Some(35.0)]);
    let medians = Float64Array::from(vec![None, Some(2.0), Some(1.75), Some(2.25)]);
    assert_eq!(computed[0].as_primitive::<Float64Type>(), &means);
    assert_eq!(computed[1].as_primitive::<Float64Type>(), &medians);
    let target = Int64Array::from(vec![Some(21), Some(30), Some(40), None]);
    assert_eq!(computed[2].as_primitive::<Int64Type>(), &target);
}

#[test]
fn every_operation_gives_what_the_schema_declares() {
    let prices = Float64Array::from(vec![3.0, 1.0, 2.0]);
    let volume = Int64Array::from(vec![30, 10, 20]);
    let by_hand = [
        (Operation::Mean, 2.0),
        (Operation::Median, 2.0),
        (Operation::Sum, 6.0),
        (Operation::Min, 1.0),
        (Operation::Max, 3.0),
        (Operation::Std, 1.0),
    ];
    for (column, scale) in [(Column::Close, 1.0), (Column::Volume, 10.0)] {
        let features = Operation::ALL.map(|operation| {
            let window = if operation == Operation::Lag { 2 } else { 3 };
            Feature {
                name: operation.name().to_owned(),
                column,
                operation,
                window,
                relative: false,
            }
        });
        let target = Target {
            name: "ahead".to_owned(),
            column,
            lead: 2,
        };
        let schema = FeatureSchema::declare(features.to_vec(), target).unwrap();
        let computed = compute(&schema, &columns(&days_of(&prices), &prices, &volume)).unwrap();
        for (field, array) in schema.fields().iter().zip(&computed) {
            assert_eq!(
                (field.data_type(), array.len()),
                (array.data_type(), 3),
                "{}",
                field.name()
            );
        }
        for (index, (operation, value)) in by_hand.into_iter().enumerate() {
            let expected = Float64Array::from(vec![None, None, Some(value * scale)]);
            assert_eq!(
                computed[index].as_primitive::<Float64Type>(),
                &expected,
                "{operation:?} of {column}"
            );
        }
        let lagged = Float64Array::from(vec![None, None, Some(3.0 * scale)]);
        assert_eq!(computed[6].as_primitive::<Float64Type>(), &lagged);
        assert!(computed[7].is_valid(0) && computed[7].is_null(1) && computed[7].is_null(2));
    }
}

#[test]
fn tables_shorter_than_the_window_give_nulls() {
    for rows in [0, 1, 29] {
        let prices = Float64Array::from(vec![1.0; rows]);
        let volume = Int64Array::from(vec![1; rows]);
        let computed = compute(
            &FeatureSchema::default(),
            &columns(&days_of(&prices), &prices, &volume),
        )
        .unwrap();
        assert!(computed.iter().all(|column| column.len() == rows));
        assert!(
            computed[..2]
                .iter()
                .all(|column| column.null_count() == rows)
        );
    }
}

#[test]
fn infinities_are_refused_where_they_are_used() {
    let prices = Float64Array::from(vec![1.0, 2.0, f64::INFINITY]);
    let good = Float64Array::from(vec![1.0, 2.0, 3.0]);
    let volume = Int64Array::from(vec![1, 2, 3]);
    let date = days_of(&good);
    let bad_adj_close = PriceColumns {
        adj_close: &prices,
        ..columns(&date, &good, &volume)
    };
    let error = compute(&FeatureSchema::default(), &bad_adj_close).unwrap_err();
    assert_eq!(
        error,
        ComputeError::NotFinite {
            column: Column::AdjClose,
            row: 2,
            value: f64::INFINITY
        }
    );
    assert!(
        error
            .to_string()
            .starts_with("row 2 of column Adj Close is inf"),
        "{error}"
    );
    let bad_open = PriceColumns {
        open: &prices,
        ..columns(&date, &good, &volume)
    };
    assert!(compute(&FeatureSchema::default(), &bad_open).is_ok());
    for (column, is_refused) in [(Column::LogGap, true), (Column::LogReturn, false)] {
        let feature = Feature {
            name: "derived".to_owned(),
            column,
            operation: Operation::Mean,
            window: 1,
            relative: false,
        };
        let schema = FeatureSchema::declare(vec![feature], Target::default()).unwrap();
        let computed = compute(&schema, &bad_open);
        assert_eq!(computed.is_err(), is_refused, "{column}");
    }
}

#[test]
fn a_value_under_a_null_is_not_looked_at() {
    let valid = vec![true, false, true].into();
    let prices = Float64Array::new(vec![1.0, f64::NAN, 3.0].into(), Some(valid));
    let volume = Int64Array::from(vec![1, 2, 3]);
    let schema = FeatureSchema::declare(standard(1), Target::default()).unwrap();
    let computed = compute(&schema, &columns(&days_of(&prices), &prices, &volume)).unwrap();
    assert_eq!(computed[1].as_primitive::<Float64Type>(), &prices);
}

#[test]
fn columns_of_different_tables_are_refused() {
    let prices = Float64Array::from(vec![1.0, 2.0]);
    let volume = Int64Array::from(vec![1]);
    let error = compute(
        &FeatureSchema::default(),
        &columns(&days_of(&prices), &prices, &volume),
    )
    .unwrap_err();
    assert_eq!(
        error,
        ComputeError::UnequalLengths {
            column: "Volume",
            rows: 1,
            expected: 2
        }
    );
}

#[test]
fn dates_are_as_many_as_prices() {
    let prices = Float64Array::from(vec![1.0]);
    let date = Date32Array::from(vec![1, 2]);
    let volume = Int64Array::from(vec![1]);
    let columns = columns(&date, &prices, &volume);
    let error = compute(&FeatureSchema::default(), &columns).unwrap_err();
    let message = "column Date has 2 rows where 1 were expected: pass the columns of one table";
    assert_eq!(error.to_string(), message);
}

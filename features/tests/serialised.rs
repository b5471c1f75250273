//! Declarations as JSON: what they look like, and what is refused.

use tickermill_features::column::Column;
use tickermill_features::operation::Operation;
use tickermill_features::schema::{Feature, FeatureSchema};

#[test]
fn a_schema_survives_serialisation() {
    let text = serde_json::to_string(&FeatureSchema::default()).unwrap();
    assert!(text.contains(
        r#"{"name":"adj_close_rolling_med","column":"Adj Close","operation":"median","window":30}"#
    ));
    assert_eq!(
        serde_json::from_str::<FeatureSchema>(&text).unwrap(),
        FeatureSchema::default()
    );
}

/// Keys of jobs are made of these bytes.
#[test]
fn what_was_declared_before_there_was_more_keeps_its_form() {
    let text = concat!(
        r#"{"features":[{"name":"vol_moving_avg","column":"Volume","operation":"mean","window":30},"#,
        r#"{"name":"adj_close_rolling_med","column":"Adj Close","operation":"median","window":30}],"#,
        r#""target":{"name":"next_day_volume","column":"Volume","lead":1}}"#
    );
    let schema = FeatureSchema::default();
    assert_eq!(serde_json::to_string(&schema).unwrap(), text);
    assert_eq!(serde_json::from_str::<FeatureSchema>(text).unwrap(), schema);
}

#[test]
fn a_relative_feature_of_a_derived_column_survives_serialisation() {
    let text =
        r#"{"name":"f","column":"log_volume","operation":"mean","window":5,"relative":true}"#;
    let declared = Feature {
        name: "f".to_owned(),
        column: Column::LogVolume,
        operation: Operation::Mean,
        window: 5,
        relative: true,
    };
    assert_eq!(serde_json::to_string(&declared).unwrap(), text);
    assert_eq!(serde_json::from_str::<Feature>(text).unwrap(), declared);
}

#[test]
fn serialised_names_are_the_names() {
    for column in Column::all() {
        assert_eq!(serde_json::to_value(column).unwrap(), column.name());
        assert_eq!(
            serde_json::from_value::<Column>(column.name().into()).unwrap(),
            column
        );
    }
    for operation in Operation::ALL {
        assert_eq!(serde_json::to_value(operation).unwrap(), operation.name());
        assert_eq!(
            serde_json::from_value::<Operation>(operation.name().into()).unwrap(),
            operation
        );
    }
}

#[test]
fn deserialising_refuses_what_declaring_refuses() {
    let refused = |text: &str, reason: &str| {
        let message = serde_json::from_str::<FeatureSchema>(text)
            .unwrap_err()
            .to_string();
        assert!(message.contains(reason), "{message}");
    };
    let target = r#"{"name":"t","column":"Volume","lead":1}"#;
    let with = |operation: &str, window: usize| {
        format!(
            r#"{{"features":[{{"name":"f","column":"Close","operation":"{operation}","window":{window}}}],"target":{target}}}"#
        )
    };
    refused(&with("lead", 1), "looking ahead is for targets alone");
    refused(
        &with("ema", 1),
        "use one of mean, median, sum, min, max, std, lag",
    );
    refused(&with("mean", 0), "window of 0 rows");
    refused(
        &with("mean", 1).replace("Close", "log_close"),
        "column `log_close` is unknown: use one of Open, High, Low, Close, Adj Close, Volume, log_volume, log_price, \
         log_return, log_range, log_gap, next_weekday, next_days_ahead, next_shortened, next_month_end, next_expiry",
    );
    refused(
        &format!(r#"{{"features":[],"target":{target},"extra":1}}"#),
        "unknown field `extra`",
    );
    refused(
        r#"{"features":[],"target":{"name":"t","column":"Volume","lead":1,"lag":1}}"#,
        "unknown field `lag`",
    );
    assert!(serde_json::from_str::<FeatureSchema>(&with("mean", 1)).is_ok());
}

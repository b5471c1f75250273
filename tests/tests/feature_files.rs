//! Feature files as any reader sees them.

#![expect(
    clippy::unwrap_used,
    reason = "what is not there fails the test, in its helpers too"
)]

use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use serde_json::Value;
use tickermill_tests::feature_files::{columns, read, texts};
use tickermill_tests::market;

fn feature_file(summary: &Value, symbol: &str) -> RecordBatch {
    let folder = Path::new(summary["features_dir"].as_str().unwrap());
    read(&folder.join(format!("{symbol}.parquet")))
}

fn owned(columns: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, kind): &(&str, &str)| ((*name).to_owned(), (*kind).to_owned());
    columns.iter().map(owned).collect()
}

const RAW_COLUMNS: [(&str, &str); 9] = [
    ("Date", "Date32"),
    ("Open", "Float64"),
    ("High", "Float64"),
    ("Low", "Float64"),
    ("Close", "Float64"),
    ("Adj Close", "Float64"),
    ("Volume", "Int64"),
    ("Symbol", "Utf8"),
    ("Security Name", "Utf8"),
];

#[test]
fn columns_come_in_the_documented_order_and_types() {
    let workplace = market::small_workplace();
    let summary = workplace
        .run("run --data market --no-train --json")
        .completed();
    let mut wanted = owned(&RAW_COLUMNS);
    wanted.extend(owned(&[
        ("vol_moving_avg", "Float64"),
        ("adj_close_rolling_med", "Float64"),
        ("next_day_volume", "Int64"),
    ]));
    for symbol in ["CARR#", "NAN", "TRUE", "NULL"] {
        assert_eq!(columns(&feature_file(&summary, symbol)), wanted, "{symbol}");
    }
}

#[test]
fn a_window_is_the_row_and_those_before_it() {
    let workplace = market::small_workplace();
    let summary = workplace
        .run("run --data market --no-train --json")
        .completed();
    let batch = feature_file(&summary, "NAN");
    assert_eq!(batch.num_rows(), 60);
    let means = batch["vol_moving_avg"].as_primitive::<Float64Type>();
    let medians = batch["adj_close_rolling_med"].as_primitive::<Float64Type>();
    let next = batch["next_day_volume"].as_primitive::<Int64Type>();
    let volumes = batch["Volume"].as_primitive::<Int64Type>();
    for row in 0..60 {
        assert_eq!(means.is_null(row), row < 29, "row {row}");
        assert_eq!(medians.is_null(row), row < 29, "row {row}");
        assert_eq!(next.is_null(row), row == 59, "row {row}");
    }
    // Volumes rise by one a row, so that the mean of 30 is that of the first and the last.
    assert!((means.value(29) - 2014.5).abs() < f64::EPSILON);
    assert!((means.value(59) - 2044.5).abs() < f64::EPSILON);
    assert_eq!(next.value(0), volumes.value(1));
}

#[test]
fn symbols_keep_their_names_and_the_list_gives_theirs() {
    let workplace = market::small_workplace();
    let ended = workplace.run("run --data market --no-train --json");
    let summary = ended.completed();
    assert_eq!(summary["symbols"], 4);
    for (symbol, name) in [
        ("CARR#", Some("Carrier, \"when issued\"")),
        ("NAN", Some("Nano Holdings")),
        ("TRUE", None),
        ("NULL", None),
    ] {
        let batch = feature_file(&summary, symbol);
        assert_eq!(texts(&batch, "Symbol"), vec![Some(symbol.to_owned()); 60]);
        let names = vec![name.map(str::to_owned); 60];
        assert_eq!(texts(&batch, "Security Name"), names);
    }
    let run = summary["run_id"].as_str().unwrap();
    let quality = workplace.json(&format!("out/runs/{run}/quality.json"));
    assert_eq!(quality["list"]["empty_name"], serde_json::json!(["TRUE"]));
    assert_eq!(
        quality["list"]["without_entry"],
        serde_json::json!(["NULL"])
    );
}

#[test]
fn a_flat_folder_without_a_list_works_and_a_warning_says_what_is_missing() {
    let workplace = tickermill_tests::workplace::Workplace::empty();
    workplace.write("market/CARR#.csv", market::price_file(40, 10));
    let ended = workplace.run("run --data market --no-train --json");
    assert!(ended.stderr.contains("there is no symbols_valid_meta.csv"));
    let summary = ended.completed();
    assert_eq!(summary["symbols"], 1);
    let names = texts(&feature_file(&summary, "CARR#"), "Security Name");
    assert_eq!(names, vec![None; 40]);
}

#[test]
fn raw_files_are_the_same_without_features() {
    let workplace = market::small_workplace();
    workplace.write("raw.toml", "[output]\nraw = true\n");
    let summary = workplace
        .run("run --data market --config raw.toml --no-train --json")
        .completed();
    let run = summary["run_id"].as_str().unwrap();
    let raw = format!("out/runs/{run}/market_data");
    assert_eq!(workplace.files(&raw).len(), 4);
    for symbol in ["CARR#", "NAN", "TRUE", "NULL"] {
        let batch = read(&workplace.path(&format!("{raw}/{symbol}.parquet")));
        assert_eq!(columns(&batch), owned(&RAW_COLUMNS));
        let features = feature_file(&summary, symbol);
        let same: Vec<usize> = (0..RAW_COLUMNS.len()).collect();
        assert_eq!(batch.columns(), features.project(&same).unwrap().columns());
    }
    // Without the option there are none, and the features are the same.
    let plain = workplace
        .run("run --data market --no-train --json --out plain")
        .completed();
    assert_eq!(plain["dataset_digest"], summary["dataset_digest"]);
    let run = plain["run_id"].as_str().unwrap();
    assert!(
        !workplace
            .path(&format!("plain/runs/{run}/market_data"))
            .exists()
    );
}

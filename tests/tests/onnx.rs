//! The published model, in the hands of others: onnx's checker and ONNX Runtime.

use std::fs;
use std::path::Path;

use model::card::Card;
use model::onnx;
use serde_json::Value;
use tickermill_tests::onnx_runtime::{chance, check, rows_with_predictions};
use tickermill_tests::workplace::Workplace;
use tickermill_tests::{market, python};

const RANDOM_ROWS: u64 = 1_000;

/// A run of the sample with its model.
fn published() -> (Workplace, Value) {
    let workplace = market::workplace_with_sample();
    let summary = workplace.run("run --data market --json").completed();
    (workplace, summary)
}

/// A volume from 100 to 1e9 and a price from 0.1 to 1,000, each magnitude as likely.
fn random_row(row: u64) -> Vec<f32> {
    let volume = 10.0_f64.powf(2.0 + 7.0 * chance(2 * row + 1));
    let price = 10.0_f64.powf(-1.0 + 4.0 * chance(2 * row + 2));
    vec![volume as f32, price as f32]
}

#[test]
fn the_card_tells_of_the_model_beside_it() {
    let (_workplace, summary) = published();
    let path = Path::new(summary["model"]["path"].as_str().unwrap());
    let forest = onnx::read(&fs::read(path).unwrap()).unwrap().forest;
    let card = fs::read_to_string(path.with_file_name("card.json")).unwrap();
    let card = Card::from_json(&card).unwrap();
    assert_eq!(
        card.onnx_digest,
        summary["model"]["digest"].as_str().unwrap()
    );
    assert_eq!(
        card.data_digest,
        summary["dataset_digest"].as_str().unwrap()
    );
    assert_eq!(card.version, summary["model"]["version"].as_str().unwrap());
    assert_eq!(card.schema.input_columns, forest.feature_names());
    assert_eq!(card.golden_rows.len(), 10);
    for golden in &card.golden_rows {
        let difference = (forest.predict(&golden.inputs) - golden.output).abs();
        assert!(
            difference < f64::EPSILON * golden.output.abs(),
            "{golden:?}"
        );
    }
}

#[test]
fn onnx_runtime_predicts_what_we_predict() {
    if python::command("ONNX parity").is_none() {
        return;
    }
    let python = || python::command("ONNX parity").expect("it was there");
    let (workplace, summary) = published();
    let path = Path::new(summary["model"]["path"].as_str().unwrap());
    let forest = onnx::read(&fs::read(path).unwrap()).unwrap().forest;
    let rows = rows_with_predictions(&forest, (0..RANDOM_ROWS).map(random_row));
    workplace.write("rows.csv", rows);
    let file = workplace.path("rows.csv");
    let ended = check(python(), path, &file).expect_exit(0);
    assert_eq!(ended.stdout.trim(), "10 golden rows and 1000 rows agree");
    // The script can fail: with one prediction changed it does.
    let rows = String::from_utf8(workplace.read("rows.csv").unwrap()).unwrap();
    let (rest, prediction) = rows.trim_end().rsplit_once(',').unwrap();
    let wrong = prediction.parse::<f64>().unwrap() * 1.0001;
    workplace.write("rows.csv", format!("{rest},{wrong}\n"));
    let ended = check(python(), path, &file).expect_exit(1);
    assert!(
        ended.stderr.contains("1 of 1000 rows differ"),
        "{}",
        ended.stderr
    );
}

//! The published model, in the hands of others: onnx's checker and ONNX Runtime.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use model::card::Card;
use model::onnx;
use serde_json::Value;
use tickermill_tests::tickermill::{self, repository};
use tickermill_tests::workplace::Workplace;
use tickermill_tests::{market, python};

const RANDOM_ROWS: u64 = 1_000;

/// A run of the sample with its model.
fn published() -> (Workplace, Value) {
    let workplace = market::workplace_with_sample();
    let summary = workplace.run("run --data market --json").completed();
    (workplace, summary)
}

/// A number from 0 to 1 that looks random: SplitMix64.
fn chance(state: u64) -> f64 {
    let mut mixed = state.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// A volume from 100 to 1e9 and a price from 0.1 to 1,000, each magnitude as likely.
fn random_row(row: u64) -> [f32; 2] {
    let volume = 10.0_f64.powf(2.0 + 7.0 * chance(2 * row + 1));
    let price = 10.0_f64.powf(-1.0 + 4.0 * chance(2 * row + 2));
    [volume as f32, price as f32]
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
    let Some(mut python) = python::command("ONNX parity") else {
        return;
    };
    let (workplace, summary) = published();
    let path = Path::new(summary["model"]["path"].as_str().unwrap());
    let forest = onnx::read(&fs::read(path).unwrap()).unwrap().forest;
    let mut csv = "vol_moving_avg,adj_close_rolling_med,prediction\n".to_owned();
    for row in 0..RANDOM_ROWS {
        let inputs = random_row(row);
        let prediction = forest.predict(&inputs);
        writeln!(csv, "{},{},{prediction}", inputs[0], inputs[1]).unwrap();
    }
    workplace.write("rows.csv", csv);
    python
        .arg(repository().join("tests/python/check_onnx.py"))
        .arg(path)
        .arg(path.with_file_name("card.json"))
        .arg(workplace.path("rows.csv"));
    let ended = tickermill::run(&mut python).expect_exit(0);
    assert_eq!(ended.stdout.trim(), "10 golden rows and 1000 rows agree");
    // The script can fail: with one prediction changed it does.
    let rows = String::from_utf8(workplace.read("rows.csv").unwrap()).unwrap();
    let (rest, prediction) = rows.trim_end().rsplit_once(',').unwrap();
    let wrong = prediction.parse::<f64>().unwrap() * 1.0001;
    workplace.write("rows.csv", format!("{rest},{wrong}\n"));
    let ended = tickermill::run(&mut python).expect_exit(1);
    assert!(
        ended.stderr.contains("1 of 1000 rows differ"),
        "{}",
        ended.stderr
    );
}

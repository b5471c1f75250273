//! Models that scikit-learn and LightGBM trained and their own converters wrote, beside ONNX Runtime.

use std::fs;

use model::onnx;
use model::walker::Walker;
use tickermill_tests::journal::Journal;
use tickermill_tests::predictor::Predictor;
use tickermill_tests::tickermill::{self, repository};
use tickermill_tests::workplace::Workplace;
use tickermill_tests::{market, python};

/// What the script imports.
const PACKAGES: &str = "lightgbm, onnx, onnxmltools, onnxruntime, skl2onnx, sklearn";

const MODELS: [&str; 9] = [
    "random_forest",
    "extra_trees",
    "gradient_boosting",
    "histogram",
    "histogram_missing",
    "decision_tree",
    "other_modes",
    "lightgbm",
    "lightgbm_missing",
];

/// The features of a CSV, row after row, and its last column.
fn rows_and_predictions(csv: &str) -> (Vec<f32>, Vec<f64>) {
    let mut rows = Vec::new();
    let mut predictions = Vec::new();
    for line in csv.lines() {
        let (features, prediction) = line.rsplit_once(',').expect("it is there");
        rows.extend(
            features
                .split(',')
                .map(|value| value.parse::<f32>().expect("it is there")),
        );
        predictions.push(prediction.parse().expect("it is there"));
    }
    (rows, predictions)
}

/// A workplace with the files; `None`, said loudly, where the libraries are not there.
fn written() -> Option<Workplace> {
    let mut python = python::command_with("ONNX of other libraries", PACKAGES)?;
    let workplace = Workplace::empty();
    python
        .arg(repository().join("tests/python/foreign_models.py"))
        .arg(workplace.folder());
    let ended = tickermill::run(&mut python).expect_exit(0);
    assert_eq!(ended.stdout.lines().collect::<Vec<_>>(), MODELS);
    Some(workplace)
}

#[test]
fn models_of_other_libraries_predict_what_onnx_runtime_predicts() {
    let Some(workplace) = written() else {
        return;
    };
    for name in MODELS {
        let file = workplace.read(&format!("{name}.onnx")).unwrap();
        let csv = fs::read_to_string(workplace.path(&format!("{name}.csv"))).unwrap();
        let (rows, expected) = rows_and_predictions(&csv);
        assert_eq!(expected.len(), 1_000);
        assert_eq!(
            rows.iter().any(|value| value.is_nan()),
            name.ends_with("missing") || name == "other_modes"
        );

        let walker = Walker::new(&onnx::read(&file).unwrap().forest);
        let mut predictions = vec![0.0; expected.len()];
        walker.predict_rows(&rows, &mut predictions);
        for (row, (prediction, expected)) in predictions.iter().zip(&expected).enumerate() {
            assert!(
                (prediction - expected).abs() <= 1e-5 * expected.abs(),
                "{name}, row {row}: {prediction} instead of {expected}"
            );
        }
    }
}

#[test]
fn a_file_of_any_origin_is_served_under_the_name_that_it_is_given() {
    let Some(workplace) = written() else {
        return;
    };
    let arguments = "--onnx boosted=lightgbm.onnx --listen 127.0.0.1:0";
    let predictor = Predictor::start_with(workplace.folder(), arguments, &[], &Journal::default());
    let mut client = predictor.client();
    let answer = client.get("/predict?feature_0=1&feature_1=0.5&feature_2=-1&feature_3=2");
    let file = workplace.read("lightgbm.onnx").unwrap();
    let forest = onnx::read(&file).unwrap().forest;
    let expected = forest.predict(&[1.0, 0.5, -1.0, 2.0]);
    assert_eq!(answer.json().as_f64(), Some(expected));
    assert_eq!(answer.header("x-model-name"), Some("boosted"));
    let refusal = client.get("/predict?symbol=AAPL");
    assert_eq!(refusal.status, 422, "{}", refusal.text());
    assert_eq!(refusal.json()["field"], "model");
}

#[test]
fn a_file_of_another_operator_is_refused_by_its_name() {
    let workplace = market::workplace_with_sample();
    let summary = workplace.run("run --data market --json").completed();
    let mut file = fs::read(summary["model"]["path"].as_str().unwrap()).unwrap();
    let operator = b"TreeEnsembleRegressor";
    let place = file
        .windows(operator.len())
        .position(|part| part == operator);
    file[place.unwrap()..][..operator.len()].copy_from_slice(b"TreeEnsembleClairvoya");
    workplace.write("other.onnx", file);
    let refused = workplace
        .run("predictor --onnx other=other.onnx")
        .expect_exit(1);
    refused.expect_one_error(&[
        "`other`",
        "ai.onnx.ml.TreeEnsembleClairvoya",
        "TreeEnsembleRegressor",
    ]);
}

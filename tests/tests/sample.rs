//! The sample: made by `synth`, kept in the repository, and what `run` uses where no data is named.

use tickermill_tests::market;
use tickermill_tests::tickermill::repository;
use tickermill_tests::workplace::Workplace;

#[test]
fn the_repository_keeps_what_synth_makes_by_default() {
    let workplace = Workplace::empty();
    workplace.run("synth made").expect_exit(0);
    market::copy(&repository().join("data/sample"), &workplace.path("kept"));
    let made = workplace.files("made");
    assert_eq!(made.len(), 41);
    assert_eq!(made, workplace.files("kept"));
}

#[test]
fn synth_refuses_a_folder_that_holds_a_market() {
    let workplace = Workplace::empty();
    workplace.run("synth made --tickers 2").expect_exit(0);
    let before = workplace.files("made");
    let refused = workplace.run("synth made --tickers 3").expect_exit(1);
    refused.expect_one_error(&["made/stocks", "already"]);
    assert_eq!(workplace.files("made"), before);
    let wrong = workplace
        .run("synth other --tickers 0 --rows-per-ticker 0")
        .expect_exit(2);
    assert!(wrong.stderr.contains("0 tickers") && wrong.stderr.contains("0 rows per ticker"));
}

#[test]
fn run_uses_the_sample_that_is_there_and_says_what_it_came_to() {
    let workplace = Workplace::empty();
    market::copy_sample(&workplace.path("data/sample"));
    let before = workplace.files("data");
    let ended = workplace.run_unconfigured("run").expect_exit(0);
    assert!(!ended.stderr.contains("making a synthetic market"));
    assert_eq!(workplace.files("data"), before);
    let latest = workplace.json("out/latest.json");
    let features = workplace
        .path("out")
        .join(latest["features"].as_str().unwrap());
    let model = workplace.json("out/models/volume-forest/current.json");
    let version = model["version"].as_str().unwrap();
    let onnx = format!("out/models/volume-forest/{version}/model.onnx");
    assert!(workplace.path(&onnx).is_file());
    for part in [
        features.to_str().unwrap(),
        workplace.path(&onnx).to_str().unwrap(),
        "40 with features",
        "MAE ",
        "as today: ",
        "as the moving average: ",
        "skill ",
        "model     volume-forest ",
        "model     volume ",
        "walking forward, 4 folds",
        latest["dataset_digest"].as_str().unwrap(),
    ] {
        assert!(
            ended.stdout.contains(part),
            "{part} is not in:\n{}",
            ended.stdout
        );
    }
}

#[test]
fn run_makes_the_sample_where_there_is_none() {
    let workplace = Workplace::empty();
    let ended = workplace.run("run --no-train --json");
    assert!(
        ended
            .stderr
            .contains("making a synthetic market of 40 tickers in data/sample")
    );
    let summary = ended.completed();
    assert_eq!(summary["symbols"], 40);
    market::copy_sample(&workplace.path("kept"));
    assert_eq!(workplace.files("data/sample"), workplace.files("kept"));
}

//! Files taken over from earlier runs: only while they are what was written.

use std::fs;

use tickermill_tests::workplace::Workplace;
use tickermill_tests::{digest, market};

const RUN: &str = "run --data market --no-train --json";

/// A workplace in which a second run took over three tickers of four; returns the ids of both.
fn carried_over() -> (Workplace, String, String) {
    let workplace = market::small_workplace();
    let first = workplace.run(RUN).completed();
    market::edit_last_volume(&workplace.path("market/stocks/NAN.csv"), false);
    let second = workplace.run(RUN).completed();
    assert_eq!(second["carried_over"], 3);
    let id = |summary: &serde_json::Value| summary["run_id"].as_str().expect("an id").to_owned();
    (workplace, id(&first), id(&second))
}

/// Asserts that the next run is whole, and as one into an empty folder.
#[track_caller]
fn expect_whole(workplace: &Workplace) {
    let next = workplace.run(RUN).completed();
    let fresh = workplace.run(&format!("{RUN} --out fresh")).completed();
    assert_eq!(next["dataset_digest"], fresh["dataset_digest"]);
    let features = std::path::Path::new(next["features_dir"].as_str().expect("a folder"));
    assert_eq!(next["dataset_digest"], digest::of_feature_files(features));
    let latest = workplace.json("out/latest.json");
    assert_eq!(latest["run_id"], next["run_id"]);
}

#[test]
fn a_damaged_file_of_an_earlier_run_is_not_carried_over() {
    let workplace = market::small_workplace();
    let first = workplace.run(RUN).completed();
    let id = first["run_id"].as_str().unwrap();
    let features = format!("out/runs/{id}/market_data_with_features");
    fs::remove_file(workplace.path(&format!("{features}/NAN.parquet"))).unwrap();
    workplace.write(&format!("{features}/TRUE.parquet"), "not what was written");
    market::edit_last_volume(&workplace.path("market/stocks/CARR#.csv"), false);
    let second = workplace.run(RUN).completed();
    assert_eq!(
        second["recomputed"], 3,
        "one was edited, one is gone, one is damaged"
    );
    assert_eq!(second["carried_over"], 1);
    let fresh = workplace.run(&format!("{RUN} --out fresh")).completed();
    assert_eq!(second["dataset_digest"], fresh["dataset_digest"]);
}

#[test]
fn an_unfinished_run_whose_carried_files_are_damaged_is_planned_anew() {
    let (workplace, _, second) = carried_over();
    for file in [
        &format!("out/runs/{second}/outcome.json"),
        "out/latest.json",
    ] {
        fs::remove_file(workplace.path(file)).unwrap();
    }
    let carried = format!("out/runs/{second}/market_data_with_features/TRUE.parquet");
    // Another file, for the former shares its bytes with the earlier run.
    fs::remove_file(workplace.path(&carried)).unwrap();
    workplace.write(&carried, "not what was written");
    expect_whole(&workplace);
}

#[test]
fn an_unfinished_run_that_would_take_over_from_a_dropped_one_is_planned_anew() {
    let (workplace, first, second) = carried_over();
    let folder = format!("out/runs/{second}");
    // Killed after it was planned, a run leaves its plan alone; meanwhile what it would take over is dropped.
    let plan = workplace.read(&format!("{folder}/plan.json")).unwrap();
    fs::remove_dir_all(workplace.path(&folder)).unwrap();
    workplace.write(&format!("{folder}/plan.json"), plan);
    fs::remove_dir_all(workplace.path(&format!("out/runs/{first}"))).unwrap();
    fs::remove_file(workplace.path("out/latest.json")).unwrap();
    expect_whole(&workplace);
}

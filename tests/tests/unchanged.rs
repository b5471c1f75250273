//! Running again: what did not change is not computed again.

#![expect(
    clippy::unwrap_used,
    reason = "what is not there fails the test, in its helpers too"
)]

use std::time::Duration;

use serde_json::Value;
use tickermill_tests::market::{self, edit_last_volume, modified, set_modified};
use tickermill_tests::workplace::Workplace;

const FEATURES: &str = "run --data market --no-train --json";

/// Asserts how many tickers a run computed and how many it took over.
#[track_caller]
fn expect_work(summary: &Value, recomputed: u64, carried_over: u64) {
    let work = (&summary["recomputed"], &summary["carried_over"]);
    assert_eq!(work, (&recomputed.into(), &carried_over.into()));
}

/// The digest of a run of everything into an empty folder.
fn fresh_digest(workplace: &Workplace) -> Value {
    let fresh = workplace
        .run(&format!("{FEATURES} --out fresh"))
        .completed();
    expect_work(&fresh, fresh["symbols"].as_u64().unwrap(), 0);
    fresh["dataset_digest"].clone()
}

#[test]
fn a_second_run_has_nothing_to_do() {
    let workplace = market::small_workplace();
    let first = workplace.run(FEATURES).completed();
    expect_work(&first, 4, 0);
    assert_eq!(first["unchanged"], false);
    let before = workplace.files("out");
    let second = workplace.run(FEATURES).completed();
    expect_work(&second, 0, 4);
    assert_eq!(second["unchanged"], true);
    assert_eq!(second["run_id"], first["run_id"]);
    assert_eq!(second["dataset_digest"], first["dataset_digest"]);
    assert_eq!(workplace.files("out"), before);
    let said = workplace.run("run --data market --no-train").expect_exit(0);
    assert!(said.stdout.contains("nothing changed, nothing to do"));
    let plan = workplace
        .run("plan --data market --no-train")
        .expect_exit(0);
    assert!(plan.stdout.starts_with("nothing to do"), "{}", plan.stdout);
}

#[test]
fn a_touched_file_is_read_again_unless_inputs_are_hashed() {
    let workplace = market::small_workplace();
    let first = workplace.run(FEATURES).completed();
    let file = workplace.path("market/stocks/NAN.csv");
    let touch = || set_modified(&file, modified(&file) + Duration::from_mins(1));
    touch();
    let plan = workplace
        .run("plan --data market --no-train --json")
        .expect_exit(0)
        .json();
    assert_eq!(plan["compute"][0]["symbol"], "NAN");
    assert_eq!(plan["compute"][0]["why"], "file_changed");
    assert_eq!(plan["carry_over"], 3);
    let trusting = workplace.run(FEATURES).completed();
    expect_work(&trusting, 1, 3);
    touch();
    let hashing = workplace.run(&format!("{FEATURES} --verify")).completed();
    expect_work(&hashing, 0, 4);
    assert_eq!(hashing["unchanged"], false, "the time is part of the job");
    for later in [&trusting, &hashing] {
        assert_ne!(later["run_id"], first["run_id"]);
        assert_eq!(later["dataset_digest"], first["dataset_digest"]);
    }
    assert_eq!(workplace.runs().len(), 3);
}

#[test]
fn one_edited_row_costs_one_ticker_and_gives_what_a_fresh_run_gives() {
    let workplace = market::workplace_with_sample();
    let first = workplace.run(FEATURES).completed();
    edit_last_volume(&workplace.path("market/stocks/CARR#.csv"), false);
    let second = workplace.run(FEATURES).completed();
    expect_work(&second, 1, 39);
    assert_ne!(second["dataset_digest"], first["dataset_digest"]);
    assert_eq!(second["rows_read"], first["rows_read"]);
    assert_eq!(second["dataset_digest"], fresh_digest(&workplace));
}

#[test]
fn an_edit_that_keeps_size_and_time_is_found_by_verify_alone() {
    let workplace = market::small_workplace();
    let first = workplace.run(FEATURES).completed();
    let file = workplace.path("market/stocks/NAN.csv");
    let (time, size) = (modified(&file), file.metadata().unwrap().len());
    edit_last_volume(&file, true);
    set_modified(&file, time);
    assert_eq!(file.metadata().unwrap().len(), size);
    let trusting = workplace.run(FEATURES).completed();
    assert_eq!(trusting["unchanged"], true);
    assert_eq!(trusting["dataset_digest"], first["dataset_digest"]);
    let hashing = workplace.run(&format!("{FEATURES} --verify")).completed();
    expect_work(&hashing, 1, 3);
    assert_eq!(hashing["dataset_digest"], fresh_digest(&workplace));
    assert_ne!(hashing["dataset_digest"], first["dataset_digest"]);
    let again = workplace.run(&format!("{FEATURES} --verify")).completed();
    assert_eq!(again["unchanged"], true);
    assert_eq!(again["run_id"], hashing["run_id"]);
}

#[test]
fn a_changed_name_is_written_into_its_ticker() {
    let workplace = market::small_workplace();
    workplace.run(FEATURES).completed();
    let list = workplace.read("market/symbols_valid_meta.csv").unwrap();
    let list = String::from_utf8(list).unwrap();
    workplace.write(
        "market/symbols_valid_meta.csv",
        list.replace("Nano Holdings", "Nano Group"),
    );
    let plan = workplace
        .run("plan --data market --no-train --json")
        .expect_exit(0)
        .json();
    assert_eq!(plan["compute"][0]["why"], "name_changed");
    let second = workplace.run(FEATURES).completed();
    expect_work(&second, 1, 3);
    assert_eq!(second["dataset_digest"], fresh_digest(&workplace));
}

#[test]
fn force_computes_everything_as_the_next_run_of_the_job() {
    let workplace = market::small_workplace();
    let first = workplace.run(FEATURES).completed();
    let forced = workplace.run(&format!("{FEATURES} --force")).completed();
    expect_work(&forced, 4, 0);
    assert_eq!(forced["dataset_digest"], first["dataset_digest"]);
    let id = first["run_id"].as_str().unwrap();
    let next = format!("{}2", id.strip_suffix('1').expect("the first run of a job"));
    assert_eq!(forced["run_id"], next);
    assert_eq!(workplace.json("out/latest.json")["run_id"], next);
}

#[test]
fn features_made_before_serve_a_model_that_is_the_same() {
    let workplace = market::workplace_with_sample();
    let trees = [("MODEL__TREES", "10")];
    let features = workplace.run_with(FEATURES, &trees).completed();
    assert!(features["model"].is_null());
    assert_eq!(features["model_reason"], "training was not asked for");
    let trained = workplace
        .run_with("run --data market --json", &trees)
        .completed();
    expect_work(&trained, 0, 40);
    let direct = workplace
        .run_with("run --data market --json --out direct", &trees)
        .completed();
    expect_work(&direct, 40, 0);
    assert!(direct["model"]["digest"].is_string());
    for member in ["digest", "version", "mae", "naive_mae", "skill"] {
        assert_eq!(
            trained["model"][member], direct["model"][member],
            "{member}"
        );
    }
    let onnx = trained["model"]["path"].as_str().unwrap();
    let bytes = std::fs::read(onnx).unwrap();
    assert_eq!(
        trained["model"]["digest"],
        blake3::hash(&bytes).to_hex().as_str()
    );
}

#[test]
fn another_window_is_another_job() {
    let workplace = market::small_workplace();
    let first = workplace.run(FEATURES).completed();
    let wider = workplace
        .run(&format!("{FEATURES} --window 31"))
        .completed();
    expect_work(&wider, 4, 0);
    let job = |summary: &Value| {
        let id = summary["run_id"].as_str().unwrap();
        id.split_once('-').unwrap().0.to_owned()
    };
    assert_ne!(job(&wider), job(&first));
    assert_ne!(wider["dataset_digest"], first["dataset_digest"]);
    let again = workplace.run(FEATURES).completed();
    assert_eq!(again["unchanged"], true);
    assert_eq!(again["run_id"], first["run_id"]);
}

//! Input that cannot be used: one clear message each, the documented exit status, and nothing under `latest.json`.

use std::fs;

use tickermill_tests::market;
use tickermill_tests::workplace::Workplace;

#[test]
fn a_folder_that_is_not_there_is_bad_usage() {
    let workplace = Workplace::empty();
    let ended = workplace.run("run --data nowhere").expect_exit(2);
    ended.expect_one_error(&["nowhere", "does not exist", "check the path"]);
    assert!(!workplace.path("out").exists());
    for command in ["runs", "show latest", "prune --keep 1"] {
        let ended = workplace
            .run(&format!("{command} --out nowhere"))
            .expect_exit(2);
        ended.expect_one_error(&["nowhere", "does not exist", "check the path"]);
    }
}

#[test]
fn a_file_in_place_of_a_folder_is_named() {
    let workplace = market::small_workplace();
    workplace.write("file", "not a folder");
    let data = workplace.run("run --data file");
    data.expect_one_error(&["file", "not a directory", "a folder"]);
    assert_eq!(data.exit, Some(2));
    let out = workplace.run("run --data market --out file/below");
    out.expect_one_error(&["file/below", "Not a directory", "a folder"]);
    assert_eq!(out.exit, Some(2));
    assert_eq!(workplace.read("file").unwrap(), b"not a folder");
}

#[test]
fn a_folder_without_price_files_says_what_is_expected() {
    let workplace = Workplace::empty();
    fs::create_dir(workplace.path("market")).unwrap();
    workplace.write("market/notes.txt", "no prices");
    let ended = workplace.run("run --data market --json").expect_exit(1);
    let folder = workplace.path("market");
    ended.expect_one_error(&[folder.to_str().unwrap(), "no price file", "stocks/*.csv"]);
    let told = ended.json();
    assert_eq!(told["status"], "failed");
    assert!(told["reason"].as_str().unwrap().contains("no price file"));
    assert!(workplace.runs().is_empty());
    assert!(!workplace.path("out/latest.json").exists());
}

#[test]
fn a_list_that_cannot_be_read_stops_the_run() {
    let workplace = market::small_workplace();
    workplace.write("market/symbols_valid_meta.csv", "Symbol,Name\nA,B\n");
    let ended = workplace.run("run --data market").expect_exit(1);
    ended.expect_one_error(&[
        "market",
        "symbols_valid_meta.csv",
        "`NASDAQ Symbol`",
        "add it",
    ]);
    assert!(!workplace.path("out/latest.json").exists());
}

#[test]
fn without_a_row_to_train_on_the_run_completes_without_a_model() {
    let workplace = Workplace::empty();
    workplace.write("market/SHORT.csv", market::price_file(12, 100));
    workplace.write("market/NONE.csv", market::HEADER);
    let ended = workplace.run("run --data market --json");
    assert!(
        ended
            .stderr
            .contains("no model: no row has all inputs and the target")
    );
    let summary = ended.completed();
    assert!(summary["model"].is_null());
    let reason = summary["model_reason"].as_str().unwrap();
    assert!(
        reason.contains("more rows than the longest window are needed"),
        "{reason}"
    );
    assert_eq!(summary["symbols"], 2);
    assert_eq!(summary["symbols_short"], 2);
    assert_eq!(
        workplace.json("out/latest.json")["run_id"],
        summary["run_id"]
    );
    assert!(
        !workplace
            .path("out/models/volume-forest/current.json")
            .exists()
    );
    let again = workplace.run("run --data market --json").completed();
    assert_eq!(again["unchanged"], true);
}

#[test]
fn a_plan_of_another_version_is_named_and_not_touched() {
    let workplace = market::small_workplace();
    let run = "run --data market --no-train --json";
    workplace.run(run).completed();
    let latest = workplace.json("out/latest.json");
    let plan = format!("out/runs/{}/plan.json", workplace.runs()[0]);
    for content in ["{\"version\": 7}", "{\"run\": ", ""] {
        workplace.write(&plan, content);
        for command in [run, "runs", "plan --data market --no-train"] {
            let ended = workplace.run(command).expect_exit(1);
            let file = workplace.path(&plan);
            ended.expect_one_error(&[
                file.to_str().unwrap(),
                "another version of tickermill",
                "use another `--out`, or remove that run's folder",
            ]);
        }
        assert_eq!(workplace.read(&plan).unwrap(), content.as_bytes());
    }
    assert_eq!(workplace.json("out/latest.json"), latest);
}

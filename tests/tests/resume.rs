//! A run that was killed goes on, and comes to what an undisturbed one comes to.

#![expect(
    clippy::unwrap_used,
    reason = "what is not there fails the test, in its helpers too"
)]

use std::fs;

use serde_json::Value;
use tickermill_tests::feature_files::read;
use tickermill_tests::process::{Running, files_in_runs};
use tickermill_tests::workplace::{Workplace, staged_of};
use tickermill_tests::{digest, market, tickermill};

const RUN: &str = "run --data market --workers 2 --json";

/// A market of several shards, each of at least 1 MiB, and what an undisturbed run makes of it.
fn workplace_and_reference() -> (Workplace, Value) {
    let workplace = Workplace::empty();
    market::synthetic(&workplace.path("market"), 60, 2000);
    let reference = workplace
        .run(&format!("{RUN} --out undisturbed"))
        .completed();
    (workplace, reference)
}

/// Starts a run, kills it as soon as `happened`, and asserts that it did not come to its end.
fn kill_once(workplace: &Workplace, what: &str, happened: impl Fn() -> bool) {
    let mut running = Running::start(&mut tickermill::command(workplace.folder(), RUN));
    running.until(what, happened);
    running.kill();
    let runs = workplace.runs();
    assert_eq!(runs.len(), 1);
    let outcome = format!("out/runs/{}/outcome.json", runs[0]);
    assert!(
        !workplace.path(&outcome).exists(),
        "it was done before: {what}"
    );
    assert!(!workplace.path("out/latest.json").exists());
}

/// Runs to the end, and asserts that the output is as if nothing had happened.
#[track_caller]
fn resume(workplace: &Workplace, reference: &Value) -> Value {
    let resumed = workplace.run(RUN).completed();
    assert_eq!(
        resumed["run_id"].as_str(),
        workplace.runs().first().map(String::as_str)
    );
    assert_eq!(workplace.runs().len(), 1);
    for member in ["dataset_digest", "symbols", "rows_read", "rows_written"] {
        assert_eq!(resumed[member], reference[member], "{member}");
    }
    for member in ["digest", "version", "mae"] {
        assert_eq!(
            resumed["model"][member], reference["model"][member],
            "{member}"
        );
    }
    let features = std::path::Path::new(resumed["features_dir"].as_str().unwrap());
    assert_eq!(
        resumed["dataset_digest"],
        digest::of_feature_files(features)
    );
    for name in workplace.files("out").keys() {
        assert_eq!(staged_of(name), None, "{name} was left behind");
    }
    resumed
}

#[test]
fn a_run_killed_while_it_computes_goes_on_from_its_commits() {
    let (workplace, reference) = workplace_and_reference();
    let out = workplace.path("out");
    for commits in [1, 2, 4] {
        kill_once(&workplace, &format!("commit {commits}"), || {
            files_in_runs(&out, "commits") >= commits
        });
        // Whatever a reader of *.parquet finds is whole, killed or not.
        let features = format!("out/runs/{}/market_data_with_features", workplace.runs()[0]);
        let whole = workplace.files(&features);
        let whole = whole.keys().filter(|name| name.ends_with(".parquet"));
        let whole =
            whole.map(|name| read(&workplace.path(&format!("{features}/{name}"))).num_rows());
        assert!(whole.count() > 0);
        let resumed = resume(&workplace, &reference);
        let done_before = resumed["resumed"].as_u64().unwrap();
        let computed = resumed["recomputed"].as_u64().unwrap();
        assert!(done_before > 0 && computed > 0, "{resumed:#}");
        assert_eq!(done_before + computed, 60);
        fs::remove_dir_all(&out).unwrap();
    }
}

#[test]
fn a_run_killed_before_its_first_commit_or_after_its_last_goes_on() {
    let (workplace, reference) = workplace_and_reference();
    let out = workplace.path("out");
    let has = |name: &str| {
        let runs = fs::read_dir(out.join("runs"))
            .into_iter()
            .flatten()
            .flatten();
        runs.into_iter().any(|run| run.path().join(name).exists())
    };
    kill_once(&workplace, "the plan", || has("plan.json"));
    resume(&workplace, &reference);
    fs::remove_dir_all(&out).unwrap();
    kill_once(&workplace, "the manifest", || has("manifest.json"));
    let resumed = resume(&workplace, &reference);
    assert_eq!(resumed["recomputed"], 0);
    assert_eq!(resumed["resumed"], 60);
    // Killed between the model and the outcome, it leaves all of this and no more.
    let outcome = format!("out/runs/{}/outcome.json", workplace.runs()[0]);
    for file in [
        outcome.as_str(),
        "out/latest.json",
        "out/models/volume-forest/current.json",
    ] {
        fs::remove_file(workplace.path(file)).unwrap();
    }
    let resumed = resume(&workplace, &reference);
    assert_eq!(resumed["recomputed"], 0);
    assert!(workplace.path("out/latest.json").exists());
    assert!(
        workplace
            .path("out/models/volume-forest/current.json")
            .exists()
    );
}

#[test]
fn leftovers_of_a_killed_writer_are_swept() {
    let workplace = market::small_workplace();
    let run = "run --data market --json";
    let reference = workplace
        .run(&format!("{run} --out undisturbed"))
        .completed();
    workplace.run(run).completed();
    let folder = format!("out/runs/{}", workplace.runs()[0]);
    fs::remove_file(workplace.path(&format!("{folder}/outcome.json"))).unwrap();
    let left = [
        format!("{folder}/market_data_with_features/CARR#.parquet#1"),
        format!("{folder}/commits/00000.json#2"),
        format!("{folder}/manifest.json#1"),
        "out/models/volume-forest/0123456789abcdef/model.onnx#1".to_owned(),
        "out/latest.json#1".to_owned(),
    ];
    for file in &left {
        workplace.write(file, "half of a fi");
    }
    let resumed = workplace.run(run).completed();
    assert_eq!(resumed["dataset_digest"], reference["dataset_digest"]);
    for file in &left {
        assert!(!workplace.path(file).exists(), "{file} was left behind");
    }
    assert!(
        workplace
            .path(&format!("{folder}/market_data_with_features/CARR#.parquet"))
            .exists()
    );
}

#[test]
fn a_committed_file_that_is_damaged_is_made_again() {
    let (workplace, reference) = workplace_and_reference();
    let out = workplace.path("out");
    kill_once(&workplace, "two commits", || {
        files_in_runs(&out, "commits") >= 2
    });
    let run = workplace.runs()[0].clone();
    let commits = workplace.files(&format!("out/runs/{run}/commits"));
    let commit = commits.keys().find(|name| !name.contains('#')).unwrap();
    let records = workplace.json(&format!("out/runs/{run}/commits/{commit}"));
    let symbol = records[0]["input"]["symbol"].as_str().unwrap();
    let damaged = format!("out/runs/{run}/market_data_with_features/{symbol}.parquet");
    let good = workplace.read(&damaged).expect("a committed file is there");
    let mut bytes = good.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    workplace.write(&damaged, &bytes);
    let resumed = resume(&workplace, &reference);
    assert_eq!(workplace.read(&damaged), Some(good));
    let shard = records.as_array().unwrap().len() as u64;
    assert!(resumed["recomputed"].as_u64().unwrap() >= shard);
    assert!(
        resumed["resumed"].as_u64().unwrap() > 0,
        "the other commit stands"
    );
}

#[test]
fn commits_of_files_that_changed_unseen_are_not_trusted_by_verify() {
    let (workplace, _) = workplace_and_reference();
    let out = workplace.path("out");
    kill_once(&workplace, "two commits", || {
        files_in_runs(&out, "commits") >= 2
    });
    let killed = workplace.runs()[0].clone();
    let commits = workplace.files(&format!("out/runs/{killed}/commits"));
    let commit = commits.keys().find(|name| !name.contains('#')).unwrap();
    let records = workplace.json(&format!("out/runs/{killed}/commits/{commit}"));
    let path = records[0]["input"]["path"].as_str().unwrap();
    let file = workplace.path("market").join(path);
    let time = market::modified(&file);
    market::edit_last_volume(&file, true);
    market::set_modified(&file, time);
    let verified = workplace.run(&format!("{RUN} --verify")).completed();
    let fresh = workplace.run(&format!("{RUN} --out fresh")).completed();
    assert_eq!(verified["dataset_digest"], fresh["dataset_digest"]);
    assert!(
        verified["carried_over"].as_u64().unwrap() > 0,
        "the other files are the same"
    );
}

//! What was run: listed, shown, and dropped when it is old.

#![expect(
    clippy::unwrap_used,
    reason = "what is not there fails the test, in its helpers too"
)]

use std::os::unix::fs::MetadataExt;

use serde_json::Value;
use tickermill_tests::workplace::Workplace;
use tickermill_tests::{digest, market};

const TREES: [(&str, &str); 1] = [("MODEL__TREES", "5")];

/// The run ids and the fates, or statuses, that a command prints, in order.
fn listed(workplace: &Workplace, command: &str, member: &str) -> Vec<(String, String)> {
    let ended = workplace.run(command).expect_exit(0);
    let lines = ended.stdout.lines();
    lines
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| line[name].as_str().unwrap().to_owned();
            (text("run_id"), text(member))
        })
        .collect()
}

fn id(summary: &Value) -> String {
    summary["run_id"].as_str().unwrap().to_owned()
}

/// Three runs: one whose model is live, one of another window, and the latest, which trained nothing.
fn three_runs(workplace: &Workplace) -> [String; 3] {
    let modelled = workplace
        .run_with("run --data market --json", &TREES)
        .completed();
    assert!(modelled["model"].is_object(), "{modelled:#}");
    let between = workplace
        .run("run --data market --no-train --window 20 --json")
        .completed();
    let latest = workplace
        .run("run --data market --no-train --json")
        .completed();
    assert_eq!(latest["carried_over"], latest["symbols"]);
    [id(&modelled), id(&between), id(&latest)]
}

#[test]
fn runs_are_listed_from_the_newest_and_the_latest_is_marked() {
    let workplace = market::small_workplace();
    let [modelled, between, latest] = three_runs(&workplace);
    let completed = |run: &String| (run.clone(), "completed".to_owned());
    let runs = listed(&workplace, "runs --json", "status");
    assert_eq!(runs, [&latest, &between, &modelled].map(completed));
    let table = workplace.run("runs").expect_exit(0).stdout;
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 4);
    let marked: Vec<bool> = lines
        .iter()
        .map(|line| line.ends_with("(latest)"))
        .collect();
    assert_eq!(marked, [false, true, false, false]);
    assert!(lines[1].starts_with(&latest));
}

#[test]
fn an_output_without_runs_says_how_to_make_one() {
    let workplace = Workplace::empty();
    std::fs::create_dir(workplace.path("out")).unwrap();
    let runs = workplace.run("runs").expect_exit(0);
    assert!(runs.stderr.contains("there are no runs") && runs.stderr.contains("tickermill run"));
    let show = workplace.run("show latest").expect_exit(1);
    show.expect_one_error(&["no completed run", workplace.path("out").to_str().unwrap()]);
}

#[test]
fn a_run_is_shown_by_its_id_or_as_the_latest() {
    let workplace = market::small_workplace();
    let [modelled, _, latest] = three_runs(&workplace);
    let shown = workplace.run("show latest --json").expect_exit(0).json();
    assert_eq!(shown["run_id"], latest.as_str());
    let text = workplace
        .run(&format!("show {modelled}"))
        .expect_exit(0)
        .stdout;
    for part in [
        modelled.as_str(),
        "MAE ",
        "feature   vol_moving_avg = mean",
        "over 30 rows",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    let unknown = workplace.run("show 0123456789abcdef-9").expect_exit(1);
    unknown.expect_one_error(&["no run 0123456789abcdef-9", "`runs` lists them"]);
    let no_id = workplace.run("show ../../etc").expect_exit(2);
    no_id.expect_one_error(&["`../../etc` is not the id of a run", "`runs` lists them"]);
}

#[test]
fn pruning_keeps_the_latest_and_the_run_of_the_live_model() {
    let workplace = market::small_workplace();
    let [modelled, between, latest] = three_runs(&workplace);
    let fates = |removed: &str| {
        [
            (latest.clone(), "kept: the latest".to_owned()),
            (between.clone(), removed.to_owned()),
            (
                modelled.clone(),
                "kept: a live model comes from it".to_owned(),
            ),
        ]
    };
    let before = workplace.files("out");
    let dry = listed(&workplace, "prune --keep 1 --dry-run --json", "fate");
    assert_eq!(dry, fates("would be removed"));
    assert_eq!(workplace.files("out"), before);
    assert_eq!(
        listed(&workplace, "prune --keep 1 --json", "fate"),
        fates("removed")
    );
    let mut kept = vec![modelled.clone(), latest.clone()];
    kept.sort();
    assert_eq!(workplace.runs(), kept);
    let live = workplace.json("out/models/volume-forest/current.json");
    assert_eq!(live["run_id"], modelled.as_str());
    let runs = listed(&workplace, "runs --json", "status");
    assert_eq!(runs.len(), 2);
}

#[test]
fn files_shared_with_a_dropped_run_stay_whole() {
    let workplace = market::small_workplace();
    let run = "run --data market --no-train --json";
    let first = workplace.run(run).completed();
    market::edit_last_volume(&workplace.path("market/stocks/NAN.csv"), false);
    let second = workplace.run(run).completed();
    assert_eq!(second["carried_over"], 3);
    let shared = workplace.path(&format!(
        "out/runs/{}/market_data_with_features/CARR#.parquet",
        id(&second)
    ));
    assert_eq!(
        shared.metadata().unwrap().nlink(),
        2,
        "carried over as a hard link"
    );
    workplace.run("prune --keep 1").expect_exit(0);
    assert_eq!(workplace.runs(), [id(&second)]);
    assert!(!workplace.path(&format!("out/runs/{}", id(&first))).exists());
    let features = std::path::Path::new(second["features_dir"].as_str().unwrap());
    assert_eq!(second["dataset_digest"], digest::of_feature_files(features));
    assert_eq!(workplace.run(run).completed()["unchanged"], true);
}

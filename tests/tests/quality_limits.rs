//! The limits of data quality: judged after the last commit, before anything is published.

use serde_json::Value;
use tickermill_tests::workplace::Workplace;
use tickermill_tests::{feature_files, market, quarantine};

const RUN: &str = "run --data market --no-train --json";
const NO_LIMITS: [(&str, &str); 2] = [
    ("QUALITY__MAX_QUARANTINED_ROWS", "1"),
    ("QUALITY__MAX_QUARANTINED_FILES", "1"),
];

#[test]
fn a_limit_stops_the_run_and_looser_ones_take_up_its_commits() {
    let workplace = Workplace::empty();
    let written = market::faulty(&workplace.path("market"), 10, 100);
    let stopped = workplace.run(RUN).expect_exit(3).json();
    assert_eq!(stopped["status"], "failed_quality");
    let reason = stopped["reason"].as_str().unwrap();
    let run = stopped["run_id"].as_str().unwrap();
    let quarantine = workplace.path(&format!("out/runs/{run}/quarantine.parquet"));
    for part in [
        "quality.max_quarantined_rows = 0.001",
        "quality.max_quarantined_files = 0.01",
        quarantine.to_str().unwrap(),
        "raise the limit",
    ] {
        assert!(reason.contains(part), "{part} is not in {reason}");
    }
    assert!(feature_files::read(&quarantine).num_rows() > 0);
    assert!(
        workplace
            .path(&format!("out/runs/{run}/quality.json"))
            .exists()
    );
    assert!(!workplace.path("out/latest.json").exists());
    assert!(!workplace.path("out/models").exists());
    assert_eq!(workplace.run(RUN).expect_exit(3).json()["recomputed"], 0);
    let one_limit = workplace
        .run_with(RUN, &NO_LIMITS[..1])
        .expect_exit(3)
        .json();
    assert!(
        !one_limit["reason"]
            .as_str()
            .unwrap()
            .contains("max_quarantined_rows")
    );
    let loose = workplace.run_with(RUN, &NO_LIMITS).completed();
    assert_eq!(loose["recomputed"], 0);
    assert_eq!(loose["rows_read"], written.rows);
    assert!(loose["carried_over"].as_u64().unwrap() >= loose["symbols"].as_u64().unwrap());
    assert_eq!(workplace.json("out/latest.json")["run_id"], loose["run_id"]);
}

#[test]
fn a_run_that_carries_over_keeps_the_ledger() {
    let workplace = Workplace::empty();
    market::faulty(&workplace.path("market"), 10, 100);
    let first = workplace.run_with(RUN, &NO_LIMITS).completed();
    market::edit_last_volume(&workplace.path("market/stocks/BLANKFIELD.csv"), false);
    let second = workplace.run_with(RUN, &NO_LIMITS).completed();
    assert_eq!(second["recomputed"], 1);
    let ledger =
        |summary: &Value| quarantine::read(&workplace, summary["run_id"].as_str().unwrap());
    assert_eq!(ledger(&second), ledger(&first));
}

//! Real data, which lies beside the repository where it is there at all: known counts, and another's features.

#![expect(
    clippy::unwrap_used,
    reason = "what is not there fails the test, in its helpers too"
)]

use std::path::{Path, PathBuf};

use serde_json::Value;
use tickermill_tests::python;
use tickermill_tests::skip::skipped;
use tickermill_tests::tickermill::{self, repository};
use tickermill_tests::workplace::Workplace;

/// The folder with `data/market` and `oracle`; the variable `TICKERMILL_SHARED` names another.
fn shared() -> PathBuf {
    let named = std::env::var_os("TICKERMILL_SHARED").map(PathBuf::from);
    named.unwrap_or_else(|| repository().join("../shared"))
}

#[test]
fn real_tickers_have_the_known_counts_and_the_oracles_features() {
    let shared = shared();
    let data = shared.join("data/market");
    if !data.is_dir() {
        return skipped(
            "real tickers",
            format_args!("{} is not there", data.display()),
        );
    }
    let workplace = Workplace::empty();
    let mut command = tickermill::command(workplace.folder(), "run --json --data");
    let summary = tickermill::run(command.arg(&data)).completed();
    for (member, count) in [
        ("rows_read", 1_385_171),
        ("rows_discarded", 23),
        ("rows_written", 1_385_148),
        ("rows_merged", 0),
        ("rows_quarantined", 0),
        ("files_quarantined", 0),
        ("symbols", 400),
        ("symbols_short", 21),
    ] {
        assert_eq!(summary[member], count, "{member}");
    }
    assert!(
        summary["model"]["mae"].as_f64().unwrap()
            < summary["model"]["naive_mae"].as_f64().unwrap() * 1.5
    );
    check_with_the_oracle(&shared, &data, &summary);
}

fn check_with_the_oracle(shared: &Path, data: &Path, summary: &Value) {
    let script = shared.join("oracle/check_dataset.py");
    if !script.is_file() {
        return skipped(
            "the oracle",
            format_args!("{} is not there", script.display()),
        );
    }
    let Some(mut python) = python::command("the oracle") else {
        return;
    };
    python
        .arg(script)
        .arg(data)
        .arg(summary["features_dir"].as_str().unwrap());
    let ended = tickermill::run(&mut python).expect_exit(0);
    assert!(
        ended.stdout.contains("400 passed, 0 failed"),
        "{}",
        ended.stdout
    );
}

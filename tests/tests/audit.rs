//! The leak audit: what ships does not look ahead, and is all named.

use serde_json::Value;
use tickermill_tests::market;

/// The verdicts of `audit --json`, by what they are of.
fn verdicts(report: &Value) -> Vec<(String, String, String)> {
    let features = report["features"].as_array();
    let features = features.expect("a list of features").iter();
    let text = |feature: &Value, member: &str| {
        let text = feature[member].as_str();
        text.unwrap_or_else(|| panic!("{member} is not in {feature}"))
            .to_owned()
    };
    let verdict = |feature| {
        (
            text(feature, "of"),
            text(feature, "feature"),
            text(feature, "verdict"),
        )
    };
    features.map(verdict).collect()
}

#[test]
fn every_feature_is_listed() {
    let workplace = market::small_workplace();
    let ended = workplace.run("audit --data market").expect_exit(0);
    for part in [
        "features\n",
        "  vol_moving_avg",
        "  adj_close_rolling_med",
        "inputs of volume\n",
        "  log_volume",
        "  volume_mean_60",
        "  next_expiry",
        "no audited feature looks ahead: 4 tickers, 240 rows, cut after 2001-",
    ] {
        let said = &ended.stdout;
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
    // Its window is as long as the files.
    let unseen = ended.stdout.matches("no value before any cut").count();
    assert_eq!(unseen, 1, "{}", ended.stdout);
    assert!(!workplace.path("out").exists());
}

#[test]
fn what_ships_passes_on_the_sample() {
    let workplace = market::workplace_with_sample();
    let audit = "audit --data market --tickers 40 --json";
    let report = workplace.run(audit).expect_exit(0).json();
    assert_eq!(report["passed"], true);
    assert_eq!(report["tickers"].as_array().map(Vec::len), Some(40));
    assert_eq!(report["cuts"].as_array().map(Vec::len), Some(5));
    let found = verdicts(&report);
    assert_eq!(found.len(), 18, "{found:?}");
    for (of, feature, verdict) in &found {
        assert_eq!(verdict, "ok", "{feature} of {of}");
    }
    assert_eq!(workplace.run(audit).expect_exit(0).json(), report);
    let other = workplace.run(&format!("{audit} --seed 7")).expect_exit(0);
    assert_ne!(other.json()["cuts"], report["cuts"]);
}

#[test]
fn declared_features_are_audited_and_nothing_else() {
    let workplace = market::small_workplace();
    workplace.write(
        "own.toml",
        "[[features.declare]]\nname = \"low_5\"\ncolumn = \"Low\"\noperation = \"min\"\nwindow = 5\n\
        [model]\ninputs = [\"low_5\"]\n",
    );
    let ended = workplace.run("audit --data market --config own.toml --tickers 2 --json");
    let report = ended.expect_exit(0).json();
    let found = verdicts(&report);
    let (of, feature, _) = &found[0];
    assert_eq!((of.as_str(), feature.as_str()), ("features", "low_5"));
    assert_eq!(found.len(), 17, "{found:?}");
    assert_eq!(report["tickers"].as_array().map(Vec::len), Some(2));
}

#[test]
fn bad_usage_is_said_by_the_exit_status() {
    let workplace = market::small_workplace();
    for arguments in [
        "audit --data market --tickers 0",
        "audit --data market --cuts 0",
        "audit --data market --seed -1",
        "audit --data nowhere",
    ] {
        workplace.run(arguments).expect_exit(2);
    }
}

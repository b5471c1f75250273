//! The configuration: one file, overridden by variables, overridden by flags; every problem at once, with its source.

#![expect(
    clippy::unwrap_used,
    reason = "what is not there fails the test, in its helpers too"
)]

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use serde_json::Value;
use tickermill_tests::market;
use tickermill_tests::workplace::Workplace;

/// The value and origin of a key of `config --json`.
fn effective(values: &Value, key: &str) -> (String, String) {
    let values = values.as_array().expect("a list of values");
    let found = values.iter().find(|value| value["key"] == key);
    let found = found.unwrap_or_else(|| panic!("{key} is not shown"));
    let text = |name: &str| found[name].as_str().unwrap().to_owned();
    (text("value"), text("origin"))
}

#[test]
fn flags_go_before_variables_and_variables_before_the_file() {
    let workplace = Workplace::empty();
    let file = "[features]\nwindow = 40\n[run]\nworkers = 3\n[model]\ntrees = 50\n";
    workplace.write("tickermill.toml", file);
    let ended = workplace.run_with(
        "config --config tickermill.toml --window 60 --json",
        &[("FEATURES__WINDOW", "50"), ("RUN__WORKERS", "4")],
    );
    let values = ended.expect_exit(0).json();
    let expect = |key: &str, value: &str, origin: &str| {
        assert_eq!(
            effective(&values, key),
            (value.to_owned(), origin.to_owned())
        );
    };
    expect("features.window", "60", "--window");
    expect("run.workers", "4", "TICKERMILL__RUN__WORKERS");
    expect("model.trees", "50", "tickermill.toml");
    expect("model.sample_rows", "10000", "default");
}

#[test]
fn boosted_trees_are_trained_where_they_predict_the_target_and_nobody_says_no() {
    let workplace = market::small_workplace();
    let expect = |arguments: &str, value: &str, origin: &str| {
        let shown = workplace.run_unconfigured(&format!("config --json {arguments}"));
        let shown = effective(&shown.expect_exit(0).json(), "volume.train");
        assert_eq!(shown, (value.to_owned(), origin.to_owned()), "{arguments}");
    };
    expect("", "true", "default");
    expect("--no-volume", "false", "--no-volume");
    workplace.write("week.toml", "[target]\nname = \"in_a_week\"\nlead = 5\n");
    workplace.write("close.toml", "[target]\ncolumn = \"Close\"\n");
    for file in ["week.toml", "close.toml"] {
        expect(&format!("--config {file}"), "false", "default");
    }
    let run = "run --data market --config week.toml --json";
    let summary = workplace.run_unconfigured(run).completed();
    assert_eq!(summary["models"].as_array().unwrap().len(), 1);
    let wanted = workplace.run_with(run, &[("VOLUME__TRAIN", "true")]);
    wanted.expect_exit(2).expect_one_error(&[
        "target.lead",
        "week.toml",
        "the target is 5 rows ahead",
    ]);
}

#[test]
fn an_unknown_key_is_an_error_wherever_it_is() {
    let workplace = market::small_workplace();
    workplace.write("typo.toml", "[features]\nwindw = 40\n");
    let file = workplace
        .run("run --data market --config typo.toml")
        .expect_exit(2);
    file.expect_one_error(&[
        "features.windw",
        "typo.toml",
        "there is no such key",
        "features.window",
    ]);
    let variable = workplace
        .run_with("run --data market", &[("FEATURES__WINDW", "40")])
        .expect_exit(2);
    variable.expect_one_error(&[
        "features.windw",
        "TICKERMILL__FEATURES__WINDW",
        "no such key",
    ]);
    assert!(!workplace.path("out").exists());
}

#[test]
fn a_window_of_0_is_refused() {
    let workplace = market::small_workplace();
    let ended = workplace.run("run --data market --window 0").expect_exit(2);
    ended.expect_one_error(&[
        "features.window",
        "--window",
        "`0`",
        "a whole number from 1 to",
    ]);
    let ended = workplace
        .run("run --data market --window -1")
        .expect_exit(2);
    ended.expect_one_error(&["features.window", "--window", "`-1`"]);
    assert!(!workplace.path("out").exists());
}

#[test]
fn two_wrong_values_are_reported_at_once_with_their_sources() {
    let workplace = market::small_workplace();
    workplace.write(
        "wrong.toml",
        "[features]\nwindow = 0\n[output]\nraw = \"maybe\"\n",
    );
    let ended = workplace
        .run_with(
            "run --data market --config wrong.toml --json",
            &[("QUALITY__MAX_QUARANTINED_ROWS", "2")],
        )
        .expect_exit(2);
    let errors = ended.errors();
    assert_eq!(errors.len(), 3, "{errors:?}");
    for (key, source, wanted) in [
        ("features.window", "wrong.toml", "a whole number from 1 to"),
        ("output.raw", "wrong.toml", "true or false"),
        (
            "quality.max_quarantined_rows",
            "TICKERMILL__QUALITY__MAX_QUARANTINED_ROWS",
            "a number from 0 to 1",
        ),
    ] {
        let tells = |error: &&&str| {
            [key, source, wanted]
                .iter()
                .all(|part| error.contains(part))
        };
        assert_eq!(errors.iter().filter(tells).count(), 1, "{key}: {errors:?}");
    }
    assert!(!workplace.path("out").exists());
}

#[test]
fn a_file_that_is_not_there_or_no_toml_is_named() {
    let workplace = market::small_workplace();
    let missing = workplace
        .run("run --data market --config none.toml")
        .expect_exit(2);
    assert!(missing.stderr.contains("none.toml"), "{}", missing.stderr);
    workplace.write("bad.toml", "window = = 3\n");
    let bad = workplace
        .run("run --data market --config bad.toml")
        .expect_exit(2);
    assert!(bad.stderr.contains("bad.toml"), "{}", bad.stderr);
    assert!(!workplace.path("out").exists());
}

#[test]
fn features_are_declared_and_an_input_that_is_none_is_refused() {
    let workplace = market::small_workplace();
    let declared = "[features]\nwindow = 5\n\
        [[features.declare]]\nname = \"low_5\"\ncolumn = \"Low\"\noperation = \"min\"\n\
        [[features.declare]]\nname = \"high_9\"\ncolumn = \"High\"\noperation = \"max\"\nwindow = 9\n";
    workplace.write("own.toml", declared);
    let refused = workplace
        .run("run --data market --config own.toml")
        .expect_exit(2);
    assert_eq!(refused.errors().len(), 2, "{}", refused.stderr);
    assert!(
        refused.errors()[0].contains("`vol_moving_avg` is not a declared feature: low_5, high_9")
    );
    let done = workplace
        .run_with(
            "run --data market --config own.toml --json",
            &[("MODEL__INPUTS", "low_5,high_9"), ("MODEL__TREES", "5")],
        )
        .completed();
    let folder = std::path::Path::new(done["features_dir"].as_str().unwrap());
    let batch = tickermill_tests::feature_files::read(&folder.join("NAN.parquet"));
    let names: Vec<String> = tickermill_tests::feature_files::columns(&batch)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names[9..], ["low_5", "high_9", "next_day_volume"]);
    assert!(done["model"]["naive_moving_average_mae"].is_null());
}

#[test]
fn derived_columns_are_declared_by_name() {
    let workplace = market::small_workplace();
    let declared = "[[features.declare]]\nname = \"of_itself\"\ncolumn = \"log_volume\"\noperation = \"mean\"\nwindow = 1\n\
        relative = true\n\
        [[features.declare]]\nname = \"weekday\"\ncolumn = \"next_weekday\"\noperation = \"max\"\nwindow = 1\n\
        [model]\ninputs = [\"of_itself\"]\n";
    workplace.write("own.toml", declared);
    let done = workplace
        .run("run --data market --config own.toml --no-train --json")
        .completed();
    let folder = std::path::Path::new(done["features_dir"].as_str().unwrap());
    let batch = tickermill_tests::feature_files::read(&folder.join("NAN.parquet"));
    let of_itself = batch["of_itself"].as_primitive::<Float64Type>();
    assert!(of_itself.iter().all(|value| value == Some(0.0)));
    let weekday = batch["weekday"].as_primitive::<Float64Type>();
    assert!(
        weekday
            .iter()
            .all(|value| value.is_some_and(|day| (0.0..=4.0).contains(&day)))
    );
    workplace.write("wrong.toml", declared.replace("next_weekday", "weekday"));
    let wrong = workplace
        .run("run --data market --config wrong.toml --no-train")
        .expect_exit(2);
    wrong.expect_one_error(&[
        "features.declare",
        "`weekday` is unknown",
        "Adj Close, Volume, log_volume",
    ]);
    workplace.write("target.toml", "[target]\ncolumn = \"log_volume\"\n");
    let target = workplace
        .run("run --data market --config target.toml")
        .expect_exit(2);
    target.expect_one_error(&["target.column", "log_volume", "one of Open, High"]);
}

#[test]
fn ranges_are_lists_of_two_the_lower_first() {
    let workplace = Workplace::empty();
    workplace.write(
        "ranges.toml",
        "[tune]\ntrees = [50, 50]\ninput_share = [0.25, 1]\n",
    );
    let ended = workplace.run_with(
        "config --config ranges.toml --json",
        &[("TUNE__LEAVES", "7, 31")],
    );
    let values = ended.expect_exit(0).json();
    for (key, value, origin) in [
        ("tune.trials", "24", "default"),
        ("tune.trees", "[50, 50]", "ranges.toml"),
        ("tune.leaves", "[7, 31]", "TICKERMILL__TUNE__LEAVES"),
        ("tune.learning_rate", "[0.05, 0.3]", "default"),
        ("tune.min_rows_per_leaf", "[5, 100]", "default"),
        ("tune.input_share", "[0.25, 1.0]", "ranges.toml"),
    ] {
        let expected = (value.to_owned(), origin.to_owned());
        assert_eq!(effective(&values, key), expected, "{key}");
    }
    workplace.write(
        "wrong.toml",
        "[tune]\ntrees = [50, 40]\nleaves = 31\nlearning_rate = [0.1, 0.2, 0.3]\n",
    );
    let wrong = workplace.run_with(
        "config --config wrong.toml",
        &[("TUNE__INPUT_SHARE", "0,1")],
    );
    let wrong = wrong.expect_exit(2);
    assert_eq!(wrong.errors().len(), 4, "{}", wrong.stderr);
    for part in [
        "tune.trees (wrong.toml): `[50, 40]` is not two whole numbers from 1 to 10000, the lower first",
        "tune.leaves (wrong.toml): `31` is not two whole numbers from 2 to 65536",
        "tune.learning_rate (wrong.toml): `[0.1, 0.2, 0.3]` is not two numbers from 0.001 to 1,",
        "tune.input_share (TICKERMILL__TUNE__INPUT_SHARE): `0,1` is not two numbers from 0.01",
    ] {
        assert!(wrong.stderr.contains(part), "{part}: {}", wrong.stderr);
    }
}

#[test]
fn bad_usage_is_said_by_the_exit_status() {
    let workplace = Workplace::empty();
    for arguments in ["", "walk", "run --fast", "prune", "prune --keep 0", "show"] {
        workplace.run(arguments).expect_exit(2);
    }
}

#[test]
fn another_target_can_be_declared() {
    let workplace = market::small_workplace();
    workplace.write(
        "target.toml",
        "[target]\nname = \"in_two_days\"\ncolumn = \"Volume\"\nlead = 2\n",
    );
    let done = workplace
        .run("run --data market --config target.toml --no-train --json")
        .completed();
    let folder = std::path::Path::new(done["features_dir"].as_str().unwrap());
    let batch = tickermill_tests::feature_files::read(&folder.join("NAN.parquet"));
    let target = batch.column_by_name("in_two_days").unwrap();
    assert_eq!(target.null_count(), 2);
    workplace.write("wrong.toml", "[target]\ncolumn = \"Price\"\n");
    let wrong = workplace
        .run("run --data market --config wrong.toml")
        .expect_exit(2);
    wrong.expect_one_error(&["target.column", "wrong.toml", "Price", "Adj Close"]);
}

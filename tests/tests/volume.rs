//! Boosted trees over every row: judged walking forward, the same wherever they are made, served, and refused.

use std::fs;
use std::path::Path;

use features::volume_inputs::LOG_VOLUME;
use model::card::{Card, Parameters};
use model::onnx;
use serde_json::Value;
use tickermill_tests::cluster::Cluster;
use tickermill_tests::onnx_runtime::{chance, check, rows_with_predictions};
use tickermill_tests::predictor::Predictor;
use tickermill_tests::reference::small;
use tickermill_tests::tickermill;
use tickermill_tests::workplace::Workplace;
use tickermill_tests::{market, python};

/// Few and small trees, to be quick.
const TREES: [(&str, &str); 4] = [
    ("VOLUME__TRAIN", "true"),
    ("VOLUME__TREES", "6"),
    ("VOLUME__LEAVES", "15"),
    ("VOLUME__FOLDS", "2"),
];

/// The rows that ONNX Runtime predicts.
const RANDOM_ROWS: u64 = 10_000;

/// A run of the small market with boosted trees.
fn run(workplace: &Workplace, arguments: &str) -> Value {
    let data = small().data.display();
    let arguments = format!("run --json --data {data} {arguments}");
    workplace.run_with(&arguments, &TREES).completed()
}

/// The boosted trees among a run's models.
fn volume(summary: &Value) -> &Value {
    let models = summary["models"].as_array().expect("a list");
    let found = models.iter().find(|model| model["name"] == "volume");
    found.unwrap_or_else(|| panic!("there are none: {summary}"))
}

fn card_of(model: &Value) -> Card {
    let path = Path::new(model["path"].as_str().expect("a path"));
    let text = fs::read_to_string(path.with_file_name("card.json")).expect("it is there");
    Card::from_json(&text).expect("a card")
}

fn forest_of(model: &Value) -> model::forest::Forest {
    let path = model["path"].as_str().expect("a path");
    let file = onnx::read(&fs::read(path).expect("it is there"));
    file.expect("an ONNX file").forest
}

#[test]
fn are_judged_beside_the_forest_and_their_card_says_how() {
    let workplace = Workplace::empty();
    let summary = run(&workplace, "");
    assert_eq!(summary["models"].as_array().unwrap().len(), 2);
    assert_eq!(summary["models"][0], summary["model"]);
    small().expect_same(&summary);
    let volume = volume(&summary);
    assert_eq!(volume["walk_forward"]["folds"], 2);

    let card = card_of(volume);
    assert_eq!(card.version, volume["version"].as_str().unwrap());
    assert_eq!(card.onnx_digest, volume["digest"].as_str().unwrap());
    assert_eq!(
        card.data_digest,
        summary["dataset_digest"].as_str().unwrap()
    );
    assert!(matches!(card.parameters, Parameters::Boost(_)));
    assert_eq!(card.sample, None);
    let panel = card.panel.unwrap();
    let evaluation = &panel.evaluation;
    let folds: Vec<_> = evaluation.folds.iter().collect();
    assert!(folds[0].last_train_date < folds[0].first_test_date);
    assert!(folds[0].last_test_date < folds[1].first_test_date);
    let skill = evaluation.last_fold.naive_today.unwrap();
    assert!(skill.low < skill.skill && skill.skill < skill.high);
    assert_eq!(volume["walk_forward"]["last_fold"]["skill"], skill.skill);
    assert!(evaluation.unseen.is_some());
    assert_eq!(evaluation.intervals.len(), 3);
    assert_eq!(evaluation.by_liquidity.len(), 10);
    let inputs: Vec<&String> = panel.importance.iter().map(|input| &input.input).collect();
    assert_eq!(inputs, card.schema.input_columns.iter().collect::<Vec<_>>());
    let forest = forest_of(volume);
    for golden in &card.golden_rows {
        let predicted = forest.predict(&golden.inputs);
        assert_eq!(predicted.to_bits(), golden.output.to_bits());
    }
    let live = workplace.path("out/models/volume/current.json").exists();
    assert_eq!(live, panel.held_back.is_none());
    assert_eq!(volume["held_back"].as_str(), panel.held_back.as_deref());
}

#[test]
fn are_the_same_for_any_workers_and_from_feature_files() {
    let workplace = Workplace::empty();
    let one = run(&workplace, "--workers 1 --out one");
    let three = run(&workplace, "--workers 3 --out three");
    // Killed after its features, a run takes the rows from what it wrote.
    let data = small().data.display();
    let mut command = tickermill::command(
        workplace.folder(),
        &format!("run --json --out killed --data {data}"),
    );
    for (name, value) in TREES {
        command.env(format!("TICKERMILL__{name}"), value);
    }
    command.env("TICKERMILL_FAULTS", "after-features=kill");
    let killed = tickermill::run(&mut command);
    assert_eq!(killed.exit, None, "{}", killed.stderr);
    let resumed = run(&workplace, "--out killed");
    assert_eq!(resumed["recomputed"], 0);
    for other in [&three, &resumed] {
        for member in ["digest", "version", "walk_forward"] {
            assert_eq!(volume(other)[member], volume(&one)[member], "{member}");
        }
    }
}

#[test]
fn are_the_same_on_a_cluster_that_loses_a_worker_before_it_delivers() {
    let workplace = Workplace::empty();
    let alone = run(&workplace, "");
    let cluster = Cluster::of(small);
    let with = |cluster: Cluster, (name, value): (&str, &str)| cluster.with_text(name, value);
    let mut cluster = TREES.into_iter().fold(cluster, with);
    cluster.start_coordinator("");
    cluster.start_worker("w1", 1, "before-deliver=kill");
    cluster.start_worker("w2", 1, "");
    let run = cluster.submit();
    cluster.take_worker("w1").expect_killed();
    cluster.expect_one_fault("before-deliver");
    let summary = cluster.expect_same(run);
    for member in ["digest", "version", "walk_forward"] {
        assert_eq!(volume(&summary)[member], volume(&alone)[member], "{member}");
    }
}

/// A volume from 100 to 1e9, each magnitude as likely, and other inputs as they may be.
fn random_row(inputs: &[String], row: u64) -> Vec<f32> {
    let value = |(place, name): (usize, &String)| {
        let chance = chance(row * inputs.len() as u64 + place as u64 + 1);
        let value = match name.as_str() {
            LOG_VOLUME => (1.0 + 10.0_f64.powf(2.0 + 7.0 * chance)).ln(),
            name if name.starts_with("next_") => (5.0 * chance).floor(),
            _ => 4.0 * chance - 2.0,
        };
        value as f32
    };
    inputs.iter().enumerate().map(value).collect()
}

#[test]
fn onnx_runtime_predicts_what_they_predict() {
    let Some(python) = python::command("ONNX parity of boosted trees") else {
        return;
    };
    let workplace = Workplace::empty();
    let summary = run(&workplace, "");
    let path = Path::new(volume(&summary)["path"].as_str().unwrap());
    let forest = forest_of(volume(&summary));
    let rows = (0..RANDOM_ROWS).map(|row| random_row(forest.feature_names(), row));
    workplace.write("rows.csv", rows_with_predictions(&forest, rows));
    let ended = check(python, path, &workplace.path("rows.csv")).expect_exit(0);
    assert_eq!(ended.stdout.trim(), "10 golden rows and 10000 rows agree");
}

#[test]
fn answer_for_tickers_while_the_forest_answers_for_its_own_inputs() {
    let workplace = Workplace::empty();
    let summary = run(&workplace, "");
    let version = volume(&summary)["version"].as_str().unwrap();
    workplace
        .run(&format!("promote volume {version}"))
        .expect_exit(0);
    let files = fs::read_dir(summary["features_dir"].as_str().unwrap()).unwrap();
    let mut symbols: Vec<String> = files
        .map(|file| {
            file.unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    symbols.sort();

    let predictor = Predictor::start(workplace.folder(), &[]);
    let mut client = predictor.client();
    let answer = client.get(&format!("/predict?symbol={}&explain=true", symbols[0]));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("x-model-name"), Some("volume"));
    assert_eq!(answer.header("x-model-version"), Some(version));
    let explained = answer.json();
    let forest = forest_of(volume(&summary));
    let row: Vec<f32> = forest
        .feature_names()
        .iter()
        .map(|name| explained["features"][name].as_f64().unwrap() as f32)
        .collect();
    assert_eq!(explained["prediction"].as_f64(), Some(forest.predict(&row)));

    let of_forest = client.get("/predict?vol_moving_avg=12345&adj_close_rolling_med=25.5");
    assert_eq!(of_forest.status, 200, "{}", of_forest.text());
    assert_eq!(of_forest.header("x-model-name"), Some("volume-forest"));
    let named = client.get(&format!(
        "/predict?symbol={}&model=volume-forest",
        symbols[0]
    ));
    assert_eq!(named.header("x-model-name"), Some("volume-forest"));
}

/// The names of a run's models.
fn names(summary: &Value) -> Vec<&str> {
    let models = summary["models"].as_array().expect("a list").iter();
    models.filter_map(|model| model["name"].as_str()).collect()
}

#[test]
fn a_run_trains_both_models_and_a_flag_leaves_them_out() {
    let workplace = market::workplace_with_sample();
    let run = |flags: &str| {
        let ended = workplace.run_unconfigured(&format!("run --data market --json {flags}"));
        ended.completed()
    };
    let both = run("");
    assert_eq!(names(&both), ["volume-forest", "volume"]);
    assert_eq!(volume(&both)["walk_forward"]["folds"], 4);
    for model in both["models"].as_array().unwrap() {
        let path = Path::new(model["path"].as_str().unwrap());
        assert!(path.is_file(), "{}", path.display());
        assert!(path.with_file_name("card.json").is_file());
    }
    let forest = run("--no-volume --out forest");
    assert_eq!(names(&forest), ["volume-forest"]);
    for member in ["digest", "version"] {
        assert_eq!(forest["model"][member], both["model"][member], "{member}");
    }
    assert!(!forest["warnings"].to_string().contains("no model"));
    assert!(!workplace.path("forest/models/volume").exists());
    let features = run("--no-train --out features");
    assert_eq!(names(&features), Vec::<&str>::new());
    assert_eq!(features["model"], Value::Null);
    assert!(!workplace.path("features/models").exists());
    for other in [&forest, &features] {
        assert_eq!(other["dataset_digest"], both["dataset_digest"]);
    }
    let both_flags = run("--no-train --no-volume --out neither");
    assert_eq!(names(&both_flags), Vec::<&str>::new());
}

#[test]
fn a_history_too_short_is_a_reason_and_not_a_failure() {
    // Windows of 60 rows leave no row of 60, and 40 dates of 100.
    for (rows, why) in [(60, "no rows"), (100, "dates, and 4 folds")] {
        let workplace = market::small_workplace();
        for path in ["stocks/CARR#.csv", "stocks/NAN.csv"] {
            workplace.write(&format!("market/{path}"), market::price_file(rows, 1000));
        }
        let summary = workplace.run_unconfigured("run --data market --json");
        let summary = summary.completed();
        assert_eq!(names(&summary), ["volume-forest"]);
        let warnings = summary["warnings"].as_array().unwrap();
        let mut told = warnings.iter().filter_map(Value::as_str);
        let reason = told.find(|text| text.starts_with("no model `volume`"));
        let reason = reason.unwrap_or_else(|| panic!("no reason among {warnings:?}"));
        for part in [why, "longer histories", "--no-volume"] {
            assert!(reason.contains(part), "{part} is not in {reason}");
        }
        assert!(!workplace.path("out/models/volume").exists());
        let shown = workplace.run("show latest").expect_exit(0);
        assert!(shown.stdout.contains("volume-forest"), "{}", shown.stdout);
    }
}

#[test]
fn what_cannot_be_meant_is_bad_configuration() {
    let workplace = market::small_workplace();
    for (variable, value, part) in [
        ("VOLUME__FOLDS", "0", "volume.folds"),
        ("VOLUME__LEARNING_RATE", "0", "volume.learning_rate"),
        ("VOLUME__LEAVES", "1", "volume.leaves"),
        (
            "VOLUME__NAME",
            "volume-forest",
            "the name of the forest too",
        ),
        ("TARGET__COLUMN", "Close", "the target is of `Close`"),
    ] {
        let variables = [("VOLUME__TRAIN", "true"), (variable, value)];
        let ended = workplace.run_with("run --data market", &variables);
        let ended = ended.expect_exit(2);
        assert!(ended.stderr.contains(part), "{}", ended.stderr);
    }
    assert!(!workplace.path("out").exists());
}

//! The registry: versions shown and compared, made live by a person, and taken back.

#![expect(
    clippy::unwrap_used,
    reason = "what is not there fails the test, in its helpers too"
)]

use std::fs;

use serde_json::Value;
use tickermill_tests::market;
use tickermill_tests::workplace::Workplace;

const RUN: &str = "run --data market --json";

/// Boosted trees that hardly learn, so that they have no skill against the moving average and are held back.
const POOR: &str = "[model]\ntrain = false\n[volume]\ntrees = 2\nleaves = 3\nlearning_rate = 0.001\n\
    folds = 2\ngap_sessions = 60\n";

/// The version of a forest of this seed, which the run publishes.
fn publish_forest(workplace: &Workplace, seed: &str) -> String {
    let variables = [("SEED", seed), ("MODEL__TREES", "5")];
    let summary = workplace.run_with(RUN, &variables).completed();
    summary["model"]["version"].as_str().unwrap().to_owned()
}

/// A workplace in which boosted trees can be trained.
fn workplace_for_trees() -> Workplace {
    let workplace = Workplace::empty();
    market::synthetic(&workplace.path("market"), 12, 400);
    workplace
}

fn live(workplace: &Workplace, name: &str) -> Value {
    let listed = workplace.run("models --json").expect_exit(0);
    let mut lines = listed.stdout.lines();
    let line = lines.find(|line| line.contains(&format!("\"name\":\"{name}\"")));
    let line: Value = serde_json::from_str(line.unwrap()).unwrap();
    line["live"].clone()
}

#[test]
fn a_card_is_shown_for_people_and_as_it_is() {
    let workplace = market::workplace_with_sample();
    let version = publish_forest(&workplace, "1");
    let shown = workplace.run("models show volume-forest").expect_exit(0);
    for part in [
        &version as &str,
        "live      yes",
        "vol_moving_avg = mean of Volume over 30 rows",
        "trees 5",
        "seed      1",
        "as today",
        "10 rows with their predictions",
    ] {
        assert!(
            shown.stdout.contains(part),
            "{part} is not in:\n{}",
            shown.stdout
        );
    }
    let json = workplace.run(&format!("models show volume-forest {version} --json"));
    let card = format!("out/models/volume-forest/{version}/card.json");
    let json = json.expect_exit(0).stdout;
    assert_eq!(json.as_bytes(), workplace.read(&card).unwrap());
}

#[test]
fn two_versions_are_compared_and_other_data_is_told() {
    let workplace = market::small_workplace();
    let first = publish_forest(&workplace, "1");
    let second = publish_forest(&workplace, "2");
    let same_data = workplace.run(&format!("models compare volume-forest {first}"));
    let same_data = same_data.expect_exit(0).stdout;
    assert!(
        same_data.contains(&first) && same_data.contains(&second),
        "{same_data}"
    );
    assert!(!same_data.contains("different data"), "{same_data}");

    market::edit_last_volume(&workplace.path("market/stocks/NAN.csv"), false);
    let third = publish_forest(&workplace, "2");
    let command = format!("models compare volume-forest {second} {third}");
    let other_data = workplace.run(&command).expect_exit(0).stdout;
    let told = "cannot be compared row for row: they were trained and tested on different data";
    assert!(other_data.contains(told), "{other_data}");
    let json = workplace
        .run(&format!("{command} --json"))
        .expect_exit(0)
        .json();
    assert_eq!(json["differences"][0], "data", "{json:#}");
    assert_eq!(json["versions"][0]["version"], second.as_str());
    assert_eq!(json["versions"][1]["version"], third.as_str());

    let with_itself = workplace.run(&format!("models compare volume-forest {third}"));
    with_itself
        .expect_exit(1)
        .expect_one_error(&[&third, "is on both sides", "name another"]);
}

#[test]
fn what_is_not_there_or_damaged_is_named() {
    let workplace = market::small_workplace();
    let version = publish_forest(&workplace, "1");
    let refused = |command: &str, parts: &[&str]| {
        let ended = workplace.run(command).expect_exit(1);
        ended.expect_one_error(parts);
    };
    refused("models show other", &["no model `other`", "volume-forest"]);
    let other = "0000000000000000";
    for command in ["models show", "models compare", "promote"] {
        let parts = [other, "there are", &version as &str];
        refused(&format!("{command} volume-forest {other}"), &parts);
    }
    let folder = format!("out/models/volume-forest/{version}");
    let card = format!("{folder}/card.json");
    let whole = workplace.read(&card).unwrap();
    let named = workplace.path(&card);
    let named = named.to_str().unwrap();
    let text = String::from_utf8(whole.clone()).unwrap();
    workplace.write(&card, text.replacen("\"seed\": 1", "\"seed\": 2", 1));
    refused(
        "models show volume-forest",
        &[named, "does not follow from its content"],
    );
    workplace.write(&card, &text[..text.len() / 2]);
    refused("models show volume-forest", &[named, "is damaged"]);
    fs::remove_file(workplace.path(&card)).unwrap();
    refused("models show volume-forest", &[named, "is not there"]);
    workplace.write(&card, whole);

    // What cannot be promoted leaves nothing behind.
    let onnx = format!("{folder}/model.onnx");
    let mut bytes = workplace.read(&onnx).unwrap();
    bytes[0] ^= 1;
    workplace.write(&onnx, bytes);
    let before = workplace.files("out");
    let promote = format!("promote volume-forest {version}");
    refused(&promote, &["model.onnx", "digest", "nothing was changed"]);
    assert_eq!(workplace.files("out"), before);
}

#[test]
fn a_rollback_goes_to_the_version_before_until_it_is_released() {
    let workplace = market::small_workplace();
    let [first, second, third] = ["1", "2", "3"].map(|seed| publish_forest(&workplace, seed));
    let back = || workplace.run("rollback volume-forest");
    let told = back().expect_exit(0).stdout;
    assert!(told.contains(&second) && told.contains(&third), "{told}");
    assert_eq!(live(&workplace, "volume-forest"), second.as_str());
    let json = workplace
        .run("rollback volume-forest --json")
        .expect_exit(0)
        .json();
    assert_eq!(json["from"], second.as_str());
    assert_eq!(json["live"], first.as_str());
    let before = workplace.files("out");
    back()
        .expect_exit(1)
        .expect_one_error(&[&first, "`promote` makes one live"]);
    assert_eq!(workplace.files("out"), before);
    workplace.run("release volume-forest").expect_exit(0);
    assert_eq!(live(&workplace, "volume-forest"), third.as_str());
    let unknown = workplace.run("rollback other").expect_exit(1);
    unknown.expect_one_error(&["no model `other`", "volume-forest"]);
}

#[test]
fn a_version_that_is_held_back_says_so_in_its_card() {
    let workplace = workplace_for_trees();
    workplace.write("tickermill.toml", POOR);
    let summary = workplace
        .run_unconfigured(&format!("{RUN} --config tickermill.toml"))
        .completed();
    let model = &summary["models"][0];
    let reason = model["held_back"]
        .as_str()
        .unwrap_or_else(|| panic!("{summary:#}"));
    let version = model["version"].as_str().unwrap();
    assert_eq!(live(&workplace, "volume"), Value::Null);
    let none_live = workplace.run("models show volume").expect_exit(1);
    none_live.expect_one_error(&["no version of `volume` is live", version]);
    let shown = workplace
        .run(&format!("models show volume {version}"))
        .expect_exit(0);
    for part in [
        reason,
        "folds     2",
        "mean of the folds",
        "deciles",
        "years",
        "worth",
    ] {
        assert!(
            shown.stdout.contains(part),
            "{part} is not in:\n{}",
            shown.stdout
        );
    }
}

#[test]
fn a_version_is_judged_beside_the_live_one_and_its_card_says_which() {
    let workplace = workplace_for_trees();
    workplace.write("tickermill.toml", POOR);
    let run = format!("{RUN} --config tickermill.toml --promote-anyway");
    let panel_of = |summary: &Value| {
        let version = summary["models"][0]["version"].as_str().unwrap();
        let card = workplace.json(&format!("out/models/volume/{version}/card.json"));
        (version.to_owned(), card["panel"].clone())
    };
    let (first, panel) = panel_of(&workplace.run_unconfigured(&run).completed());
    assert_eq!(panel["beside"], Value::Null, "nothing was live");
    // The same recipe on other data needs no comparison.
    let edited = fs::read_dir(workplace.path("market/stocks"))
        .unwrap()
        .next();
    market::edit_last_volume(&edited.unwrap().unwrap().path(), false);
    let (second, panel) = panel_of(&workplace.run_unconfigured(&run).completed());
    assert_ne!(second, first);
    assert_eq!(panel["beside"], Value::Null, "it is of the same recipe");
    let more_trees = workplace.run_with(&run, &[("VOLUME__TRAIN", "true"), ("VOLUME__TREES", "3")]);
    let (_, panel) = panel_of(&more_trees.completed());
    assert_eq!(panel["beside"], second.as_str());

    workplace
        .run(&format!("promote volume {first}"))
        .expect_exit(0);
    let card = format!("out/models/volume/{first}/card.json");
    workplace.write(&card, "{");
    let beside_damaged =
        workplace.run_with(&run, &[("VOLUME__TRAIN", "true"), ("VOLUME__TREES", "4")]);
    let summary = beside_damaged.completed();
    let (_, panel) = panel_of(&summary);
    assert_eq!(panel["beside"], Value::Null);
    let reason = panel["not_compared"].as_str().unwrap();
    assert!(
        reason.contains(&first) && reason.contains("cannot be read"),
        "{reason}"
    );
    let warned = summary["warnings"].to_string();
    assert!(warned.contains("could not be compared"), "{warned}");
}

#[test]
fn a_refused_version_goes_live_where_a_person_wants_it_and_its_card_says_so() {
    let workplace = workplace_for_trees();
    workplace.write("tickermill.toml", POOR);
    let run = format!("{RUN} --config tickermill.toml");
    let held_back = workplace.run_unconfigured(&run).completed();
    let reason = &held_back["models"][0]["held_back"];
    assert!(reason.is_string(), "{held_back:#}");
    let anyway = workplace
        .run_unconfigured(&format!("{run} --promote-anyway"))
        .completed();
    assert_eq!(anyway["recomputed"], 0);
    let model = &anyway["models"][0];
    assert_eq!(model["held_back"], Value::Null);
    assert_eq!(&model["promoted_anyway"], reason);
    let warned = anyway["warnings"].to_string();
    assert!(warned.contains("`volume` goes live anyway"), "{warned}");
    let version = model["version"].as_str().unwrap();
    assert_eq!(live(&workplace, "volume"), version);
    let card = workplace.json(&format!("out/models/volume/{version}/card.json"));
    assert_eq!(card["panel"]["held_back"], Value::Null);
    assert_eq!(&card["panel"]["promoted_anyway"], reason);
    let shown = workplace.run("models show volume").expect_exit(0).stdout;
    assert!(shown.contains("made live although"), "{shown}");
    let again = workplace
        .run_unconfigured(&format!("{run} --promote-anyway"))
        .completed();
    assert_eq!(again["unchanged"], true);

    let parts = [
        "--promote-anyway",
        "let volume.train be true",
        "no --no-volume",
    ];
    for flags in ["--promote-anyway --no-volume", "--promote-anyway"] {
        // The second has the variable that takes boosted trees away.
        let nothing_judged = workplace.run(&format!("run --data market {flags}"));
        nothing_judged.expect_exit(2).expect_one_error(&parts);
    }
}

//! What a tuning leaves with its run, and what it makes of files that are not as they were written.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use output::tuning::Tuning;
use tickermill_tests::tuning::{
    QUICK, TUNE, computed, faulty, outcomes, shards, tune, tuned, workplace_with_run,
};
use tickermill_tests::workplace::{Workplace, files_below};
use tickermill_tests::{market, tickermill};

/// The file of a shard, beside the outcome of its tuning.
fn shard_file(outcome: &Path, shard: u32) -> PathBuf {
    let folder = outcome.with_file_name("shards");
    folder.join(format!("{shard:05}.json"))
}

/// Every file of `out` that is neither of a tuning nor of the claims to it, with a digest of its bytes and the time at which
/// it was written.
fn files_of_runs(workplace: &Workplace) -> BTreeMap<String, (String, SystemTime)> {
    let files = workplace.files("out").into_iter();
    let files = files.filter(|(file, _)| !file.starts_with("epoch/") && !file.contains("/tuning/"));
    let with_time = |(file, digest): (String, String)| {
        let written = market::modified(&workplace.path("out").join(&file));
        (file, (digest, written))
    };
    files.map(with_time).collect()
}

#[test]
fn a_tuning_changes_nothing_of_the_run() {
    let workplace = workplace_with_run();
    let before = files_of_runs(&workplace);
    for part in ["/outcome.json", "/manifest.json", ".parquet", "latest.json"] {
        let is_there = before.keys().any(|file| file.ends_with(part));
        assert!(is_there, "there is no {part}");
    }
    tuned(&tune(&workplace, ""));
    assert_eq!(outcomes(&workplace.path("out")).len(), 1);
    assert_eq!(files_of_runs(&workplace), before);
}

#[test]
fn a_completed_tuning_is_shown_with_its_run() {
    let workplace = workplace_with_run();
    let show = || workplace.run("show latest --json").expect_exit(0).json();
    let before = show();
    assert!(before.get("tunings").is_none(), "{before:#}");
    let ended = tune(&workplace, "");
    let (tuning, said) = (tuned(&ended), ended.json());
    let id = tuning.tuning.to_string();

    let mut shown = show();
    let tunings = shown.as_object_mut().unwrap().remove("tunings").unwrap();
    assert_eq!(shown, before);
    let [told] = &tunings.as_array().unwrap()[..] else {
        panic!("there is one tuning: {tunings:#}")
    };
    assert_eq!(told["tuning"], id.as_str());
    assert_eq!(told["model"], "volume");
    assert_eq!(told["trials"], 10);
    assert_eq!(told["chosen"], said["chosen"]);
    let chosen = &said["trials"][tuning.chosen];
    assert_eq!(told["parameters"], chosen["parameters"]);
    assert_eq!(told["check"], said["check"]);

    let text = workplace.run("show latest").expect_exit(0).stdout;
    let lines = text.lines().filter(|line| line.contains(&id));
    let lines: Vec<&str> = lines.collect();
    let [line] = lines[..] else {
        panic!("there is one tuning in:\n{text}")
    };
    let chosen = format!("chose trial {} of 10", tuning.chosen);
    let skill = format!("skill {:+.4} in the last fold", tuning.check.chosen);
    let configured = format!("configured {:+.4}", tuning.check.configured);
    for part in ["tuning ", &chosen, &skill, &configured] {
        assert!(line.contains(part), "{part:?} is not in {line:?}");
    }
    for list in ["runs", "runs --json"] {
        let listed = workplace.run(list).expect_exit(0).stdout;
        assert!(listed.contains(&tuning.run.to_string()), "{listed}");
        assert!(!listed.contains(&id), "{listed}");
    }

    // One that goes on, or was interrupted, has chosen nothing.
    fs::remove_file(&outcomes(&workplace.path("out"))[0]).unwrap();
    assert_eq!(show(), before);
}

#[test]
fn a_run_whose_files_are_not_what_it_wrote_is_refused() {
    let workplace = workplace_with_run();
    let out = workplace.path("out");
    let id = workplace.runs()[0].clone();
    let files = |folder: &str| {
        let mut files = files_below(&out.join("runs").join(&id).join(folder));
        files.sort();
        files
    };
    let features = files("market_data_with_features");
    let (changed, another) = (&features[0], &features[1]);
    let written = fs::read(changed).unwrap();
    let mut flipped = written.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    // Bytes that nobody wrote, and a whole file that is another ticker's.
    for bytes in [flipped, fs::read(another).unwrap()] {
        fs::write(changed, bytes).unwrap();
        let refused = tune(&workplace, "").expect_exit(1);
        let path = changed.to_str().unwrap();
        refused.expect_one_error(&[path, "is not what the run wrote", "run --force"]);
        assert_eq!(refused.json()["status"], "failed");
    }
    fs::write(changed, written).unwrap();

    let commit = files("commits").remove(0);
    let records = fs::read(&commit).unwrap();
    fs::remove_file(&commit).unwrap();
    let refused = tune(&workplace, "").expect_exit(1);
    let what = "are not those that it completed with";
    refused.expect_one_error(&[&id, what, "run --force"]);
    assert!(shards(&out).is_empty() && outcomes(&out).is_empty());

    fs::write(commit, records).unwrap();
    tuned(&tune(&workplace, ""));
}

#[test]
fn shards_that_are_damaged_or_of_other_trials_are_computed_again() {
    let workplace = workplace_with_run();
    let out = workplace.path("out");
    let first = tune(&workplace, "");
    let before = workplace.files("out/runs");
    let outcome = outcomes(&out)[0].clone();
    let kept = fs::read(&outcome).unwrap();
    // A trial on a fold, the same on the other, and another trial on the first.
    let [damaged, other_fold, other_trial] = [3, 4, 6].map(|shard| shard_file(&outcome, shard));
    let result = fs::read(&damaged).unwrap();
    fs::write(&damaged, &result[..result.len() / 2]).unwrap();
    for replaced in [&other_fold, &other_trial] {
        assert_ne!(fs::read(replaced).unwrap(), result);
        fs::write(replaced, &result).unwrap();
    }
    fs::remove_file(&outcome).unwrap();

    let again = tickermill::run(&mut faulty(&workplace, "mid-trial=slow:0", "again.log"));
    tuned(&again);
    assert_eq!(again.stdout, first.stdout);
    assert_eq!(fs::read(&outcome).unwrap(), kept);
    assert_eq!(computed(&workplace, "again.log"), BTreeSet::from([3, 4, 6]));
    let without_log = |mut files: BTreeMap<String, String>| {
        files.retain(|file, _| !file.ends_with("/tuning.log"));
        files
    };
    let after = workplace.files("out/runs");
    assert_eq!(without_log(after), without_log(before));
}

#[test]
fn a_damaged_outcome_is_named_and_made_again_without_a_trial() {
    let workplace = workplace_with_run();
    let out = workplace.path("out");
    let first = tune(&workplace, "");
    let committed = shards(&out);
    let outcome = outcomes(&out)[0].clone();
    let kept = fs::read(&outcome).unwrap();
    fs::write(&outcome, &kept[..kept.len() / 2]).unwrap();
    let path = outcome.to_str().unwrap();
    for command in [TUNE, "show latest", "show latest --json"] {
        let refused = workplace.run_with(command, &QUICK).expect_exit(1);
        refused.expect_one_error(&[path, "is damaged", "remove it and run `tune` again"]);
    }
    // Those who read no tunings go on.
    workplace.run("runs").expect_exit(0);

    fs::remove_file(&outcome).unwrap();
    let again = tickermill::run(&mut faulty(&workplace, "mid-trial=slow:0", "again.log"));
    tuned(&again);
    assert_eq!(again.stdout, first.stdout);
    assert_eq!(fs::read(&outcome).unwrap(), kept);
    assert_eq!(computed(&workplace, "again.log"), BTreeSet::new());
    assert_eq!(shards(&out), committed);
}

#[test]
fn pruning_drops_a_run_with_its_tunings() {
    let workplace = Workplace::empty();
    market::synthetic(&workplace.path("market"), 20, 800);
    let out = workplace.path("out");
    // Without a model, for the run of a live one stays.
    let [old, new] = ["", "--force"].map(|force| {
        let run = format!("run --data market --no-train --json {force}");
        workplace.run(&run).completed();
        tuned(&tune(&workplace, ""))
    });
    assert_ne!(old.run, new.run);
    assert_eq!(outcomes(&out).len(), 2);
    workplace.run("prune --keep 1").expect_exit(0);
    assert_eq!(workplace.runs(), [new.run.to_string()]);
    let left = outcomes(&out);
    let [left] = &left[..] else {
        panic!("one tuning is left: {left:?}")
    };
    let left: Tuning = serde_json::from_slice(&fs::read(left).unwrap()).unwrap();
    assert_eq!(left, new);
    let of_old = old.run.to_string();
    let files = workplace.files("out").into_keys();
    let of_old: Vec<String> = files.filter(|file| file.contains(&of_old)).collect();
    assert!(of_old.is_empty(), "{of_old:?}");
}

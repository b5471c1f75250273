//! Tunings: quick ones, and what they leave in an output.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use output::tuning::Tuning;

use crate::tickermill::{self, Ended};
use crate::workplace::{Workplace, files_below};
use crate::{fault_log, market};

/// Variables under which a tuning is quick: few and small trees, on few rows.
pub const QUICK: [(&str, &str); 7] = [
    ("VOLUME__TREES", "4"),
    ("VOLUME__LEAVES", "7"),
    ("VOLUME__FOLDS", "3"),
    ("VOLUME__MAX_TRAIN_ROWS", "2000"),
    ("TUNE__TREES", "2,8"),
    ("TUNE__LEAVES", "3,15"),
    ("TUNE__MIN_ROWS_PER_LEAF", "5,40"),
];

/// A tuning of three rounds: of ten trials four go on, then two.
pub const TUNE: &str = "tune --trials 10 --json";

/// A run of the market into `out`, without boosted trees.
pub fn run(workplace: &Workplace, out: &str) {
    let arguments = format!("run --data market --json --out {out}");
    let ended = workplace.run_with(&arguments, &[("MODEL__TREES", "5")]);
    ended.completed();
}

/// A workplace with a completed run in `out`.
pub fn workplace_with_run() -> Workplace {
    let workplace = Workplace::empty();
    market::synthetic(&workplace.path("market"), 20, 800);
    run(&workplace, "out");
    workplace
}

/// Runs a quick tuning in a workplace to its end; the arguments are more than those of [`TUNE`].
pub fn tune(workplace: &Workplace, arguments: &str) -> Ended {
    workplace.run_with(&format!("{TUNE} {arguments}"), &QUICK)
}

/// The command of a tuning with faults, which are noted in a log.
pub fn faulty(workplace: &Workplace, faults: &str, log: &str) -> Command {
    let arguments = format!("{TUNE} --workers 1");
    let mut command = tickermill::command(workplace.folder(), &arguments);
    for (name, value) in QUICK {
        command.env(format!("TICKERMILL__{name}"), value);
    }
    command
        .env("TICKERMILL_FAULTS", faults)
        .env("TICKERMILL_FAULTS_LOG", workplace.path(log));
    command
}

/// The shards of which a trial was computed, by the faults of a log. No trial was computed twice.
#[track_caller]
pub fn computed(workplace: &Workplace, log: &str) -> BTreeSet<u32> {
    let noted = fault_log::read(&workplace.path(log));
    let shards = noted.iter().map(|fault| fault.detail.parse::<u32>());
    let once: Result<BTreeSet<u32>, _> = shards.collect();
    let once = once.expect("these are numbers of shards");
    assert_eq!(noted.len(), once.len(), "{noted:?}");
    once
}

/// What a tuning says that completed: one line of JSON, and nothing beside it.
#[track_caller]
pub fn tuned(ended: &Ended) -> Tuning {
    assert_eq!(ended.exit, Some(0), "{}", ended.stderr);
    assert_eq!(ended.stdout.lines().count(), 1, "{}", ended.stdout);
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}", ended.stdout))
}

/// The shards of all tunings of an output that are committed, each with the time at which it was written.
pub fn shards(out: &Path) -> BTreeMap<u32, SystemTime> {
    let files = files_of(out).into_iter();
    let shards = files.filter(|file| file.parent().is_some_and(|above| above.ends_with("shards")));
    let shards = shards.filter_map(|file| {
        let name = file.file_name()?.to_str()?;
        let number = name.strip_suffix(".json")?.parse().ok()?;
        Some((number, market::modified(&file)))
    });
    shards.collect()
}

/// The outcomes of all tunings of an output.
pub fn outcomes(out: &Path) -> Vec<PathBuf> {
    let files = files_of(out).into_iter();
    files
        .filter(|file| file.ends_with("outcome.json"))
        .collect()
}

/// Every file of a tuning in an output.
fn files_of(out: &Path) -> Vec<PathBuf> {
    let is_of_tuning = |file: &PathBuf| file.components().any(|part| part.as_os_str() == "tuning");
    let files = files_below(&out.join("runs")).into_iter();
    files.filter(is_of_tuning).collect()
}

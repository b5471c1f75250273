//! A search of better parameters: what it finds, that it is the same wherever it is made, and that it goes on.

use std::collections::BTreeSet;
use std::fs;

use model::boost::BoostParameters;
use model::tuning::mean_skill;
use output::tuning::{Tried, Tuning};
use rustix::process::Signal;
use tickermill_tests::process::Running;
use tickermill_tests::tuning::{
    QUICK, TUNE, computed, faulty, outcomes, run, shards, tune, tuned, workplace_with_run,
};
use tickermill_tests::{fault_log, market, tickermill};

/// The trials of a round, by falling skill, and where it is equal by rising number.
fn ranked(tuning: &Tuning, round: usize) -> Vec<usize> {
    let tried = tuning.trials.iter();
    let in_round: Vec<&Tried> = tried.filter(|tried| tried.skills.len() > round).collect();
    assert_eq!(in_round.len(), tuning.rounds[round].trials);
    let mut ranked: Vec<(f64, usize)> = in_round
        .iter()
        .map(|tried| (tried.skills[round], tried.trial))
        .collect();
    ranked.sort_by(|(one, first), (other, second)| other.total_cmp(one).then(first.cmp(second)));
    ranked.into_iter().map(|(_, trial)| trial).collect()
}

#[test]
fn the_best_of_each_round_go_on_and_the_best_of_the_last_is_chosen() {
    let workplace = workplace_with_run();
    let ended = tune(&workplace, "");
    let tuning = tuned(&ended);
    assert_eq!(workplace.runs(), [tuning.run.to_string()]);
    assert_eq!(tuning.model, "volume");
    assert_eq!((tuning.search.trials, tuning.search.seed), (10, 42));
    assert_eq!((tuning.folds.folds, tuning.folds.max_train_rows), (3, 2000));
    assert!(tuning.rows > 10_000, "{}", tuning.rows);
    let rounds = tuning.rounds.iter();
    let rounds: Vec<(usize, usize)> = rounds
        .map(|round| (round.trials, round.max_train_rows))
        .collect();
    assert_eq!(rounds, [(10, 223), (4, 667), (2, 2000)]);

    let numbers = tuning.trials.iter().map(|tried| tried.trial);
    assert!(numbers.eq(0..10));
    let configured = BoostParameters {
        trees: 4,
        leaves: 7,
        learning_rate: 0.15,
        min_rows_per_leaf: 20,
        input_share: 1.0,
        seed: 42,
    };
    assert_eq!(tuning.trials[0].parameters, configured);
    for tried in &tuning.trials[1..] {
        let drawn = &tried.parameters;
        assert!((2..=8).contains(&drawn.trees), "{drawn:?}");
        assert!((3..=15).contains(&drawn.leaves), "{drawn:?}");
        assert!((5..=40).contains(&drawn.min_rows_per_leaf), "{drawn:?}");
        assert!((0.05..=0.3).contains(&drawn.learning_rate), "{drawn:?}");
        assert!((0.5..=1.0).contains(&drawn.input_share), "{drawn:?}");
        assert_eq!(drawn.seed, 42);
    }
    for tried in &tuning.trials {
        assert_eq!(tried.folds.len(), tried.skills.len());
        for (skill, folds) in tried.skills.iter().zip(&tried.folds) {
            assert_eq!(folds.len(), 2, "the last fold chooses nothing");
            assert_eq!(skill.to_bits(), mean_skill(folds).to_bits());
        }
    }
    for (round, (trials, _)) in rounds.iter().enumerate().skip(1) {
        let before = ranked(&tuning, round - 1);
        let best: BTreeSet<&usize> = before.iter().take(*trials).collect();
        let gone_on = ranked(&tuning, round);
        assert_eq!(gone_on.iter().collect::<BTreeSet<_>>(), best);
    }
    assert_eq!(tuning.chosen, ranked(&tuning, 2)[0]);
    assert!(tuning.check.chosen.is_finite() && tuning.check.configured.is_finite());
    if tuning.chosen == 0 {
        let (chosen, configured) = (tuning.check.chosen, tuning.check.configured);
        assert_eq!(chosen.to_bits(), configured.to_bits());
    }

    let found = outcomes(&workplace.path("out"));
    let [outcome] = &found[..] else {
        panic!("there is one outcome")
    };
    let kept: Tuning = serde_json::from_slice(&fs::read(outcome).unwrap()).unwrap();
    assert_eq!(kept, tuning);
    let of_check = if tuning.chosen == 0 { 1 } else { 2 };
    let of_rounds: usize = rounds.iter().map(|(trials, _)| trials * 2).sum();
    let committed = shards(&workplace.path("out"));
    assert_eq!(committed.len(), of_rounds + of_check);
}

#[test]
fn the_same_again_is_told_at_once() {
    let workplace = workplace_with_run();
    let out = workplace.path("out");
    let first = tune(&workplace, "");
    let mut before = shards(&out);
    let outcome = outcomes(&out)[0].clone();
    let written = market::modified(&outcome);
    let removed = outcome.with_file_name("shards").join("00003.json");
    fs::remove_file(&removed).unwrap();
    before.remove(&3).unwrap();
    let again = tune(&workplace, "");
    assert_eq!(tuned(&again), tuned(&first));
    assert_eq!(again.stdout, first.stdout);
    assert!(!removed.exists(), "a shard was computed again");
    assert_eq!(shards(&out), before);
    assert_eq!(market::modified(&outcome), written);
    // By its id, the latest run is the same.
    let id = tuned(&first).run.to_string();
    assert_eq!(tune(&workplace, &id).stdout, first.stdout);
    assert_eq!(outcomes(&out), [outcome]);
}

#[test]
fn it_is_the_same_for_any_workers_and_another_for_another_seed() {
    let workplace = workplace_with_run();
    run(&workplace, "other");
    let one = tuned(&tune(&workplace, "--workers 1"));
    let two = tuned(&tune(&workplace, "--workers 2 --out other"));
    assert_eq!(one, two);
    let [of_one, of_two] = ["out", "other"].map(|out| {
        let outcome = outcomes(&workplace.path(out))[0].clone();
        fs::read(outcome).unwrap()
    });
    assert_eq!(of_one, of_two);

    let seeded = tuned(&tune(&workplace, "--seed 43"));
    assert_eq!(seeded.search.seed, 43);
    assert_eq!(seeded.run, one.run);
    assert_ne!(seeded.tuning, one.tuning);
    assert_ne!(seeded.trials[1].parameters, one.trials[1].parameters);
    let fewer = tuned(&workplace.run_with("tune --json --trials 3", &QUICK));
    assert_ne!(fewer.tuning, one.tuning);
    assert_eq!(fewer.rounds.len(), 1);
    assert_eq!(outcomes(&workplace.path("out")).len(), 3);
}

#[test]
fn killed_amid_its_trials_it_goes_on_from_those_that_are_done() {
    let workplace = workplace_with_run();
    run(&workplace, "undisturbed");
    let undisturbed = tune(&workplace, "--out undisturbed");
    let out = workplace.path("out");
    let killed = tickermill::run(&mut faulty(&workplace, "mid-trial#12=kill", "killed.log"));
    assert_eq!(killed.exit, None, "{}", killed.stderr);
    assert_eq!(fault_log::read(&workplace.path("killed.log")).len(), 1);
    let committed = shards(&out);
    assert!(!committed.is_empty() && committed.len() < 12);
    assert!(outcomes(&out).is_empty());

    // A fault that does nothing notes every trial that is computed.
    let resumed = tickermill::run(&mut faulty(&workplace, "mid-trial=slow:0", "resumed.log"));
    assert_eq!(tuned(&resumed), tuned(&undisturbed));
    assert_eq!(resumed.stdout, undisturbed.stdout);
    let all = shards(&out);
    let left = all.keys().filter(|shard| !committed.contains_key(shard));
    let left: BTreeSet<u32> = left.copied().collect();
    assert_eq!(computed(&workplace, "resumed.log"), left);
    for (shard, written) in &committed {
        assert_eq!(all[shard], *written, "shard {shard} was written again");
    }
}

#[test]
fn an_interrupted_tuning_says_so_and_goes_on_later() {
    let workplace = workplace_with_run();
    let out = workplace.path("out");
    let mut command = faulty(&workplace, "mid-trial=slow:100", "faults.log");
    let mut running = Running::start(&mut command);
    running.until("the second shard", || shards(&out).len() >= 2);
    running.signal(Signal::INT);
    let interrupted = running.end().expect_exit(130);
    interrupted.expect_one_error(&["interrupted", "run again to go on"]);
    assert_eq!(interrupted.json()["status"], "interrupted");
    assert!(outcomes(&out).is_empty(), "it was done before");
    let committed = shards(&out);
    let resumed = tune(&workplace, "");
    assert!(!resumed.stderr.contains("waiting"), "{}", resumed.stderr);
    tuned(&resumed);
    let all = shards(&out);
    assert!(committed.iter().all(|(shard, time)| all[shard] == *time));
}

#[test]
fn what_it_prints_goes_into_the_configuration() {
    let workplace = workplace_with_run();
    // So slow a learner that all others are better.
    let slow = ("VOLUME__LEARNING_RATE", "0.001");
    let variables: Vec<(&str, &str)> = QUICK.into_iter().chain([slow]).collect();
    let report = workplace.run_with("tune --trials 10", &variables);
    let report = report.expect_exit(0).stdout;
    let tuning = tuned(&workplace.run_with(TUNE, &variables));
    assert_ne!(tuning.chosen, 0);
    let (id, run) = (tuning.tuning.to_string(), tuning.run.to_string());
    for part in [
        id.as_str(),
        run.as_str(),
        "  configured\n",
        "  chosen\n",
        "skill in the last fold: chosen ",
        "tickermill run --config FILE",
    ] {
        assert!(report.contains(part), "{part:?} is not in:\n{report}");
    }
    let (_, values) = report.split_once("[volume]\n").unwrap();
    workplace.write("tuned.toml", format!("[volume]\n{values}"));
    let config = workplace.run("config --config tuned.toml --json");
    let config = config.expect_exit(0).json();
    let value = |key: &str| {
        let mut values = config.as_array().unwrap().iter();
        let found = values.find(|value| value["key"] == key).unwrap();
        assert_eq!(found["origin"], "tuned.toml", "{key}");
        found["value"].as_str().unwrap().parse::<f64>().unwrap()
    };
    let best = &tuning.chosen().parameters;
    for (key, wanted) in [
        ("volume.trees", best.trees as f64),
        ("volume.leaves", best.leaves as f64),
        ("volume.learning_rate", best.learning_rate),
        ("volume.min_rows_per_leaf", best.min_rows_per_leaf as f64),
        ("volume.input_share", best.input_share),
    ] {
        assert_eq!(value(key).to_bits(), wanted.to_bits(), "{key}");
    }
}

#[test]
fn a_run_that_is_not_there_or_not_completed_is_named() {
    let workplace = market::small_workplace();
    let nowhere = workplace.run("tune");
    assert_ne!(nowhere.exit, Some(0));
    assert!(!workplace.path("out").exists());
    fs::create_dir(workplace.path("out")).unwrap();
    let none = workplace.run("tune --json").expect_exit(1);
    none.expect_one_error(&["there is no completed run", "out"]);
    assert_eq!(none.json()["status"], "failed");

    let mut command = tickermill::command(workplace.folder(), "run --data market");
    let killed = tickermill::run(command.env("TICKERMILL_FAULTS", "after-features=kill"));
    assert_eq!(killed.exit, None, "{}", killed.stderr);
    let run = &workplace.runs()[0];
    let unfinished = workplace.run(&format!("tune {run}")).expect_exit(1);
    unfinished.expect_one_error(&[run, "complete"]);

    let unknown = workplace.run("tune 0123456789abcdef-1").expect_exit(1);
    unknown.expect_one_error(&["0123456789abcdef-1"]);
    let no_id = workplace.run("tune yesterday").expect_exit(2);
    no_id.expect_one_error(&["`yesterday` is not the id of a run"]);
    assert!(outcomes(&workplace.path("out")).is_empty());
}

#[test]
fn histories_too_short_for_the_folds_are_an_error() {
    let workplace = market::small_workplace();
    let run = workplace.run("run --data market --no-train --json");
    run.completed();
    let short = workplace.run("tune").expect_exit(1);
    short.expect_one_error(&["longer histories"]);
    assert!(outcomes(&workplace.path("out")).is_empty());
    assert!(shards(&workplace.path("out")).is_empty());
}

#[test]
fn more_trials_than_the_rows_to_train_on_are_enough_for_are_refused() {
    let workplace = market::small_workplace();
    let run = workplace.run("run --data market --no-train --json");
    run.completed();
    let refused = workplace.run("tune --trials 1000").expect_exit(2);
    let keys = [
        "tune.trials",
        "volume.max_train_rows",
        "tune.min_rows_per_leaf",
    ];
    refused.expect_one_error(&keys);
    // A seventh round would train on 100000 rows, and each earlier one on a third of the next.
    refused.expect_one_error(&["138 rows", "200"]);
    let more_rows = [("VOLUME__MAX_TRAIN_ROWS", "1000000")];
    let short = workplace.run_with("tune --trials 1000", &more_rows);
    short.expect_exit(1).expect_one_error(&["longer histories"]);
    assert!(shards(&workplace.path("out")).is_empty());
}

#[test]
fn what_cannot_be_meant_is_bad_configuration() {
    let workplace = market::small_workplace();
    let one_fold = workplace.run_with("tune", &[("VOLUME__FOLDS", "1")]);
    let one_fold = one_fold.expect_exit(2);
    one_fold.expect_one_error(&["volume.folds", "TICKERMILL__VOLUME__FOLDS", "2 at least"]);
    for trials in ["0", "-1", "1001", "many"] {
        let ended = workplace.run(&format!("tune --trials {trials}"));
        ended
            .expect_exit(2)
            .expect_one_error(&["tune.trials", "--trials", "from 1 to 1000"]);
    }
    let both = [("TUNE__TREES", "9,3"), ("TUNE__INPUT_SHARE", "0.5,1.5")];
    let both = workplace.run_with("tune --trials 0", &both).expect_exit(2);
    assert_eq!(both.errors().len(), 3, "{}", both.stderr);
    for key in ["tune.trials", "tune.trees", "tune.input_share"] {
        assert!(both.stderr.contains(key), "{key}: {}", both.stderr);
    }
    let conflict = "tune --coordinator http://127.0.0.1:1 --out out";
    workplace.run(conflict).expect_exit(2);
    assert!(!workplace.path("out").exists());
}

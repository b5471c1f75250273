//! One run at a time writes to an output; what is interrupted or held up can be taken over.

use rustix::process::Signal;
use tickermill_tests::process::{Running, files_in_runs};
use tickermill_tests::workplace::Workplace;
use tickermill_tests::{market, tickermill};

const RUN: &str = "run --data market --no-train --workers 1 --json";

/// A market of several shards.
fn workplace() -> Workplace {
    let workplace = Workplace::empty();
    market::synthetic(&workplace.path("market"), 60, 2000);
    workplace
}

/// A run of which one shard is committed, and others are not.
fn run_under_way(workplace: &Workplace) -> Running {
    let mut command = tickermill::command(workplace.folder(), RUN);
    command.env("TICKERMILL__RUN__LEASE_SECONDS", "1");
    let mut running = Running::start(&mut command);
    let out = workplace.path("out");
    running.until("the first commit", || files_in_runs(&out, "commits") >= 1);
    running
}

fn is_unfinished(workplace: &Workplace) -> bool {
    let runs = workplace.runs();
    assert_eq!(runs.len(), 1);
    let outcome = format!("out/runs/{}/outcome.json", runs[0]);
    !workplace.path(&outcome).exists() && !workplace.path("out/latest.json").exists()
}

#[test]
fn an_interrupted_run_says_so_and_goes_on_later() {
    for signal in [Signal::INT, Signal::TERM] {
        let workplace = workplace();
        let mut running = run_under_way(&workplace);
        running.signal(signal);
        let interrupted = running.end().expect_exit(130);
        interrupted.expect_one_error(&["interrupted", "run again to go on"]);
        assert!(
            is_unfinished(&workplace),
            "it was done before the signal came"
        );
        let listed = workplace.run("runs").expect_exit(0);
        assert!(listed.stdout.contains("unfinished"), "{}", listed.stdout);
        // The output was let go: nobody waits.
        let resumed = workplace.run(RUN);
        assert!(!resumed.stderr.contains("waiting"));
        let resumed = resumed.completed();
        assert!(resumed["resumed"].as_u64().unwrap() > 0);
        assert_eq!(resumed["symbols"], 60);
    }
}

#[test]
fn a_run_that_stands_still_is_waited_for_and_then_taken_over() {
    let workplace = workplace();
    let mut frozen = run_under_way(&workplace);
    frozen.freeze();
    assert!(
        is_unfinished(&workplace),
        "it was done before it was stopped"
    );
    let second = workplace.run_with(RUN, &[("RUN__LEASE_SECONDS", "1")]);
    let waiting = format!("waiting for process {} on ", frozen.id());
    assert!(second.stderr.contains(&waiting), "{}", second.stderr);
    let second = second.completed();
    assert!(second["resumed"].as_u64().unwrap() > 0);
    let latest = workplace.json("out/latest.json");
    assert_eq!(latest["run_id"], second["run_id"]);
    let runs = workplace.files("out/runs");
    frozen.signal(Signal::CONT);
    let first = frozen.end().expect_exit(1);
    first.expect_one_error(&["the output was taken over", "this one stops"]);
    assert_eq!(
        workplace.files("out/runs"),
        runs,
        "a completed run never changes"
    );
    assert_eq!(workplace.json("out/latest.json"), latest);
    assert_eq!(workplace.run(RUN).completed()["unchanged"], true);
}

#[test]
fn a_killed_holder_is_not_waited_for() {
    let workplace = workplace();
    run_under_way(&workplace).kill();
    assert!(
        is_unfinished(&workplace),
        "it was done before it was killed"
    );
    // With the default lease of ten seconds.
    let resumed = workplace.run(RUN);
    assert!(!resumed.stderr.contains("waiting"), "{}", resumed.stderr);
    assert!(resumed.completed()["resumed"].as_u64().unwrap() > 0);
}

#[test]
fn two_runs_at_once_come_to_one_run() {
    let workplace = workplace();
    let start = || Running::start(&mut tickermill::command(workplace.folder(), RUN));
    let (mut one, mut other) = (start(), start());
    let summaries = [one.end().completed(), other.end().completed()];
    assert_eq!(workplace.runs().len(), 1);
    assert_eq!(
        summaries[0]["dataset_digest"],
        summaries[1]["dataset_digest"]
    );
    let unchanged = summaries
        .iter()
        .filter(|summary| summary["unchanged"] == true);
    assert_eq!(unchanged.count(), 1, "one of them did the work");
}

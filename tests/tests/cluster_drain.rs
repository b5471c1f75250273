//! Workers that are told to end, one or all in turn: nothing is lost and nothing done twice.

use std::time::Duration;

use rustix::process::Signal;
use tickermill_tests::cluster::Cluster;
use tickermill_tests::course::{Event, is_of};
use tickermill_tests::reference::{large, small};
use tickermill_tests::soak::rounds;

/// So late that a shard which is held up is not given to another worker besides.
const NO_COPIES: u64 = 600_000;

#[test]
fn a_worker_told_to_end_amid_a_shard_finishes_it_or_hands_it_back() {
    for _ in 0..rounds() {
        let mut cluster = Cluster::of(small).with("CLUSTER__COPY_AFTER_MS", NO_COPIES);
        let gate = cluster.gate("gate");
        cluster.start_coordinator("");
        cluster.start_worker("leaves", 1, &format!("mid-shard#2={}", gate.hold()));
        cluster.start_worker("stays", 1, "");
        let run = cluster.submit();
        cluster.worker("leaves").wait_for("fault at mid-shard");
        let leaves = cluster.take_worker("leaves");
        leaves.signal(Signal::TERM);
        cluster.wait_for_coordinator(0, "worker leaves/1 drains");
        gate.open();
        leaves.end_within(Duration::from_secs(30)).expect_exit(0);
        cluster.expect_same(run);
        cluster.expect_one_fault("mid-shard");
        let was_lost = |event: &Event| matches!(event, Event::Lost(id, _) if is_of(id, "leaves"));
        let events = cluster.events_since(0);
        assert!(!events.iter().any(was_lost), "{}", cluster.journal);
        let failed = |event: &Event| matches!(event, Event::Failed(..));
        let is_failure = events.iter().any(failed);
        assert!(
            !is_failure,
            "a hand-over is no failure: {}",
            cluster.journal
        );
    }
}

#[test]
fn a_worker_that_cannot_finish_in_time_hands_its_shard_back() {
    let mut cluster = Cluster::of(small).with("CLUSTER__COPY_AFTER_MS", NO_COPIES);
    let never = cluster.gate("never");
    cluster.start_coordinator("");
    cluster.start_worker("leaves", 1, &format!("mid-shard#2={}", never.hold()));
    cluster.start_worker("stays", 1, "");
    let run = cluster.submit();
    cluster.worker("leaves").wait_for("fault at mid-shard");
    cluster.take_worker("leaves").terminate().expect_exit(0);
    cluster.expect_same(run);
    cluster.expect_one_fault("mid-shard");
    let events = cluster.events_since(0);
    let handed_back = |event: &Event| matches!(event, Event::HandedBack(attempt) if is_of(&attempt.worker, "leaves"));
    assert!(events.iter().any(handed_back), "{}", cluster.journal);
}

#[test]
fn rolling_restarts_of_all_workers_change_nothing() {
    let mut cluster = Cluster::of(large);
    let slowly = "mid-shard=slow:5";
    let names = ["w1", "w2", "w3"];
    cluster.start_coordinator("");
    for name in names {
        cluster.start_worker(name, 1, slowly);
    }
    let run = cluster.submit();
    for name in names {
        cluster.wait_for_coordinator(0, &format!("given to {name}/"));
        cluster.take_worker(name).terminate().expect_exit(0);
        cluster.start_worker(name, 1, slowly);
    }
    cluster.expect_same(run);
    let events = cluster.events_since(0);
    for name in names {
        let drained = |event: &Event| matches!(event, Event::Drained(id) if is_of(id, name));
        assert!(events.iter().any(drained), "{}", cluster.journal);
    }
    let failed = |event: &&Event| matches!(event, Event::Failed(..));
    let failures: Vec<&Event> = events.iter().filter(failed).collect();
    assert!(
        failures.is_empty(),
        "a hand-over is no failure: {failures:?}"
    );
}

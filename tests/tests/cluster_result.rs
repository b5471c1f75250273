//! Any number of workers comes to what one process comes to.

use tickermill_tests::cluster::Cluster;
use tickermill_tests::course::{expect_each_committed_once, is_of};
use tickermill_tests::reference::{large, small};

#[test]
fn one_two_and_four_workers_make_the_same() {
    for workers in [1, 2, 4] {
        let mut cluster = Cluster::of(large);
        cluster.start_coordinator("");
        let names: Vec<String> = (1..=workers).map(|number| format!("w{number}")).collect();
        for name in &names {
            cluster.start_worker(name, 1, "");
        }
        let summary = cluster.expect_same(cluster.submit());
        assert_eq!(summary["recomputed"], summary["symbols"]);
        let committed = expect_each_committed_once(&cluster.events_since(0));
        assert_eq!(committed.len(), cluster.commits().len());
        for name in &names {
            let did_something = committed.values().any(|worker| is_of(worker, name));
            assert!(did_something, "{name} of {workers}: {committed:?}");
        }
    }
}

#[test]
fn slots_are_workers_too() {
    let mut cluster = Cluster::of(small);
    cluster.start_coordinator("");
    cluster.start_worker("many", 3, "");
    cluster.start_worker("one", 1, "");
    cluster.expect_same(cluster.submit());
}

#[test]
fn the_same_again_has_nothing_to_do_and_needs_no_worker() {
    let mut cluster = Cluster::of(small);
    cluster.start_coordinator("");
    cluster.start_worker("w1", 1, "");
    let first = cluster.expect_same(cluster.submit());
    cluster.take_worker("w1").kill();
    let again = cluster.expect_same(cluster.submit());
    assert_eq!(again["unchanged"], true);
    assert_eq!(again["run_id"], first["run_id"]);
}

#[test]
fn a_worker_that_comes_late_gets_its_share() {
    let mut cluster = Cluster::of(small);
    let gate = cluster.gate("late");
    cluster.start_coordinator("");
    cluster.start_worker("early", 1, &format!("mid-shard#2={}", gate.hold()));
    let run = cluster.submit();
    cluster.worker("early").wait_for("fault at mid-shard");
    cluster.start_worker("late", 1, "");
    cluster.wait_for_coordinator(0, "committed by late/");
    gate.open();
    cluster.expect_same(run);
}

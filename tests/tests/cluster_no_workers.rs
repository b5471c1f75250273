//! A run whose workers are all gone waits for one for a while, and then says so.

use tickermill_tests::cluster::Cluster;
use tickermill_tests::daemon::Daemon;
use tickermill_tests::reference::small;

const WORKERS: [&str; 2] = ["w1", "w2"];

/// A run both of whose workers were killed at work.
fn run_without_workers(grace_ms: u64) -> (Cluster, Daemon) {
    let mut cluster = Cluster::of(small).with("CLUSTER__NO_WORKERS_MS", grace_ms);
    cluster.start_coordinator("");
    for name in WORKERS {
        cluster.start_worker(name, 1, "mid-shard#3=kill");
    }
    let run = cluster.submit();
    for name in WORKERS {
        cluster.take_worker(name).expect_killed();
        cluster.wait_for_coordinator(0, &format!("worker {name}/"));
    }
    assert_eq!(cluster.faults_at("mid-shard").len(), 2);
    (cluster, run)
}

#[test]
fn all_workers_dead_is_no_workers_and_the_next_run_works() {
    let (mut cluster, run) = run_without_workers(2000);
    let reason = run.end().ended_as("failed");
    assert!(reason.starts_with("no workers"), "{reason}");
    cluster.start_worker("w3", 1, "");
    cluster.expect_same(cluster.submit());
}

#[test]
fn a_worker_that_comes_within_the_grace_completes_the_run() {
    let (mut cluster, run) = run_without_workers(45_000);
    cluster.start_worker("w3", 1, "");
    cluster.expect_same(run);
}

#[test]
fn no_worker_from_the_beginning_is_no_workers_too() {
    let mut cluster = Cluster::of(small).with("CLUSTER__NO_WORKERS_MS", 500);
    cluster.start_coordinator("");
    let reason = cluster.submit().end().ended_as("failed");
    assert!(reason.starts_with("no workers"), "{reason}");
}

//! A coordinator that is killed at any stage, and started again, comes to the same and computes no committed shard again.

use tickermill_tests::cluster::Cluster;
use tickermill_tests::daemon::Daemon;
use tickermill_tests::reference::small;
use tickermill_tests::soak::rounds;

const WORKERS: [&str; 2] = ["w1", "w2"];

fn cluster(faults: &str) -> Cluster {
    let mut cluster = Cluster::of(small);
    cluster.start_coordinator(faults);
    for name in WORKERS {
        cluster.start_worker(name, 1, "");
    }
    cluster
}

/// Starts the coordinator again, and asserts what must come of it.
fn go_on(cluster: &mut Cluster, run: Daemon) {
    let committed = cluster.commits();
    let place = cluster.journal.place();
    cluster.start_coordinator("");
    for name in WORKERS {
        cluster.worker(name).wait_from(place, " joined ");
    }
    cluster.expect_same(run);
    cluster.expect_not_given_since(place, &committed);
}

/// Kills the coordinator when it passes a point for the so-many-th time.
fn kill_at(point: &str, time: u32) {
    for _ in 0..rounds() {
        let mut cluster = cluster(&format!("{point}#{time}=kill"));
        let run = cluster.submit();
        cluster.take_coordinator().expect_killed();
        cluster.expect_one_fault(point);
        let commits = cluster.commits().len();
        go_on(&mut cluster, run);
        let all = cluster.commits().len();
        match point {
            "before-discover" | "after-plan" => assert_eq!(commits, 0),
            "before-commit" => assert!(commits < all, "{commits} of {all}"),
            "after-commit" => assert!((1..all).contains(&commits), "{commits} of {all}"),
            _ => assert_eq!(commits, all),
        }
    }
}

#[test]
fn before_anything_is_known_of_the_data() {
    kill_at("before-discover", 1);
}

#[test]
fn when_the_plan_is_written() {
    kill_at("after-plan", 1);
}

#[test]
fn amid_the_features() {
    kill_at("after-commit", 6);
}

#[test]
fn before_and_after_a_commit() {
    for time in [1, 3] {
        kill_at("before-commit", time);
        kill_at("after-commit", time);
    }
}

#[test]
fn between_the_last_commit_and_training() {
    kill_at("after-features", 1);
}

#[test]
fn amid_training() {
    kill_at("mid-training", 1);
}

#[test]
fn before_publishing() {
    kill_at("before-publish", 1);
}

#[test]
fn between_the_outcome_and_the_pointers() {
    kill_at("after-outcome", 1);
}

#[test]
fn after_publishing() {
    kill_at("after-publish", 1);
}

#[test]
fn again_and_again() {
    let mut cluster = cluster("after-commit#1=kill");
    let run = cluster.submit();
    for fault in [
        "after-commit#1=kill",
        "after-features=kill",
        "before-publish=kill",
    ] {
        cluster.take_coordinator().expect_killed();
        cluster.start_coordinator(fault);
    }
    cluster.take_coordinator().expect_killed();
    assert_eq!(cluster.faults_at("after-commit").len(), 2);
    cluster.expect_one_fault("after-features");
    cluster.expect_one_fault("before-publish");
    go_on(&mut cluster, run);
}

#[test]
fn a_coordinator_that_is_told_to_end_leaves_its_run_to_the_next() {
    let mut cluster = cluster("");
    let gate = cluster.gate("gate");
    let held = format!("mid-shard#9={}", gate.hold());
    cluster.take_worker("w2").kill();
    cluster.start_worker("w2", 1, &held);
    let run = cluster.submit();
    cluster.worker("w2").wait_for("fault at mid-shard");
    cluster.take_coordinator().terminate().expect_exit(0);
    gate.open();
    go_on(&mut cluster, run);
}

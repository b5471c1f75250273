//! What clients ask of a coordinator: runs, their history, and their end.

use serde_json::Value;
use tickermill_tests::cluster::Cluster;
use tickermill_tests::daemon::Daemon;
use tickermill_tests::reference::small;

/// A run that is held amid its features, and its id.
fn run_under_way(cluster: &mut Cluster) -> (Daemon, String) {
    let gate = cluster.gate("gate");
    cluster.start_coordinator("");
    cluster.start_worker("w1", 1, &format!("mid-shard#20={}", gate.hold()));
    let run = cluster.submit();
    cluster.worker("w1").wait_for("fault at mid-shard");
    let line = cluster.wait_for_coordinator(0, " tickers to compute");
    let id = line.split("run ").nth(1).expect("it names the run");
    let id = id.split(':').next().expect("it names the run").to_owned();
    (run, id)
}

fn outcome(cluster: &Cluster, run: &str) -> Value {
    cluster
        .workplace
        .json(&format!("out/runs/{run}/outcome.json"))["summary"]
        .clone()
}

#[test]
fn a_run_that_is_cancelled_ends_for_good_and_the_next_takes_over_what_it_did() {
    let mut cluster = Cluster::of(small);
    let (run, id) = run_under_way(&mut cluster);
    let committed = cluster.commits();
    cluster.ask(&format!("cancel {id}")).expect_exit(0);
    run.end().ended_as("cancelled");
    assert_eq!(outcome(&cluster, &id)["status"], "cancelled");
    cluster.gate("gate").open();
    let again = cluster.ask(&format!("cancel {id}"));
    assert_ne!(again.exit, Some(0), "it has ended: {}", again.stdout);
    let summary = cluster.submit().end().completed();
    cluster.reference().expect_same(&summary);
    assert_ne!(summary["run_id"], id.as_str());
    assert!(!committed.is_empty() && summary["carried_over"].as_u64() > Some(0));
    assert_eq!(outcome(&cluster, &id)["status"], "cancelled");
}

#[test]
fn two_clients_that_submit_the_same_follow_one_run() {
    let mut cluster = Cluster::of(small);
    let (run, id) = run_under_way(&mut cluster);
    let second = cluster.submit();
    second.wait_for(&id);
    cluster.gate("gate").open();
    let second = second.end().completed();
    let first = cluster.expect_same(run);
    assert_eq!(first["run_id"], second["run_id"]);
    assert_eq!(cluster.workplace.runs(), [id]);
}

#[test]
fn a_client_that_is_gone_does_not_end_its_run() {
    let mut cluster = Cluster::of(small);
    let (run, id) = run_under_way(&mut cluster);
    run.kill();
    cluster.gate("gate").open();
    let summary = cluster.expect_same(cluster.submit());
    assert_eq!(summary["run_id"], id.as_str());
}

#[test]
fn the_history_is_told_by_the_coordinator_too() {
    let mut cluster = Cluster::of(small);
    let (run, id) = run_under_way(&mut cluster);
    let listed = cluster.ask("runs").expect_exit(0).stdout;
    assert!(listed.contains(&id), "{listed}");
    cluster.gate("gate").open();
    cluster.expect_same(run);
    let shown = cluster.ask("show latest --json").expect_exit(0).json();
    assert!(shown.to_string().contains(&id), "{shown:#}");
    let unknown = cluster.ask("show 0123456789abcdef-1").expect_exit(1);
    unknown.expect_one_error(&["0123456789abcdef-1"]);
}

#[test]
fn a_client_without_a_coordinator_says_so() {
    let mut cluster = Cluster::of(small);
    cluster.start_coordinator("");
    cluster.take_coordinator().terminate().expect_exit(0);
    let ended = cluster.ask("runs").expect_exit(1);
    ended.expect_one_error(&[cluster.address()]);
}

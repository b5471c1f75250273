//! A process that stands still, and goes on when it is no longer counted on.

use std::thread;
use std::time::Duration;

use tickermill_tests::cluster::{Cluster, LEASE_MS};
use tickermill_tests::course::{Event, expect_each_committed_once, is_of};
use tickermill_tests::reference::small;
use tickermill_tests::soak::rounds;

/// Lets the fault last: the length of it is what is tested, nothing is waited for.
fn three_leases() {
    thread::sleep(Duration::from_millis(3 * LEASE_MS));
}

/// A worker stands still at a point for three leases while another does its shard; the run is held before its training, so
/// that it is still under way when the worker goes on.
fn stop_a_worker(point: &str) {
    let mut cluster = Cluster::of(small);
    let training = cluster.gate("training");
    cluster.start_coordinator(&format!("after-features={}", training.hold()));
    cluster.start_worker("still", 1, &format!("{point}=stop"));
    cluster.start_worker("other", 1, "");
    let run = cluster.submit();
    cluster.worker("still").wait_until_it_stands_still();
    let fault = cluster.expect_one_fault(&point[..point.find('#').unwrap_or(point.len())]);
    assert_eq!(fault.process, cluster.worker("still").id());
    three_leases();
    cluster.wait_for_coordinator(0, "worker still/");
    cluster.wait_for_coordinator(0, "fault at after-features");
    let place = cluster.journal.place();
    cluster.worker("still").thaw();
    cluster.wait_for_coordinator(place, "refused a late ");
    cluster.worker("still").wait_from(place, " joined ");
    training.open();
    cluster.expect_same(run);
    let events = cluster.events_since(0);
    let lost = |event: &Event| matches!(event, Event::Lost(worker, _) if is_of(worker, "still"));
    assert_eq!(events.iter().filter(|event| lost(event)).count(), 1);
    let committed = expect_each_committed_once(&events);
    let was_done_by_the_other = |event: &Event| match event {
        Event::Given(attempt) => {
            is_of(&attempt.worker, "still") && is_of(&committed[&attempt.shard], "other")
        }
        _ => false,
    };
    assert!(events.iter().any(was_done_by_the_other));
}

#[test]
fn a_worker_that_stood_still_amid_a_shard_is_late() {
    for _ in 0..rounds() {
        stop_a_worker("mid-shard#3");
    }
}

#[test]
fn a_worker_that_stood_still_before_its_delivery_is_late() {
    for _ in 0..rounds() {
        stop_a_worker("before-deliver#1");
    }
}

#[test]
fn a_coordinator_that_stood_still_is_dialled_again() {
    let mut cluster = Cluster::of(small);
    cluster.start_coordinator("after-commit#1=stop");
    for name in ["w1", "w2"] {
        cluster.start_worker(name, 1, "");
    }
    let run = cluster.submit();
    cluster.coordinator().wait_until_it_stands_still();
    cluster.expect_one_fault("after-commit");
    three_leases();
    cluster.coordinator().thaw();
    cluster.expect_same(run);
}

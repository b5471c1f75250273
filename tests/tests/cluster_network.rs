//! A worker that is cut off from its coordinator for a while.

use std::thread;
use std::time::Duration;

use tickermill_tests::cluster::{Cluster, LEASE_MS};
use tickermill_tests::course::{Event, is_of};
use tickermill_tests::network::Network;
use tickermill_tests::reference::small;
use tickermill_tests::soak::rounds;

/// Cuts a worker off amid a shard for so many milliseconds, and returns what was told of it.
fn cut_off(network: &Network, milliseconds: u64) -> Vec<Event> {
    let mut cluster = Cluster::of(small).on_host(&network.host());
    let (at_work, training) = (cluster.gate("at-work"), cluster.gate("training"));
    cluster.start_coordinator(&format!("after-features={}", training.hold()));
    let fault = format!("mid-shard#3={}", at_work.hold());
    cluster.spawn_worker_through("far", &network.wrapper(), &fault);
    cluster.worker("far").wait_for(" joined ");
    cluster.start_worker("near", 1, "");
    let run = cluster.submit();
    cluster.worker("far").wait_for("fault at mid-shard");
    network.cut();
    at_work.open();
    // The length of the fault is what is tested; nothing is waited for.
    thread::sleep(Duration::from_millis(milliseconds));
    let place = cluster.journal.place();
    network.mend();
    if milliseconds > LEASE_MS {
        cluster.worker("far").wait_from(place, " joined ");
    }
    training.open();
    cluster.expect_same(run);
    cluster.expect_one_fault("mid-shard");
    cluster.events_since(0)
}

fn cut_off_for(leases: f64) {
    let Some(network) = Network::new("a worker that is cut off") else {
        return;
    };
    for _ in 0..rounds() {
        let milliseconds = (leases * LEASE_MS as f64) as u64;
        let events = cut_off(&network, milliseconds);
        let was_lost = |event: &Event| matches!(event, Event::Lost(id, _) if is_of(id, "far"));
        let losses = events.iter().filter(|event| was_lost(event)).count();
        if leases > 1.5 {
            assert_eq!(losses, 1, "{events:?}");
        }
    }
}

#[test]
fn for_half_a_lease() {
    cut_off_for(0.5);
}

#[test]
fn for_a_lease() {
    cut_off_for(1.0);
}

#[test]
fn for_three_leases() {
    cut_off_for(3.0);
}

//! A run completes while its coordinator's port is sent random bytes, or held by connections that say nothing.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use tickermill_tests::cluster::Cluster;
use tickermill_tests::noise::{Noise, half_open};
use tickermill_tests::reference::small;
use tickermill_tests::soak::{half_open_connections, seconds_of_noise};

fn cluster() -> (Cluster, SocketAddr) {
    let mut cluster = Cluster::of(small);
    cluster.start_coordinator("");
    let port = cluster.address()["http://".len()..].parse();
    (cluster, port.expect("a socket's address"))
}

#[test]
fn random_bytes_at_the_port() {
    let (mut cluster, port) = cluster();
    let noise = Noise::at(port, 7);
    let gate = cluster.gate("gate");
    for name in ["w1", "w2"] {
        cluster.start_worker(name, 1, &format!("mid-shard#4={}", gate.hold()));
    }
    let run = cluster.submit();
    for name in ["w1", "w2"] {
        cluster.worker(name).wait_for("fault at mid-shard");
    }
    // The length of the noise is what is tested; nothing is waited for.
    thread::sleep(Duration::from_secs(seconds_of_noise()));
    gate.open();
    cluster.expect_same(run);
    assert!(noise.end() > 0);
}

#[test]
fn connections_that_say_nothing() {
    let (mut cluster, port) = cluster();
    cluster.start_worker("early", 1, "");
    let wanted = half_open_connections();
    let silent = half_open(port, wanted);
    assert!(silent.len() > wanted / 2, "{} of {wanted}", silent.len());
    cluster.start_worker("late", 1, "");
    cluster.expect_same(cluster.submit());
    drop(silent);
    cluster.expect_same(cluster.submit());
}

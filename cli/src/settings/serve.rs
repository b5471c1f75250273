//! How processes that serve do it: coordinators, workers and predictors.

use std::net::SocketAddr;
use std::time::Duration;

use coordinator::job::is_model_name;
use coordinator::run::Patience;
use coordinator::server::MemberLimits;
use predictor::terms::{Limits, Terms};

use crate::config::Sources;

/// Where a coordinator listens that is not told.
const DEFAULT_LISTEN: &str = "127.0.0.1:7070";

/// Where a predictor listens that is not told.
const PREDICTOR_LISTEN: &str = "127.0.0.1:8080";

/// How a cluster works together.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// Where a coordinator listens.
    pub(crate) listen: SocketAddr,
    /// What membership costs and allows.
    pub(crate) members: MemberLimits,
    /// How long runs wait for what may not come.
    pub(crate) patience: Patience,
    /// How long a worker that is told to stop goes on with what it has in hand.
    pub(crate) drain: Duration,
    /// Jobs that may wait.
    pub(crate) max_queued: usize,
    /// Connections of a coordinator at a time.
    pub(crate) max_connections: usize,
}

/// Whether a text is an address with a port.
pub(super) fn is_address(text: &str) -> bool {
    text.parse::<SocketAddr>().is_ok()
}

pub(super) fn read_cluster(sources: &mut Sources) -> Cluster {
    let patience = Patience::default();
    let address = "an address with a port, such as 127.0.0.1:7070";
    let listen = sources.text("cluster.listen", DEFAULT_LISTEN, address, is_address);
    let heartbeat = milliseconds(sources, "cluster.heartbeat_ms", 2_000, 20..=600_000);
    let lease = milliseconds(sources, "cluster.lease_ms", 10_000, 100..=3_600_000);
    if lease < heartbeat * 3 {
        sources.problem("cluster.lease_ms", "a lease is at least three heartbeats");
    }
    let no_workers = patience.no_workers.as_millis() as u64;
    let no_workers = milliseconds(sources, "cluster.no_workers_ms", no_workers, 0..=86_400_000);
    let straggler = patience.straggler.as_millis() as u64;
    let straggler = milliseconds(sources, "cluster.copy_after_ms", straggler, 0..=86_400_000);
    let drain = milliseconds(sources, "cluster.drain_ms", 20_000, 0..=3_600_000);
    let max_workers = sources.whole("cluster.max_workers", 1_000, 1..=100_000) as usize;
    let max_slots = sources.whole("cluster.max_slots", 1_024, 1..=65_536) as u32;
    let max_queued = sources.whole("cluster.max_queued", 64, 1..=10_000) as usize;
    // Each worker has two, one for its session and one for what it delivers.
    let connections = 2 * max_workers as u64 + 256;
    let max_connections = sources.whole("cluster.max_connections", connections, 16..=1_000_000);
    Cluster {
        listen: listen.parse().expect("it was checked, or is the default"),
        members: MemberLimits {
            heartbeat,
            lease,
            max_workers,
            max_slots,
        },
        patience: Patience {
            no_workers,
            straggler,
        },
        drain,
        max_queued,
        max_connections: max_connections as usize,
    }
}

pub(super) fn read_predictor(sources: &mut Sources, cores: u64) -> Terms {
    let address = "an address with a port, such as 127.0.0.1:8080";
    let listen = sources.text("predictor.listen", PREDICTOR_LISTEN, address, is_address);
    let is_name_or_empty = |text: &str| text.is_empty() || is_model_name(text);
    let model = sources.text(
        "predictor.model",
        "",
        "a name of letters, digits, - and _",
        is_name_or_empty,
    );
    // A core is left to kernel threads and to whoever asks: with two, one thread that answers keeps latencies even.
    let threads = cores.saturating_sub(1).max(1);
    let threads = sources.whole("predictor.threads", threads, 1..=1024) as usize;
    let reload_every = milliseconds(sources, "predictor.reload_ms", 1_000, 10..=3_600_000);
    let batching = sources.truth("predictor.batching", false);
    let cache_mib = sources.whole("predictor.cache_mib", 48, 1..=1_048_576);
    let drain = milliseconds(sources, "predictor.drain_ms", 20_000, 1_000..=3_600_000);
    let max_body_kib = sources.whole("predictor.max_body_kib", 4_096, 1..=1_048_576);
    let max_bodies_mib = sources.whole("predictor.max_bodies_mib", 64, 1..=1_048_576);
    if max_bodies_mib << 10 < max_body_kib {
        sources.problem("predictor.max_bodies_mib", "there is no room for one body");
    }
    let max_rows = sources.whole("predictor.max_rows", 100_000, 1..=10_000_000) as usize;
    // The clock of the listener moves every half second, so shorter times would end at once.
    let request_time = milliseconds(sources, "predictor.request_ms", 10_000, 1_000..=3_600_000);
    let keep_alive = milliseconds(sources, "predictor.keep_alive_ms", 5_000, 1_000..=3_600_000);
    let max_connections = sources.whole("predictor.max_connections", 10_000, 1..=1_000_000);
    let max_in_flight = sources.whole("predictor.max_in_flight", 2_048, 1..=1_000_000) as usize;
    let max_kernel_work = sources.whole("predictor.max_kernel_work", 64, 1..=100_000) as usize;
    Terms {
        listen: listen.parse().expect("it was checked, or is the default"),
        threads,
        default_model: (!model.is_empty()).then_some(model),
        reload_every,
        batching,
        cache_bytes: cache_mib << 20,
        drain,
        limits: Limits {
            max_body_bytes: (max_body_kib << 10) as usize,
            max_bodies_bytes: (max_bodies_mib << 20) as usize,
            max_rows,
            request_time,
            keep_alive,
            max_connections: max_connections as usize,
            max_in_flight,
            max_kernel_work,
        },
    }
}

fn milliseconds(
    sources: &mut Sources,
    key: &'static str,
    default: u64,
    range: std::ops::RangeInclusive<u64>,
) -> Duration {
    Duration::from_millis(sources.whole(key, default, range))
}

//! What operators are told of a worker: whether it is ready, and its numbers, by the conventions of Prometheus.

use std::time::Duration;

use operations::{Operated, long_times, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use proto::record::{TickerRecord, TickerResult};

/// What operators are told of a worker. It answers from the start of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// 1 while a coordinator counts on this worker.
    pub(crate) joined: Gauge,
    pub(crate) sessions: Counter,
    pub(crate) slots: Gauge,
    pub(crate) in_hand: Gauge,
    pub(crate) committed: Counter,
    pub(crate) trials: Counter,
    pub(crate) failed: Counter,
    pub(crate) given_up: Counter,
    pub(crate) seconds: Histogram,
    pub(crate) input_bytes: Counter,
    pub(crate) rows: Counter,
}

impl Metrics {
    /// Nothing has happened; the worker computes so many shards at a time.
    pub fn new(slots: u32) -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("tickermill_worker"),
            joined: Gauge::default(),
            sessions: Counter::default(),
            slots: Gauge::default(),
            in_hand: Gauge::default(),
            committed: Counter::default(),
            trials: Counter::default(),
            failed: Counter::default(),
            given_up: Counter::default(),
            seconds: long_times(),
            input_bytes: Counter::default(),
            rows: Counter::default(),
        };
        metrics.slots.set(i64::from(slots));
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "joined",
            "1 while a coordinator counts on this worker, else 0",
            self.joined.clone(),
        );
        registry.register(
            "sessions",
            "Sessions begun with a coordinator",
            self.sessions.clone(),
        );
        registry.register("slots", "Shards computed at a time", self.slots.clone());
        registry.register(
            "shards_in_hand",
            "Shards that are being computed or delivered",
            self.in_hand.clone(),
        );
        registry.register(
            "shards_committed",
            "Shards delivered and committed",
            self.committed.clone(),
        );
        registry.register(
            "trials_done",
            "Shards of tunings that were computed, and whose results were sent",
            self.trials.clone(),
        );
        registry.register(
            "shards_failed",
            "Shards that came to nothing here",
            self.failed.clone(),
        );
        registry.register(
            "shards_given_up",
            "Shards given up because the coordinator, the session or the end of the process asked for it",
            self.given_up.clone(),
        );
        registry.register_with_unit(
            "shard",
            "Time from taking a shard to having computed it",
            Unit::Seconds,
            self.seconds.clone(),
        );
        registry.register_with_unit(
            "input",
            "Bytes of price files in computed shards",
            Unit::Bytes,
            self.input_bytes.clone(),
        );
        registry.register(
            "rows_written",
            "Rows of feature files in computed shards",
            self.rows.clone(),
        );
    }

    /// A shard was computed, after this time. One of a tuning has no records.
    pub(crate) fn computed(&self, took: Duration, records: &[TickerRecord]) {
        self.seconds.observe(took.as_secs_f64());
        for record in records {
            self.input_bytes.inc_by(record.input.fingerprint.size);
            if let TickerResult::Written { counts, .. } = &record.result {
                self.rows.inc_by(counts.written);
            }
        }
    }
}

impl Operated for Metrics {
    fn unready(&self) -> Option<String> {
        (self.joined.get() == 0).then(|| "there is no session with a coordinator".to_owned())
    }

    fn metrics(&self) -> String {
        text(&self.registry)
    }
}

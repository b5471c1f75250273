//! What operators are told of a coordinator: whether it is ready, and its numbers, by the conventions of Prometheus: names
//! end in their unit, counters in `_total`.

use std::sync::{Mutex, MutexGuard, PoisonError};

use operations::{Operated, long_times, text};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use proto::event::RunEvent;
use proto::link::Roster;
use tokio::sync::watch;

use crate::load::ShardLoad;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndingLabels {
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageLabels {
    stage: &'static str,
}

/// What operators are told of a coordinator. It answers from the start of the process, while the output is waited for too.
pub struct Metrics {
    registry: Registry,
    /// Who takes shards.
    pub(crate) roster: watch::Sender<Roster>,
    unready: Mutex<Option<&'static str>>,
    load: Mutex<ShardLoad>,
    workers: Gauge,
    slots: Gauge,
    pending: Gauge,
    running: Gauge,
    committed: Counter,
    copied: Counter,
    failed: Counter,
    handed_back: Counter,
    stages: Family<StageLabels, Histogram, fn() -> Histogram>,
    runs: Gauge,
    runs_waiting: Gauge,
    runs_ended: Family<EndingLabels, Counter>,
    pub(crate) panels_sent: Counter,
    pub(crate) stale: Counter,
    pub(crate) epoch: Gauge,
}

/// What there is to do, for who decides how many workers there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Demand {
    /// Shards that nobody computes.
    pub(crate) pending: u64,
    /// Shards that somebody computes.
    pub(crate) running: u64,
    /// Runs that go on or wait for their turn.
    pub(crate) runs: u64,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Nothing has happened, and the coordinator waits for its output.
    pub fn new() -> Self {
        let seconds: fn() -> Histogram = long_times;
        let mut metrics = Self {
            registry: Registry::with_prefix("tickermill_coordinator"),
            roster: watch::Sender::new(Roster::from([])),
            unready: Mutex::new(Some("the output is not held yet")),
            load: Mutex::default(),
            workers: Gauge::default(),
            slots: Gauge::default(),
            pending: Gauge::default(),
            running: Gauge::default(),
            committed: Counter::default(),
            copied: Counter::default(),
            failed: Counter::default(),
            handed_back: Counter::default(),
            stages: Family::new_with_constructor(seconds),
            runs: Gauge::default(),
            runs_waiting: Gauge::default(),
            runs_ended: Family::default(),
            panels_sent: Counter::default(),
            stale: Counter::default(),
            epoch: Gauge::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("workers", "Workers that take shards", self.workers.clone());
        registry.register(
            "slots",
            "Shards that these workers compute at a time",
            self.slots.clone(),
        );
        registry.register(
            "shards_pending",
            "Shards of the run that goes on which nobody computes",
            self.pending.clone(),
        );
        registry.register(
            "shards_running",
            "Shards of the run that goes on which somebody computes",
            self.running.clone(),
        );
        registry.register(
            "shards_committed",
            "Shards committed",
            self.committed.clone(),
        );
        registry.register(
            "shards_copied",
            "Shards given to a second worker because the first took long",
            self.copied.clone(),
        );
        registry.register(
            "attempts_failed",
            "Attempts at shards that failed",
            self.failed.clone(),
        );
        registry.register(
            "shards_handed_back",
            "Shards that workers gave back, or that were lost on the way to them",
            self.handed_back.clone(),
        );
        registry.register_with_unit(
            "stage",
            "Time that the stages of runs took",
            Unit::Seconds,
            self.stages.clone(),
        );
        registry.register("runs_active", "Runs that go on", self.runs.clone());
        registry.register(
            "runs_waiting",
            "Submissions that wait for their turn",
            self.runs_waiting.clone(),
        );
        registry.register(
            "runs_ended",
            "Submissions that ended, by how",
            self.runs_ended.clone(),
        );
        registry.register(
            "panels_sent",
            "Times that a worker began to fetch the panel of a tuning",
            self.panels_sent.clone(),
        );
        registry.register(
            "stale_messages",
            "Messages refused because their worker is none any more",
            self.stale.clone(),
        );
        registry.register(
            "epoch",
            "The number under which the output is held",
            self.epoch.clone(),
        );
    }

    /// The coordinator serves from now on, or does not for this reason.
    pub(crate) fn set_unready(&self, reason: Option<&'static str>) {
        *lock(&self.unready) = reason;
    }

    /// A run told an event.
    pub(crate) fn told(&self, event: &RunEvent) {
        let counter = match event {
            RunEvent::ShardGiven { copy: true, .. } => Some(&self.copied),
            RunEvent::ShardCommitted { .. } => Some(&self.committed),
            RunEvent::AttemptFailed { .. } => Some(&self.failed),
            RunEvent::ShardHandedBack { .. } => Some(&self.handed_back),
            _ => None,
        };
        if let Some(counter) = counter {
            counter.inc();
        }
        if let RunEvent::Ended { stage, took } = event {
            let stage = stage.name();
            let seconds = self.stages.get_or_create(&StageLabels { stage });
            seconds.observe(took.as_secs_f64());
        }
        self.change_load(|load| load.told(event));
    }

    /// How often a worker has begun to fetch the panel of a tuning.
    pub fn panels_sent(&self) -> u64 {
        self.panels_sent.get()
    }

    /// A submission ended: its status, or `stopped` where it goes on when it is submitted again.
    pub(crate) fn ended(&self, status: &'static str) {
        self.runs_ended
            .get_or_create(&EndingLabels { status })
            .inc();
    }

    /// So many runs go on, and so many wait.
    pub(crate) fn set_runs(&self, active: usize, waiting: usize) {
        self.runs.set(active as i64);
        self.runs_waiting.set(waiting as i64);
        if active == 0 {
            self.change_load(|load| *load = ShardLoad::default());
        }
    }

    /// What there is to do now.
    pub(crate) fn demand(&self) -> Demand {
        let load = lock(&self.load);
        Demand {
            pending: load.pending() as u64,
            running: load.running() as u64,
            runs: (self.runs.get() + self.runs_waiting.get()) as u64,
        }
    }

    fn change_load(&self, change: impl FnOnce(&mut ShardLoad)) {
        let mut load = lock(&self.load);
        change(&mut load);
        self.pending.set(load.pending() as i64);
        self.running.set(load.running() as i64);
    }
}

impl Operated for Metrics {
    fn unready(&self) -> Option<String> {
        lock(&self.unready).map(str::to_owned)
    }

    fn metrics(&self) -> String {
        let roster = self.roster.borrow().clone();
        self.workers.set(roster.len() as i64);
        let slots: usize = roster.iter().map(|worker| worker.slots()).sum();
        self.slots.set(slots as i64);
        text(&self.registry)
    }
}

/// Numbers are whole after every change, so one that broke amid another thing is no harm.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

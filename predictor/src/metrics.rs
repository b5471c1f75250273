//! What operators are told in numbers, by the conventions of Prometheus: names end in their unit, counters in `_total`.

use std::time::Duration;

use operations::text;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::catalogue::Catalogue;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ModelLabels {
    model: String,
    version: String,
    pinned: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RejectionLabels {
    model: String,
    version: String,
    reason: &'static str,
}

/// The numbers, and the registry that writes them.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    pub(crate) in_flight: Gauge,
    pub(crate) connections: Gauge,
    pub(crate) overloads: Counter,
    live: Family<ModelLabels, Gauge>,
    rejected: Family<RejectionLabels, Gauge>,
    pub(crate) loads: Counter,
    rejections: Counter,
    pub(crate) store_failures: Counter,
    pub(crate) cache_bytes: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let seconds: fn() -> Histogram = latencies;
        let mut metrics = Self {
            registry: Registry::with_prefix("tickermill_predictor"),
            requests: Family::default(),
            seconds: Family::new_with_constructor(seconds),
            in_flight: Gauge::default(),
            connections: Gauge::default(),
            overloads: Counter::default(),
            live: Family::default(),
            rejected: Family::default(),
            loads: Counter::default(),
            rejections: Counter::default(),
            store_failures: Counter::default(),
            cache_bytes: Gauge::default(),
        };
        let registry = &mut metrics.registry;
        registry.register(
            "requests",
            "Requests answered, by kind of path and status",
            metrics.requests.clone(),
        );
        registry.register_with_unit(
            "request",
            "Time from a request's head to the head of its answer",
            Unit::Seconds,
            metrics.seconds.clone(),
        );
        registry.register(
            "requests_in_flight",
            "Requests that are being answered",
            metrics.in_flight.clone(),
        );
        registry.register(
            "connections",
            "Connections that are open",
            metrics.connections.clone(),
        );
        registry.register(
            "overloads",
            "Requests refused with 503 because there was too much to do",
            metrics.overloads.clone(),
        );
        registry.register(
            "model_live",
            "1 for the version of each model that is live",
            metrics.live.clone(),
        );
        registry.register(
            "model_rejected",
            "1 for a version that is to be live and failed a check; the log has the whole reason",
            metrics.rejected.clone(),
        );
        registry.register(
            "model_loads",
            "Versions that went live",
            metrics.loads.clone(),
        );
        registry.register(
            "model_rejections",
            "Versions that failed a check",
            metrics.rejections.clone(),
        );
        registry.register(
            "store_failures",
            "Looks at the store that failed, with what is served left as it was",
            metrics.store_failures.clone(),
        );
        registry.register_with_unit(
            "cache",
            "Tickers' features in memory",
            Unit::Bytes,
            metrics.cache_bytes.clone(),
        );
        metrics
    }

    /// Counts an answered request.
    pub(crate) fn answered(&self, route: &'static str, status: u16, took: Duration) {
        let labels = RequestLabels { route, status };
        self.requests.get_or_create(&labels).inc();
        let labels = RouteLabels { route };
        self.seconds
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
    }

    /// Says which versions are live.
    pub(crate) fn set_live(&self, catalogue: &Catalogue) {
        self.live.clear();
        for (name, versions) in catalogue.models() {
            let labels = ModelLabels {
                model: name.clone(),
                version: versions.live.version.clone(),
                pinned: versions.pinned,
            };
            self.live.get_or_create(&labels).set(1);
        }
    }

    /// Says that a version failed a check.
    pub(crate) fn reject(&self, model: &str, version: &str, reason: &'static str) {
        self.rejections.inc();
        let labels = RejectionLabels {
            model: model.to_owned(),
            version: version.to_owned(),
            reason,
        };
        self.rejected.get_or_create(&labels).set(1);
    }

    /// Takes a rejection back: another version is to be live, or the same one has passed.
    pub(crate) fn clear_rejection(&self, model: &str, version: &str, reason: &'static str) {
        self.rejected.remove(&RejectionLabels {
            model: model.to_owned(),
            version: version.to_owned(),
            reason,
        });
    }

    /// All numbers as text.
    pub(crate) fn text(&self) -> String {
        text(&self.registry)
    }
}

/// Buckets from 20 microseconds to some 10 seconds.
fn latencies() -> Histogram {
    Histogram::new(exponential_buckets(2e-5, 2.0, 20))
}

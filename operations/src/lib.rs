//! What operators and their tools ask of every process that serves: whether it lives, whether it can do its work, and its
//! numbers. On a port of its own, which is closed unless it is asked for.

pub mod server;

mod page;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// A process that operators look at.
pub trait Operated: Send + Sync + 'static {
    /// Why the process cannot do its work now; `None` where it can.
    fn unready(&self) -> Option<String>;

    /// Its numbers in the text form of OpenMetrics, as [`text`] writes them.
    fn metrics(&self) -> String;
}

/// The media type of [`Operated::metrics`].
pub const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The text form of OpenMetrics, version 1.0, that Prometheus scrapes.
///
/// <https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md>
pub fn text(registry: &Registry) -> String {
    let mut text = String::new();
    encode(&mut text, registry).expect("a string takes everything");
    text
}

/// Seconds that a shard or a stage takes: buckets from a hundredth of a second to three hours.
pub fn long_times() -> Histogram {
    Histogram::new(exponential_buckets(0.01, 4.0, 11))
}

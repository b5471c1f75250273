//! What every request passes: the bound on how many there are, the count of them, and the end of connections on a drain.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use actix_web::body::BoxBody;
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, ResponseError};
use prometheus_client::metrics::gauge::Gauge;

use super::state::State;
use crate::refusal::Refusal;

/// The paths by which operators look at the process. They are answered however much there is to do.
const OPERATIONS: [&str; 6] = [
    "/healthcheck",
    "/livez",
    "/readyz",
    "/metrics",
    "/v2/health/live",
    "/v2/health/ready",
];

/// Something that is counted for as long as it is there, even where it is given up.
struct Counted(Gauge);

impl Counted {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Counts the connections that are open.
pub(crate) fn count_connections(
    connections: &Gauge,
) -> impl Fn(&dyn Any, &mut Extensions) + Send + Sync + 'static {
    let connections = connections.clone();
    move |_, extensions| {
        // Dropped with the connection.
        extensions.insert(Arc::new(Counted::new(&connections)));
    }
}

/// Lets a request in, unless there are too many.
pub(super) async fn gate(
    state: Data<State>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    let began = now();
    let route = route_of(request.path());
    let metrics = &state.metrics;
    let _in_flight = Counted::new(&metrics.in_flight);
    let is_too_many = metrics.in_flight.get() > state.terms.limits.max_in_flight as i64;
    let mut response = if is_too_many && route != "operations" {
        metrics.overloads.inc();
        request.into_response(Refusal::overloaded().error_response())
    } else {
        next.call(request).await?
    };
    if state.draining.load(Ordering::Relaxed) {
        // The client is to connect anew, to another process, for its next request.
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
    metrics.answered(route, response.status().as_u16(), now() - began);
    Ok(response)
}

/// What requests are counted by: a few kinds of paths, so that no client can add to them.
fn route_of(path: &str) -> &'static str {
    match path {
        "/predict" => "predict",
        "/" | "/docs" | "/openapi.json" => "page",
        _ if OPERATIONS.contains(&path) => "operations",
        _ if path.starts_with("/v2") => "v2",
        _ => "other",
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the edge measures how long it takes"
)]
fn now() -> Instant {
    Instant::now()
}

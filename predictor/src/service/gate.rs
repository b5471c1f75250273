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
use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::http::header::AUTHORIZATION;
use actix_web::rt::net::TcpStream;
use trust::access::Ask;
use trust::role::Role;

/// The paths by which others see whether the process is well. Everybody may ask, and is answered however much there is to do.
const PROBES: [&str; 5] = [
    "/healthcheck",
    "/livez",
    "/readyz",
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

/// Who is at the other end of a connection: the role of its certificate.
#[derive(Clone, Copy)]
struct Peer(Option<Role>);

/// Counts the connections that are open, and notes who is at their other ends.
pub(crate) fn note_connections(
    connections: &Gauge,
) -> impl Fn(&dyn Any, &mut Extensions) + Send + Sync + 'static {
    let connections = connections.clone();
    move |connection, extensions| {
        // Dropped with the connection.
        extensions.insert(Arc::new(Counted::new(&connections)));
        let encrypted = connection.downcast_ref::<TlsStream<TcpStream>>();
        let certificates = encrypted.and_then(|stream| stream.get_ref().1.peer_certificates());
        let own = certificates.and_then(|certificates| certificates.first());
        extensions.insert(Peer(own.and_then(Role::of_certificate)));
    }
}

/// Whether the caller may ask for what is at the path.
fn check(state: &State, request: &ServiceRequest) -> Result<(), Refusal> {
    if PROBES.contains(&request.path()) {
        return Ok(());
    }
    let peer = request.conn_data::<Peer>();
    let header = request.headers().get(AUTHORIZATION);
    // A header that is no text is no token.
    let header = header.map(|header| header.to_str().unwrap_or_default());
    let caller = state.trust.judge(peer.and_then(|peer| peer.0), header);
    let checked = state.trust.policy().check(caller, Ask::Use);
    checked.map_err(|denied| Refusal::denied(&denied))
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
    let mut response = if let Err(denied) = check(&state, &request) {
        request.into_response(denied.error_response())
    } else if is_too_many && route != "operations" {
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
        "/metrics" => "operations",
        _ if PROBES.contains(&path) => "operations",
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

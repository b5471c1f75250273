//! Who may call what: looked at before anything else of a call.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::{Either, Ready, ready};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http::header::AUTHORIZATION;
use tonic::codegen::http::{Request, Response};
use tower::{Layer, Service};
use trust::Trust;
use trust::access::{Ask, Denied};
use trust::role::Role;

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Peer {
    /// The role of its certificate.
    pub(super) role: Option<Role>,
}

/// Lets those calls through whose callers may make them.
#[derive(Debug, Clone)]
pub(super) struct Guard(Arc<Trust>);

impl Guard {
    pub(super) fn new(trust: Trust) -> Self {
        Self(Arc::new(trust))
    }

    fn check<B>(&self, request: &Request<B>) -> Result<(), Status> {
        let Some(ask) = ask_of(request.uri().path()) else {
            return Ok(()); // nobody answers it
        };
        let peer = request.extensions().get::<Peer>();
        let header = request.headers().get(AUTHORIZATION);
        // A header that is no text is no token.
        let header = header.map(|header| header.to_str().unwrap_or_default());
        let caller = self.0.judge(peer.and_then(|peer| peer.role), header);
        self.0.policy().check(caller, ask).map_err(|denied| {
            let text = denied.to_string();
            match denied {
                Denied::WrongRole { .. } => Status::permission_denied(text),
                Denied::Unknown { .. } | Denied::BadToken => Status::unauthenticated(text),
            }
        })
    }
}

/// What a call asks for; `None` where it is none of ours.
fn ask_of(path: &str) -> Option<Ask> {
    let (service, method) = path.strip_prefix('/')?.split_once('/')?;
    match (service, method) {
        ("tickermill.cluster.v1.Sessions", _)
        | ("arrow.flight.protocol.FlightService", "DoPut" | "DoExchange") => Some(Ask::Work),
        ("tickermill.cluster.v1.Runs" | "arrow.flight.protocol.FlightService", _) => Some(Ask::Use),
        ("externalscaler.ExternalScaler", _) => Some(Ask::Scale),
        _ => None,
    }
}

impl<S> Layer<S> for Guard {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Guarded {
            guard: self.clone(),
            inner,
        }
    }
}

/// What is behind the guard.
#[derive(Debug, Clone)]
pub(super) struct Guarded<S> {
    guard: Guard,
    inner: S,
}

impl<S> Service<Request<Body>> for Guarded<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<S::Response, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self.guard.check(&request) {
            Ok(()) => Either::Left(self.inner.call(request)),
            Err(status) => Either::Right(ready(Ok(status.into_http()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow_flight::flight_service_server::FlightServiceServer;
    use proto::wire::runs_server::SERVICE_NAME as RUNS;
    use proto::wire::scaler::external_scaler_server::SERVICE_NAME as SCALER;
    use proto::wire::sessions_server::SERVICE_NAME as SESSIONS;
    use tonic::server::NamedService;
    use trust::access::Ask;

    use super::ask_of;
    use crate::service::flight::Flight;

    const FLIGHT: &str = FlightServiceServer::<Flight>::NAME;

    #[test]
    fn every_service_is_guarded_and_deliveries_and_panels_are_for_workers() {
        assert_eq!(ask_of(&format!("/{SESSIONS}/Open")), Some(Ask::Work));
        for method in ["DoPut", "DoExchange"] {
            assert_eq!(ask_of(&format!("/{FLIGHT}/{method}")), Some(Ask::Work));
        }
        for method in [
            "DoGet",
            "ListFlights",
            "GetFlightInfo",
            "GetSchema",
            "DoAction",
        ] {
            assert_eq!(ask_of(&format!("/{FLIGHT}/{method}")), Some(Ask::Use));
        }
        assert_eq!(ask_of(&format!("/{RUNS}/Submit")), Some(Ask::Use));
        assert_eq!(ask_of(&format!("/{SCALER}/IsActive")), Some(Ask::Scale));
        assert_eq!(ask_of("/"), None);
    }
}

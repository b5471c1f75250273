//! Dialling a coordinator.

use std::time::Duration;

use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::transport::{ClientTlsConfig, Endpoint, Identity};
use tonic::{Request, Status};
use trust::Trust;
use trust::role::Role;

/// A coordinator that does not take a connection for so long is not there.
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
/// A connection over which nothing comes for so long is probed, so that a coordinator whose machine is gone is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// An address cannot be dialled.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// It is none.
    #[error("`{0}` is not an address of a coordinator: use http://HOST:PORT, or https://HOST:PORT")]
    Bad(String),
    /// Nobody is trusted to be there.
    #[error("`{0}` is encrypted: say with tls.ca whose certificates are trusted")]
    NobodyTrusted(String),
    /// What is secret would be sent for all to read.
    #[error(
        "`{0}` is not encrypted, though credentials are configured: use https://, or leave tls.ca and auth.tokens out"
    )]
    NotEncrypted(String),
}

/// Where a coordinator is, and how it is dialled. Nothing is connected yet.
///
/// Who is there has to prove that it is a coordinator. `https` goes with credentials, `http` with none; a token is sent over `http` to loopback alone.
pub fn endpoint(url: &str, trust: &Trust) -> Result<Endpoint, AddressError> {
    let bad = || AddressError::Bad(url.to_owned());
    let endpoint = Endpoint::from_shared(url.to_owned()).map_err(|_| bad())?;
    let host = endpoint.uri().host().ok_or_else(bad)?.to_owned();
    let endpoint = endpoint
        .connect_timeout(CONNECT_DEADLINE)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_while_idle(true);
    match (endpoint.uri().scheme_str(), &trust.credentials) {
        (Some("http"), None) if trust.tokens.is_none() || is_loopback(&host) => Ok(endpoint),
        (Some("http"), _) => Err(AddressError::NotEncrypted(url.to_owned())),
        (Some("https"), None) => Err(AddressError::NobodyTrusted(url.to_owned())),
        (Some("https"), Some(credentials)) => {
            let mut config = ClientTlsConfig::new();
            if let Some((certificate, key)) = credentials.own_pem() {
                config = config.identity(Identity::from_pem(certificate, key));
            }
            let verifier = credentials.verifier_of(Role::Coordinator);
            let encrypted = endpoint.tls_config_with_verifier(config, verifier);
            encrypted.map_err(|_| bad())
        }
        _ => Err(bad()),
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Sends a token with every call, where there is one.
#[derive(Debug, Clone, Default)]
pub struct Authorize(Option<MetadataValue<Ascii>>);

impl Authorize {
    /// With the token that a process with this trust sends.
    pub fn with(trust: &Trust) -> Self {
        let header = trust.tokens.as_ref().map(trust::tokens::Tokens::header);
        Self(header.map(|header| {
            let mut header: MetadataValue<Ascii> =
                header.parse().expect("tokens are visible ASCII");
            header.set_sensitive(true);
            header
        }))
    }
}

impl Interceptor for Authorize {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(header) = &self.0 {
            request
                .metadata_mut()
                .insert("authorization", header.clone());
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use trust::Trust;

    use super::{AddressError, endpoint};

    #[test]
    fn an_address_has_a_scheme_and_a_host() {
        let open = Trust::default();
        assert!(endpoint("http://127.0.0.1:7070", &open).is_ok());
        for bad in [
            "",
            "127.0.0.1:7070",
            "ftp://host:1",
            "http://",
            "/tmp/x",
            "a b",
        ] {
            let error = endpoint(bad, &open).unwrap_err();
            assert!(matches!(error, AddressError::Bad(_)), "{bad}");
        }
        let error = endpoint("https://host:1", &open).unwrap_err();
        assert!(matches!(error, AddressError::NobodyTrusted(_)));
    }

    #[test]
    fn a_token_is_sent_in_the_clear_to_loopback_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        std::fs::write(&path, "0123456789abcdef").unwrap();
        let trust = Trust {
            credentials: None,
            tokens: Some(trust::tokens::Tokens::load(&path).unwrap()),
        };
        for near in ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1"] {
            assert!(endpoint(near, &trust).is_ok(), "{near}");
        }
        let error = endpoint("http://10.0.0.1:1", &trust).unwrap_err();
        assert!(matches!(error, AddressError::NotEncrypted(_)));
    }
}

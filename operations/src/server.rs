//! The listener.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use actix_web::{App, HttpServer};
use rustls::ServerConfig;

use crate::Operated;
use crate::page::routes;

/// Probes and scrapers, and some who should not be there.
const MAX_CONNECTIONS: usize = 256;
/// How long a request's head may take to come.
const REQUEST_TIME: Duration = Duration::from_secs(5);
/// How long a connection may stay open between two requests: short, so that idle ones do not keep probes out.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// The port cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} for operators: {source}: choose another with --metrics")]
pub struct BindError {
    address: SocketAddr,
    source: io::Error,
}

/// A port on which operators ask.
#[derive(Debug)]
pub struct OperationsServer {
    listener: TcpListener,
    address: SocketAddr,
}

impl OperationsServer {
    /// Takes the port; port 0 for any that is free. Connections wait until [`OperationsServer::serve`].
    pub fn bind(address: SocketAddr) -> Result<Self, BindError> {
        let bound = || -> io::Result<Self> {
            let listener = TcpListener::bind(address)?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        };
        bound().map_err(|source| BindError { address, source })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers for a process, encrypted where that is given, on a thread of its own, for as long as the process is there.
    ///
    /// `/livez` answers 200; `/readyz` 200, or 503 with the reason; `/metrics` the numbers. All are JSON but the last.
    /// Nothing here waits for the work of the process, so it answers however much there is to do.
    pub async fn serve(
        self,
        operated: Arc<dyn Operated>,
        encryption: Option<ServerConfig>,
    ) -> io::Result<()> {
        let asked = Data::new(operated);
        let server = HttpServer::new(move || App::new().app_data(asked.clone()).configure(routes))
            .workers(1)
            .max_connections(MAX_CONNECTIONS)
            .client_request_timeout(REQUEST_TIME)
            .keep_alive(KEEP_ALIVE)
            .disable_signals();
        let server = match encryption {
            Some(config) => server.listen_rustls_0_23(self.listener, config)?,
            None => server.listen(self.listener)?,
        };
        server.run().await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::OperationsServer;
    use crate::Operated;

    struct Process(AtomicBool);

    impl Operated for Process {
        fn unready(&self) -> Option<String> {
            let ready = self.0.load(Ordering::Relaxed);
            (!ready).then(|| "it has just begun".to_owned())
        }

        fn metrics(&self) -> String {
            "# EOF\n".to_owned()
        }
    }

    async fn ask(address: std::net::SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_process_is_live_at_once_and_ready_when_it_says_so() {
        let server = OperationsServer::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = server.address();
        let process = Arc::new(Process(AtomicBool::new(false)));
        tokio::spawn(server.serve(process.clone(), None));
        let live = ask(address, "/livez").await;
        assert!(live.starts_with("HTTP/1.1 200 "), "{live}");
        let unready = ask(address, "/readyz").await;
        assert!(unready.starts_with("HTTP/1.1 503 "), "{unready}");
        assert!(unready.contains("retry-after: 1\r\n"), "{unready}");
        assert!(unready.ends_with(r#"{"ready":false,"reason":"it has just begun"}"#));
        process.0.store(true, Ordering::Relaxed);
        let ready = ask(address, "/readyz").await;
        assert!(ready.starts_with("HTTP/1.1 200 "), "{ready}");
        let metrics = ask(address, "/metrics").await;
        assert!(metrics.contains("content-type: application/openmetrics-text"));
        assert!(metrics.ends_with("\r\n\r\n# EOF\n"), "{metrics}");
        assert!(ask(address, "/").await.starts_with("HTTP/1.1 404 "));
    }

    #[test]
    fn a_port_that_is_taken_is_named() {
        let server = OperationsServer::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let error = OperationsServer::bind(server.address()).unwrap_err();
        assert!(error.to_string().contains(&server.address().to_string()));
    }
}

//! The listener: threads that answer, and their end.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use tokio::sync::watch;

use super::gate::{gate, note_connections};
use super::routes::routes;
use super::state::State;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 4_096;

/// How long a client may take to close a connection that has ended.
const CLOSING_TIME: Duration = Duration::from_secs(1);

/// How long a drain waits for clients to send their next request and be told to connect elsewhere: at least so long that
/// connections that are not accepted yet are, and at most so long.
const PARTING: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(1);

/// How often a drain looks whether all connections have ended.
const LOOKS: Duration = Duration::from_millis(10);

/// Answers until `stopped` is true, and then until what is in hand is answered.
pub(crate) async fn serve(
    listener: TcpListener,
    state: Arc<State>,
    mut stopped: watch::Receiver<bool>,
) -> io::Result<()> {
    let terms = state.terms.clone();
    let door = listener.try_clone()?;
    let data = Data::from(Arc::clone(&state));
    let app = move || {
        App::new()
            .app_data(data.clone())
            .wrap(from_fn(gate))
            .configure(routes)
    };
    let server = HttpServer::new(app)
        .workers(terms.threads)
        .backlog(BACKLOG)
        .max_connections(terms.limits.max_connections.div_ceil(terms.threads))
        .keep_alive(terms.limits.keep_alive)
        .client_request_timeout(terms.limits.request_time)
        .client_disconnect_timeout(CLOSING_TIME)
        .on_connect(note_connections(&state.metrics.connections))
        .shutdown_timeout(terms.drain.as_secs().max(1))
        .disable_signals();
    let credentials = state.trust.credentials.as_ref();
    let encryption = credentials.and_then(|credentials| credentials.server(&["http/1.1"]));
    let server = match encryption {
        Some(config) => server.listen_rustls_0_23(listener, config)?,
        None => server.listen(listener)?,
    };
    let server = server.run();
    let handle = server.handle();
    let answering = tokio::spawn(server);
    // An error says that nobody is left who could ask for a stop.
    if stopped.wait_for(|stopped| *stopped).await.is_ok() {
        part_from_clients(&state, door).await;
        handle.stop(true).await;
    }
    answering.await.map_err(io::Error::other)?
}

/// Lets nobody in, and waits for those who are in to go. A connection that is closed while its client sends a request, or
/// before it was accepted, would be a failure to the client; one that was refused can be made to another process.
async fn part_from_clients(state: &State, door: TcpListener) {
    state.draining.store(true, Ordering::Relaxed);
    shut(door);
    let mut waited = Duration::ZERO;
    while waited < *PARTING.start()
        || (waited < *PARTING.end() && state.metrics.connections.get() > 0)
    {
        tokio::time::sleep(LOOKS).await;
        waited += LOOKS;
    }
}

/// Has the system drop what asks for a new connection, while connections that are being made are completed: the client
/// asks again, and is refused once the socket is closed.
#[cfg(target_os = "linux")]
fn shut(door: TcpListener) {
    use socket2::{SockFilter, Socket};
    // Classic BPF, see Documentation/networking/filter.rst of the kernel: a packet whose TCP flags have SYN is dropped.
    const LOAD_BYTE: u16 = 0x30;
    const JUMP_IF_ANY_BIT: u16 = 0x45;
    const RETURN: u16 = 0x06;
    const TCP_FLAGS: u32 = 13;
    const SYN: u32 = 0x02;
    const WHOLE: u32 = u32::MAX;
    let drop_new = [
        SockFilter::new(LOAD_BYTE, 0, 0, TCP_FLAGS),
        SockFilter::new(JUMP_IF_ANY_BIT, 0, 1, SYN),
        SockFilter::new(RETURN, 0, 0, 0),
        SockFilter::new(RETURN, 0, 0, WHOLE),
    ];
    if let Err(error) = Socket::from(door).attach_filter(&drop_new) {
        tracing::warn!("connections that are being made may be reset: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
fn shut(_door: TcpListener) {}

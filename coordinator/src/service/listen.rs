//! The listening side: connections in, each with its limits.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use arrow_flight::flight_service_server::FlightServiceServer;
use market::store::Store;
use proto::session::{MAX_FLIGHT_MESSAGE, MAX_SESSION_MESSAGE};
use proto::wire::runs_server::RunsServer;
use proto::wire::scaler::external_scaler_server::ExternalScalerServer;
use proto::wire::sessions_server::SessionsServer;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use tonic::transport::Server;
use tonic::transport::server::Connected;
use trust::Trust;
use trust::role::Role;

use super::deliveries::Deliveries;
use super::flight::Flight;
use super::flight_read::FlightReads;
use super::guard::{Guard, Peer};
use super::panels::Panels;
use super::runs::RunsService;
use super::scaler::ScalerService;
use super::sessions::SessionsService;
use crate::actor::{Gone, MembersDesk, RunsDesk};
use crate::metrics::Metrics;
use crate::server::AllowedData;

/// What a client sends first over HTTP/2 (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long a connection may take to send it.
const PREFACE_DEADLINE: Duration = Duration::from_secs(5);
/// Connections that have not sent it. A client sends it at once, so when there are more the oldest go.
const MAX_UNPROVEN: usize = 256;
/// Connections that may wait for the server to take them.
const PROVEN_QUEUE: usize = 16;
/// The wait after a connection could not be taken, for want of file descriptors say.
const ACCEPT_AGAIN: Duration = Duration::from_millis(20);
/// The longest message of KEDA, in bytes: names and a trigger's metadata.
const MAX_SCALER_MESSAGE: usize = 64 << 10;
/// Calls and streams at a time on one connection.
const MAX_STREAMS: u32 = 64;
/// The longest headers, in bytes.
const MAX_HEADERS: u32 = 16 << 10;
/// A connection over which nothing comes for so long is probed.
const KEEP_ALIVE: Duration = Duration::from_mins(1);
/// A probed connection that does not answer in this time is closed.
const KEEP_ALIVE_DEADLINE: Duration = Duration::from_secs(20);

/// Everything that is served.
pub(crate) struct Services {
    sessions: SessionsService,
    runs: RunsService,
    flight: Flight,
    scaler: ScalerService,
}

impl Services {
    /// Answers by these desks, for the output `out` that is held under `epoch`.
    pub(crate) fn new(
        members: MembersDesk,
        runs: RunsDesk,
        out: Store,
        epoch: u64,
        lease: Duration,
        allowed: AllowedData,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            flight: Flight {
                deliveries: Deliveries::new(members.clone()),
                panels: Panels::new(members.clone(), Arc::clone(&metrics)),
                reads: FlightReads::new(out.clone()),
            },
            sessions: SessionsService { members, lease },
            scaler: ScalerService { metrics },
            runs: RunsService {
                epoch,
                out,
                runs,
                allowed,
            },
        }
    }
}

/// Where connections come in.
pub(crate) struct Door {
    pub(crate) listener: TcpListener,
    pub(crate) trust: Trust,
    /// Connections at a time.
    pub(crate) max_connections: usize,
}

/// Serves until the future is dropped. Connections are encrypted where the trust has a certificate for that.
pub(crate) async fn serve(door: Door, services: Services) -> Result<(), tonic::transport::Error> {
    let sessions = SessionsServer::new(services.sessions)
        .max_decoding_message_size(MAX_SESSION_MESSAGE)
        .max_encoding_message_size(MAX_SESSION_MESSAGE);
    let runs = RunsServer::new(services.runs)
        .max_decoding_message_size(MAX_SESSION_MESSAGE)
        .max_encoding_message_size(MAX_SESSION_MESSAGE);
    let flight = FlightServiceServer::new(services.flight)
        .max_decoding_message_size(MAX_FLIGHT_MESSAGE)
        .max_encoding_message_size(MAX_FLIGHT_MESSAGE);
    let scaler = ExternalScalerServer::new(services.scaler)
        .max_decoding_message_size(MAX_SCALER_MESSAGE)
        .max_encoding_message_size(MAX_SCALER_MESSAGE);
    let (proven, connections) = mpsc::channel(PROVEN_QUEUE);
    let guard = Guard::new(door.trust.clone());
    let accepting = accept(door, proven);
    let serving = Server::builder()
        .layer(guard)
        .max_concurrent_streams(MAX_STREAMS)
        .http2_max_header_list_size(MAX_HEADERS)
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE_DEADLINE))
        .add_service(sessions)
        .add_service(runs)
        .add_service(flight)
        .add_service(scaler)
        .serve_with_incoming(ReceiverStream::new(connections));
    tokio::select! {
        served = serving => served,
        () = accepting => unreachable!("accepting goes on for as long as it is asked for"),
    }
}

/// Accepts connections. One is passed on when it has sent what an HTTP/2 client sends first; a flood of others neither takes
/// the places of these nor keeps them waiting.
async fn accept(door: Door, proven: mpsc::Sender<io::Result<Connection>>) {
    let Door {
        listener,
        trust,
        max_connections,
    } = door;
    let config = trust.credentials.and_then(|own| own.server(&["h2"]));
    let encryption = config.map(|config| TlsAcceptor::from(Arc::new(config)));
    let places = Arc::new(Semaphore::new(max_connections));
    let mut unproven: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!("cannot take a connection: {error}");
                sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        while unproven.front().is_some_and(AbortHandle::is_finished)
            || unproven.len() >= MAX_UNPROVEN
        {
            if let Some(oldest) = unproven.pop_front() {
                oldest.abort();
            }
        }
        let (places, proven) = (Arc::clone(&places), proven.clone());
        let encryption = encryption.clone();
        let proving = tokio::spawn(async move {
            // It is small messages that wait for each other here.
            let _ = stream.set_nodelay(true);
            let opened = timeout(PREFACE_DEADLINE, open(stream, encryption)).await;
            let Ok(Some((stream, peer))) = opened else {
                return;
            };
            let Ok(place) = places.try_acquire_owned() else {
                tracing::warn!("{max_connections} connections are open: another one was closed");
                return;
            };
            let connection = Connection {
                stream,
                peer,
                _place: place,
            };
            let _ = proven.send(Ok(connection)).await;
        });
        unproven.push_back(proving.abort_handle());
    }
}

/// A connection whose other end has begun to speak as it should; `None` where it has not.
async fn open(stream: TcpStream, encryption: Option<TlsAcceptor>) -> Option<(Stream, Peer)> {
    let Some(encryption) = encryption else {
        let begins_well = sends_preface(&stream).await;
        return matches!(begins_well, Ok(true)).then(|| (Stream::Plain(stream), Peer::default()));
    };
    let stream = match encryption.accept(stream).await {
        Ok(stream) => stream,
        Err(error) => {
            tracing::debug!("a connection was not let in: {error}");
            return None;
        }
    };
    let certificates = stream.get_ref().1.peer_certificates();
    let own = certificates.and_then(|certificates| certificates.first());
    let role = own.and_then(Role::of_certificate);
    let mut stream = BufReader::new(stream);
    // Who says nothing after the handshake would else hold a place without end. The bytes stay to be read.
    let first = stream.fill_buf().await.ok()?;
    let begins_well = PREFACE.starts_with(first) || first.starts_with(PREFACE);
    let says_something = !first.is_empty();
    (begins_well && says_something).then(|| (Stream::Encrypted(Box::new(stream)), Peer { role }))
}

/// Whether the first bytes are those of an HTTP/2 client. They stay to be read.
async fn sends_preface(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0; PREFACE.len()];
    loop {
        let seen = stream.peek(&mut first).await?;
        if seen == 0 || !PREFACE.starts_with(&first[..seen]) {
            return Ok(false);
        }
        if seen == PREFACE.len() {
            return Ok(true);
        }
        // There is no waiting for more bytes than there are.
        sleep(ACCEPT_AGAIN).await;
    }
}

/// A connection, which holds its place until it is closed.
struct Connection {
    stream: Stream,
    peer: Peer,
    _place: OwnedSemaphorePermit,
}

/// What a connection is made of.
enum Stream {
    Plain(TcpStream),
    Encrypted(Box<BufReader<TlsStream<TcpStream>>>),
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer
    }
}

/// Calls a method of the stream, whichever it is.
macro_rules! of_stream {
    ($connection:expr, $stream:ident => $call:expr) => {
        match &mut $connection.stream {
            Stream::Plain($stream) => {
                let $stream = Pin::new($stream);
                $call
            }
            Stream::Encrypted($stream) => {
                let $stream = Pin::new($stream.as_mut());
                $call
            }
        }
    };
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        of_stream!(self, stream => stream.poll_read(context, buffer))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        of_stream!(self, stream => stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        of_stream!(self, stream => stream.poll_write_vectored(context, parts))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Encrypted(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        of_stream!(self, stream => stream.poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        of_stream!(self, stream => stream.poll_shutdown(context))
    }
}

/// An actor's answer; an actor is gone when the process is about to end.
pub(super) fn unless_gone<T>(answer: Result<T, Gone>) -> Result<T, Status> {
    answer.map_err(|gone| Status::unavailable(gone.to_string()))
}

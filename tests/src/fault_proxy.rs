//! A proxy before an HTTP server that does to requests what networks and servers do: refuses, loses, stalls and cuts.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// A stall that nobody ends is ended after this long; then it is no stall, and not counted.
const LONGEST_STALL: Duration = Duration::from_mins(1);

/// What is done to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Status 503, and the server hears nothing of it.
    Unavailable,
    /// Status 409 to a conditional write, and the server hears nothing of it.
    Conflict,
    /// The server carries it out, and the connection ends without a reply.
    LostReply,
    /// Nothing happens until the client hangs up; the server hears nothing of it.
    Stall,
    /// The server carries it out, and the connection ends amid the body of the reply.
    CutBody,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Unavailable,
        Self::Conflict,
        Self::LostReply,
        Self::Stall,
        Self::CutBody,
    ];
}

/// How often each fault is to happen, in thousandths of the requests that it can happen to.
#[derive(Debug, Clone, Copy)]
pub struct Faults {
    /// Decides which requests have faults: the same request, told by its method, target and how often it came before, has the
    /// same fault under the same seed.
    pub seed: u64,
    /// Of [`Fault::Unavailable`].
    pub unavailable: u64,
    /// Of [`Fault::Conflict`].
    pub conflict: u64,
    /// Of [`Fault::LostReply`].
    pub lost_reply: u64,
    /// Of [`Fault::Stall`].
    pub stall: u64,
    /// Of [`Fault::CutBody`].
    pub cut_body: u64,
}

impl Faults {
    /// None at all.
    pub const NONE: Self = Self {
        seed: 0,
        unavailable: 0,
        conflict: 0,
        lost_reply: 0,
        stall: 0,
        cut_body: 0,
    };

    /// The fault of a request that came so often before.
    fn of(&self, method: &str, target: &str, before: u64) -> Option<Fault> {
        let request = format!("{} {method} {target} {before}", self.seed);
        let hash = blake3::hash(request.as_bytes());
        let first = hash.as_bytes()[..8].try_into().expect("a hash is longer");
        let mut drawn = u64::from_le_bytes(first) % 1000;
        for fault in Fault::ALL {
            let thousandths = match fault {
                Fault::Unavailable => self.unavailable,
                Fault::Conflict => self.conflict,
                Fault::LostReply => self.lost_reply,
                Fault::Stall => self.stall,
                Fault::CutBody => self.cut_body,
            };
            if drawn < thousandths {
                return Some(fault);
            }
            drawn -= thousandths;
        }
        None
    }
}

/// What has passed.
#[derive(Debug, Default)]
struct Passed {
    /// How often each method and target came.
    requests: Mutex<HashMap<(String, String), u64>>,
    faults: [AtomicUsize; Fault::ALL.len()],
}

impl Passed {
    fn count(&self, fault: Fault) {
        self.faults[fault as usize].fetch_add(1, Ordering::Relaxed);
    }
}

/// A running proxy, ended when dropped.
pub struct FaultProxy {
    address: SocketAddr,
    passed: Arc<Passed>,
    runtime: Option<Runtime>,
}

impl FaultProxy {
    /// Starts a proxy before a server.
    pub fn start(server: SocketAddr, faults: Faults) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a thread can be started");
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let passed = Arc::new(Passed::default());
        let shared = Arc::clone(&passed);
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let passed = Arc::clone(&shared);
                tokio::spawn(async move {
                    // A client or server that hangs up ends the connection, as it would without a proxy.
                    let _ = serve(client, server, faults, &passed).await;
                });
            }
        });
        Self {
            address,
            passed,
            runtime: Some(runtime),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How often a fault happened.
    pub fn count(&self, fault: Fault) -> usize {
        self.passed.faults[fault as usize].load(Ordering::Relaxed)
    }

    /// How many requests came of a method, to targets that contain `part`.
    pub fn requests(&self, method: &str, part: &str) -> u64 {
        let requests = self.passed.requests.lock().expect("no thread panicked");
        let matching = requests
            .iter()
            .filter(|((its, target), _)| its == method && target.contains(part));
        matching.map(|(_, count)| count).sum()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Serves the one request of a connection.
async fn serve(
    mut client: TcpStream,
    server: SocketAddr,
    faults: Faults,
    passed: &Passed,
) -> std::io::Result<()> {
    let Some(request) = read_request(&mut client).await? else {
        return Ok(());
    };
    let head = String::from_utf8_lossy(&request[..end_of_head(&request).unwrap_or_default()]);
    let mut words = head.split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default().to_owned();
    let conditional = header(&head, "if-none-match").is_some();
    let before = {
        let mut requests = passed.requests.lock().expect("no thread panicked");
        let count = requests
            .entry((method.clone(), target.clone()))
            .or_default();
        *count += 1;
        *count - 1
    };
    let fault = faults.of(&method, &target, before);
    match fault {
        Some(fault @ Fault::Unavailable) => {
            passed.count(fault);
            return refuse(&mut client, "503 Slow Down").await;
        }
        Some(fault @ Fault::Conflict) if conditional => {
            passed.count(fault);
            return refuse(&mut client, "409 Conflict").await;
        }
        Some(fault @ Fault::Stall) => {
            let mut nothing = [0; 1];
            let hung_up = client.read(&mut nothing);
            if tokio::time::timeout(LONGEST_STALL, hung_up).await.is_ok() {
                passed.count(fault);
            }
            return Ok(());
        }
        _ => {}
    }
    let reply = forward(server, &request).await?;
    if fault == Some(Fault::LostReply) {
        passed.count(Fault::LostReply);
        return Ok(());
    }
    let body = end_of_head(&reply).unwrap_or(reply.len());
    if fault == Some(Fault::CutBody) && body < reply.len() {
        passed.count(Fault::CutBody);
        let half = usize::midpoint(body, reply.len());
        return client.write_all(&reply[..half]).await;
    }
    client.write_all(&reply).await
}

async fn refuse(client: &mut TcpStream, status: &str) -> std::io::Result<()> {
    let reply = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    client.write_all(reply.as_bytes()).await
}

/// A request with its body; `None` where the client hung up.
async fn read_request(client: &mut TcpStream) -> std::io::Result<Option<Vec<u8>>> {
    let mut request = Vec::new();
    loop {
        if let Some(end) = end_of_head(&request) {
            let head = String::from_utf8_lossy(&request[..end]);
            assert!(
                header(&head, "transfer-encoding").is_none(),
                "bodies have lengths"
            );
            let length = header(&head, "content-length").map_or(0, |length| {
                length.parse().expect("the length of a body is a number")
            });
            if request.len() >= end + length {
                return Ok(Some(request));
            }
        }
        if client.read_buf(&mut request).await? == 0 {
            return Ok(None);
        }
    }
}

/// Has the server carry a request out; returns its reply.
async fn forward(server: SocketAddr, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let line = request.iter().position(|byte| *byte == b'\n');
    let line = line.expect("a request has a line") + 1;
    let mut stream = TcpStream::connect(server).await?;
    stream.write_all(&request[..line]).await?;
    stream.write_all(b"Connection: close\r\n").await?;
    stream.write_all(&request[line..]).await?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await?;
    Ok(reply)
}

/// Where the head of a message ends and its body begins.
pub(crate) fn end_of_head(message: &[u8]) -> Option<usize> {
    let end = message.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    Some(end + 4)
}

/// The status of a reply.
pub(crate) fn status(reply: &[u8]) -> Option<u16> {
    let line = reply.split(|byte| *byte == b'\r').next()?;
    std::str::from_utf8(line)
        .ok()?
        .split(' ')
        .nth(1)?
        .parse()
        .ok()
}

/// A header's value.
fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

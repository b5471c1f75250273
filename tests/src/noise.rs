//! Random bytes for a port, and connections that say nothing.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Noise on a port, until it is dropped or ended.
pub struct Noise {
    is_over: Arc<AtomicBool>,
    maker: Option<JoinHandle<u64>>,
}

impl Noise {
    /// Begins to connect again and again and to send random bytes, which follow from the seed.
    pub fn at(port: SocketAddr, seed: u64) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let maker = thread::spawn(move || {
            let mut random = seed;
            let mut connections = 0;
            while !over.load(Ordering::Relaxed) {
                // The system may have no connection to spare just now; there will be others.
                if let Ok(mut stream) = TcpStream::connect_timeout(&port, Duration::from_secs(1)) {
                    connections += 1;
                    let bytes = random_bytes(&mut random);
                    // Closed before everything is sent is as good an answer as any.
                    let _ = stream.write_all(&bytes);
                }
            }
            connections
        });
        Self {
            is_over,
            maker: Some(maker),
        }
    }

    /// Ends the noise, and returns how many connections it made.
    pub fn end(mut self) -> u64 {
        self.is_over.store(true, Ordering::Relaxed);
        let maker = self.maker.take().expect("it is ended once");
        maker.join().expect("noise does not panic")
    }
}

impl Drop for Noise {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

/// Some bytes, every other time behind the words that begin HTTP/2, so that they get further.
fn random_bytes(random: &mut u64) -> Vec<u8> {
    let length = next(random) % 4096;
    let mut bytes = Vec::new();
    if next(random).is_multiple_of(2) {
        bytes.extend(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    }
    bytes.extend((0..length).map(|_| (next(random) >> 32) as u8));
    bytes
}

/// The next number of splitmix64.
fn next(random: &mut u64) -> u64 {
    *random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut number = *random;
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// Opens so many connections and says nothing on them. Returns those that were made.
pub fn half_open(port: SocketAddr, connections: usize) -> Vec<TcpStream> {
    let connect = |_| TcpStream::connect_timeout(&port, Duration::from_millis(500)).ok();
    (0..connections).filter_map(connect).collect()
}

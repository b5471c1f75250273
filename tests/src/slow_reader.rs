//! A Flight reader that takes its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use arrow_flight::Ticket;
use arrow_flight::flight_service_client::FlightServiceClient;
use tonic::transport::Endpoint;

/// The reader. It leaves when it is dropped.
pub struct SlowReader {
    is_over: Arc<AtomicBool>,
    taken: Arc<AtomicU64>,
    reader: Option<JoinHandle<()>>,
}

impl SlowReader {
    /// Begins to read what a ticket names, at most so many bytes a second.
    pub fn start(address: &str, ticket: &str, bytes_per_second: u64) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let taken = Arc::new(AtomicU64::new(0));
        let (over, count) = (Arc::clone(&is_over), Arc::clone(&taken));
        let endpoint = Endpoint::from_shared(address.to_owned()).expect("an address");
        let ticket = Ticket::new(ticket.to_owned());
        let read = async move {
            let mut client = FlightServiceClient::new(endpoint.connect().await?)
                .max_decoding_message_size(32 << 20);
            let mut messages = client.do_get(ticket).await?.into_inner();
            while !over.load(Ordering::Relaxed) {
                let Some(message) = messages.message().await? else {
                    break;
                };
                let bytes = (message.data_header.len() + message.data_body.len()) as u64;
                count.fetch_add(bytes, Ordering::Relaxed);
                // The pace of the reader is what is tested; nothing is waited for.
                tokio::time::sleep(Duration::from_secs(bytes) / bytes_per_second as u32).await;
            }
            Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
        };
        let reader = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("the system has threads");
            runtime
                .block_on(read)
                .unwrap_or_else(|error| panic!("a reader was turned away: {error}"));
        });
        Self {
            is_over,
            taken,
            reader: Some(reader),
        }
    }

    /// Leaves, and returns how many bytes it took. Panics where it was turned away before.
    pub fn end(mut self) -> u64 {
        self.is_over.store(true, Ordering::Relaxed);
        let reader = self.reader.take().expect("it is ended once");
        reader.join().expect("the reader was served");
        self.taken.load(Ordering::Relaxed)
    }
}

impl Drop for SlowReader {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

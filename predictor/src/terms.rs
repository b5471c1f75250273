//! What a predictor is told.

use std::net::SocketAddr;
use std::time::Duration;

/// On which terms a predictor serves.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Where it listens; port 0 for any that is free.
    pub listen: SocketAddr,
    /// Threads that answer.
    pub threads: usize,
    /// The model that `/predict` answers with where a request names none; `None` for the only one, or the first by name.
    pub default_model: Option<String>,
    /// How often the store is looked at for other versions.
    pub reload_every: Duration,
    /// Whether rows that wait at the same moment are predicted together.
    pub batching: bool,
    /// Bytes of tickers' features that are kept in memory.
    pub cache_bytes: u64,
    /// How long a process that is told to stop goes on with what it has in hand.
    pub drain: Duration,
    /// What one request may cost, and all together.
    pub limits: Limits,
}

/// What one request may cost, and all together.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a body.
    pub max_body_bytes: usize,
    /// Bytes of all bodies that are in memory.
    pub max_bodies_bytes: usize,
    /// Rows of a request.
    pub max_rows: usize,
    /// How long a client may take to send a request.
    pub request_time: Duration,
    /// How long a connection may be idle.
    pub keep_alive: Duration,
    /// Connections at a time; further ones wait to be accepted.
    pub max_connections: usize,
    /// Requests at a time; further ones are refused.
    pub max_in_flight: usize,
    /// Pieces of work for kernel threads that may wait or go on at a time; further ones are refused.
    pub max_kernel_work: usize,
}

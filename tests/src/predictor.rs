//! A predictor beside the test.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use crate::daemon::Daemon;
use crate::http::Http;
use crate::journal::{DEADLINE, Journal};
use crate::tickermill;

/// A running predictor, killed when dropped.
pub struct Predictor {
    /// Its process.
    pub daemon: Daemon,
    /// What it says.
    pub journal: Journal,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Predictor {
    /// Starts a predictor of the output `out` in `folder`, with variables such as `PREDICTOR__MAX_ROWS`, and waits until it
    /// listens, on a port that is free.
    pub fn start(folder: &Path, variables: &[(&str, &str)]) -> Self {
        let arguments = "--models out --listen 127.0.0.1:0";
        Self::start_with(folder, arguments, variables, &Journal::default())
    }

    /// The same with its arguments.
    pub fn start_with(
        folder: &Path,
        arguments: &str,
        variables: &[(&str, &str)],
        journal: &Journal,
    ) -> Self {
        let mut command = tickermill::command(folder, &format!("predictor {arguments}"));
        for (name, value) in variables {
            command.env(format!("TICKERMILL__{name}"), value);
        }
        let daemon = Daemon::start("predictor", &mut command, journal);
        let line = daemon.wait_for("predictor listens on http://");
        let (_, address) = line.split_once("http://").expect("it is in the line");
        let address = address.split(' ').next().expect("an address comes first");
        let address = address.parse().expect("it is an address");
        Self {
            daemon,
            journal: journal.clone(),
            address,
        }
    }

    /// A client of it.
    pub fn client(&self) -> Http {
        Http::of(self.address)
    }

    /// Asks until the predictor is as it is waited for; panics where that takes longer than anything may.
    #[track_caller]
    #[expect(clippy::disallowed_methods, reason = "a wait has an end")]
    pub fn wait_until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let asked_since = Instant::now();
        while !is_so(self) {
            assert!(asked_since.elapsed() < DEADLINE, "{what}: {}", self.journal);
        }
    }

    /// A whole number that `/metrics` tells; 0 where it is not told.
    #[track_caller]
    pub fn metric(&self, name: &str) -> u64 {
        let metrics = self.client().get("/metrics");
        let mut lines = metrics.text().lines();
        let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0, |number| number.parse().expect("a number"))
    }
}

//! How long a run waits for what may not come.

use std::time::Duration;

/// How long a run waits for what may not come.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a worker, where there is none.
    pub no_workers: Duration,
    /// For an attempt that takes longer than others, before its shard is copied to an idle worker.
    pub straggler: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            no_workers: Duration::from_mins(1),
            straggler: Duration::from_secs(1),
        }
    }
}

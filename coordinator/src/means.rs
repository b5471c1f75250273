//! What a run works with.

use std::sync::Arc;

use market::store::Store;
use proto::event::Observer;
use proto::link::Roster;
use rayon::ThreadPool;
use tokio::sync::watch;

use crate::dispatch::Patience;

/// What a run works with.
#[derive(Clone)]
pub struct Means {
    /// Where the price files lie.
    pub data: Store,
    /// Where everything is written.
    pub out: Store,
    /// The workers, as they come and go.
    pub workers: watch::Receiver<Roster>,
    /// How long to wait for those that do not come.
    pub patience: Patience,
    /// The threads for sampling and training.
    pub pool: Arc<ThreadPool>,
    /// Who watches.
    pub observer: Arc<dyn Observer>,
    /// Changes when a person wants the run to stop.
    pub stop: watch::Receiver<Stop>,
}

/// Whether a person wants a run to stop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stop {
    /// It goes on.
    #[default]
    No,
    /// It stops where it is, and can be resumed.
    Interrupt,
    /// It ends for good.
    Cancel,
}

//! The tickers that a shard's attempt has in hand.

use std::sync::{Arc, Mutex, PoisonError};

use market::symbol::Symbol;
use tokio::sync::watch;

/// The tickers in hand of one attempt, for whoever tells the coordinator.
#[derive(Clone)]
pub(crate) struct Computing {
    symbols: Arc<Mutex<Vec<Symbol>>>,
    /// Counts the heartbeats that were answered; `None` where nobody has to be told.
    heard: Option<watch::Receiver<u64>>,
}

impl Computing {
    /// For a worker in the coordinator's own process, which has nobody to tell.
    pub(crate) fn untold() -> Self {
        Self {
            symbols: Arc::default(),
            heard: None,
        }
    }

    /// For an attempt whose tickers heartbeats name; `heard` counts those that were answered.
    pub(crate) fn told(heard: watch::Receiver<u64>) -> Self {
        Self {
            symbols: Arc::default(),
            heard: Some(heard),
        }
    }

    /// A ticker is in hand until the returned value is dropped.
    pub(crate) fn begin(&self, symbol: &Symbol) -> InHand {
        self.lock().push(symbol.clone());
        InHand {
            computing: self.clone(),
            symbol: symbol.clone(),
        }
    }

    /// The tickers in hand.
    pub(crate) fn symbols(&self) -> Vec<Symbol> {
        self.lock().clone()
    }

    /// Returns once the coordinator has heard of the tickers that are in hand now: a heartbeat may be on its way that does
    /// not name them, so it is the second answer that counts.
    pub(crate) async fn announced(&self) {
        let Some(mut heard) = self.heard.clone() else {
            return;
        };
        let wanted = *heard.borrow() + 2;
        // A session that has ended drops this future.
        let _ = heard.wait_for(|heard| *heard >= wanted).await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Symbol>> {
        self.symbols.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A ticker that is in hand until this is dropped.
pub(crate) struct InHand {
    computing: Computing,
    symbol: Symbol,
}

impl Drop for InHand {
    fn drop(&mut self) {
        let mut symbols = self.computing.lock();
        if let Some(place) = symbols.iter().position(|symbol| *symbol == self.symbol) {
            symbols.swap_remove(place);
        }
    }
}

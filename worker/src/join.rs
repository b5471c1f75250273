//! Joining a coordinator, and joining it again whenever the session ends.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use market::store::OpenStoreError;
use proto::dial::{AddressError, endpoint};
use rayon::ThreadPool;
use tokio::sync::watch;
use trust::Trust;

use crate::metrics::Metrics;
use crate::panels::Panels;
use crate::session::{Ended, Session};

/// The wait before the coordinator is dialled again, the first time and at most. It doubles, with jitter, so that many
/// workers do not come at once.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How a worker joins.
#[derive(Debug, Clone)]
pub struct Joining {
    /// The coordinator: `http://HOST:PORT`, or `https://HOST:PORT`.
    pub coordinator: String,
    /// What the worker proves itself with, and whom it trusts.
    pub trust: Trust,
    /// The worker's name, for people.
    pub name: String,
    /// How many shards it computes at a time.
    pub slots: u32,
    /// How long a worker that is told to stop goes on with what it has in hand before it gives it back.
    pub drain: Duration,
}

/// Why a worker gave up: dialling again would not help.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The address cannot be dialled.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The coordinator does not want it.
    #[error("{coordinator} refused this worker: {reason}")]
    Refused {
        /// The coordinator.
        coordinator: String,
        /// Why.
        reason: String,
    },
    /// The output cannot be opened here.
    #[error(
        "cannot use the coordinator's output: {0}: every worker needs it under the same path or URL"
    )]
    NoOutput(#[from] OpenStoreError),
    /// What is there is another store.
    #[error(
        "{out} is not the coordinator's output here, for its claim is not in it: every worker needs the same store under the same path or URL"
    )]
    OtherOutput {
        /// The store.
        out: String,
    },
}

impl JoinError {
    /// Whether the command cannot be meant as it was given.
    pub fn is_bad_usage(&self) -> bool {
        matches!(self, Self::Address(_))
    }
}

/// Computes shards for a coordinator until `drain` turns true. What is in hand then is finished or given back.
///
/// The coordinator is dialled, and again whenever the session ends; what was in hand is given up then, for the coordinator
/// gives it to another. Kernels run on `pool`, and operators are told on `metrics`. An error means that dialling again would
/// not help.
pub async fn work(
    joining: &Joining,
    pool: &Arc<ThreadPool>,
    metrics: &Arc<Metrics>,
    mut drain: watch::Receiver<bool>,
) -> Result<(), JoinError> {
    let endpoint = endpoint(&joining.coordinator, &joining.trust)?;
    let panels = Arc::new(Panels::default());
    let mut waits = waits();
    let mut silent = false;
    while !*drain.borrow() {
        let session = Session {
            endpoint: &endpoint,
            joining,
            pool,
            metrics,
            panels: &panels,
        };
        let lost = match session.serve(drain.clone()).await? {
            Ended::Drained => return Ok(()),
            Ended::NotThere(why) => why,
            Ended::Lost(why) => {
                waits = self::waits();
                silent = false;
                why
            }
        };
        let wait = waits.next().unwrap_or(LONGEST_WAIT);
        if !silent {
            tracing::warn!(
                "no session with {}: {lost}: dialling until there is one",
                joining.coordinator
            );
            silent = true;
        }
        panels.look(false);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            Ok(_) = drain.wait_for(|drain| *drain) => {}
        }
    }
    Ok(())
}

fn waits() -> impl Iterator<Item = Duration> + use<> {
    ExponentialBuilder::default()
        .with_min_delay(FIRST_WAIT)
        .with_max_delay(LONGEST_WAIT)
        .with_jitter()
        .without_max_times()
        .build()
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_WAIT, waits};

    #[test]
    fn waits_grow_to_a_bound_and_never_end() {
        let waits: Vec<_> = waits().take(50).collect();
        assert_eq!(waits.len(), 50);
        assert!(waits[0] < waits[6]);
        assert!(waits.iter().all(|wait| *wait <= 2 * LONGEST_WAIT));
    }
}

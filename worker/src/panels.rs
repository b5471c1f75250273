//! The panel of the tuning whose shards this worker computes: fetched once, and kept for the next of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::panel::Panel;
use proto::id::RunId;
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// How long a panel is kept that no trial asks for: a round may wait for its slowest trial, and a coordinator may be away.
const KEPT_UNUSED: Duration = Duration::from_mins(2);

/// Which panel the shards of a tuning are computed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The tuning.
    pub(crate) tuning: RunId,
    /// How many rows the panel has.
    pub(crate) rows: u64,
    /// The names of its inputs, in their order.
    pub(crate) inputs: Vec<String>,
}

/// A panel that is there or being fetched.
type Fetched = Arc<OnceCell<Arc<Panel>>>;

/// The panels of a worker, which keeps one at a time. They outlive sessions, for a tuning goes on in the next one.
#[derive(Default)]
pub(crate) struct Panels {
    kept: Mutex<Kept<Fetched>>,
}

impl Panels {
    /// The panel that is asked for, by `fetch` where it is not there yet. Whoever asks for it meanwhile waits; where who
    /// fetches it fails or is dropped, the next one fetches.
    pub(crate) async fn get<E, F: Future<Output = Result<Panel, E>>>(
        &self,
        asked: &Asked,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<Panel>, E> {
        let fetched = self.kept().take_up(asked);
        let panel = fetched
            .get_or_try_init(|| async move { fetch().await.map(Arc::new) })
            .await?;
        Ok(Arc::clone(panel))
    }

    /// Says whether a panel is in use. One that has not been for [`KEPT_UNUSED`] is let go of.
    pub(crate) fn look(&self, in_use: bool) {
        let let_go = self.kept().look(in_use, Instant::now());
        if let Some((asked, _)) = let_go {
            tracing::debug!("let go of the panel of tuning {}", asked.tuning);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept<Fetched>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is kept, for whom, and since when it has been of no use.
#[derive(Default)]
struct Kept<T> {
    kept: Option<(Asked, T)>,
    unused_since: Option<Instant>,
}

impl<T: Clone + Default> Kept<T> {
    /// What is kept for this, a new one where there is none. What is kept for something else is let go of: whoever uses it
    /// has it still.
    fn take_up(&mut self, asked: &Asked) -> T {
        self.unused_since = None;
        if let Some((of, kept)) = &self.kept
            && of == asked
        {
            return kept.clone();
        }
        let new = T::default();
        self.kept = Some((asked.clone(), new.clone()));
        new
    }

    /// Gives away what has been of no use for a while.
    fn look(&mut self, in_use: bool, now: Instant) -> Option<(Asked, T)> {
        if in_use {
            self.unused_since = None;
            return None;
        }
        let since = *self.unused_since.get_or_insert(now);
        if now.saturating_duration_since(since) < KEPT_UNUSED {
            return None;
        }
        self.kept.take()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::{pending, ready};
    use std::sync::Arc;
    use std::time::Duration;

    use futures::poll;
    use model::panel::Panel;
    use proto::id::RunId;
    use tokio::time::Instant;

    use super::{Asked, Kept, Panels};
    use crate::invented::{inputs, panel};

    type Nothing = Arc<()>;

    fn asked(tuning: &str) -> Asked {
        Asked {
            tuning: RunId::parse(tuning).unwrap(),
            rows: 40_003,
            inputs: inputs(),
        }
    }

    fn first() -> Asked {
        asked("0123456789abcdef-1")
    }

    #[test]
    fn one_is_kept_for_what_was_asked_for_last() {
        let mut kept = Kept::<Nothing>::default();
        let one = kept.take_up(&first());
        assert!(Arc::ptr_eq(&one, &kept.take_up(&first())));
        let other = kept.take_up(&asked("0123456789abcdee-1"));
        assert!(!Arc::ptr_eq(&one, &other));
        assert_eq!(Arc::strong_count(&one), 1);
        let again = kept.take_up(&first());
        assert!(!Arc::ptr_eq(&one, &again));
        let fewer_rows = Asked {
            rows: 40_002,
            ..first()
        };
        assert!(!Arc::ptr_eq(&again, &kept.take_up(&fewer_rows)));
    }

    #[test]
    fn what_is_of_no_use_is_let_go_of_after_a_while() {
        let mut kept = Kept::<Nothing>::default();
        let one = kept.take_up(&first());
        let began = Instant::now();
        let look = |kept: &mut Kept<Nothing>, in_use, seconds| {
            kept.look(in_use, began + Duration::from_secs(seconds))
        };
        for (in_use, seconds) in [
            (true, 0),
            (false, 10),
            (false, 129),
            (true, 131),
            (false, 400),
        ] {
            assert!(look(&mut kept, in_use, seconds).is_none(), "{seconds}");
        }
        assert!(Arc::ptr_eq(&one, &kept.take_up(&first())));
        assert!(look(&mut kept, false, 600).is_none());
        assert!(look(&mut kept, false, 719).is_none());
        let (of, let_go) = look(&mut kept, false, 720).unwrap();
        assert_eq!(of, first());
        assert!(Arc::ptr_eq(&one, &let_go));
        assert!(look(&mut kept, false, 900).is_none());
        assert!(!Arc::ptr_eq(&one, &kept.take_up(&first())));
    }

    #[tokio::test]
    async fn a_panel_is_fetched_once_for_all() {
        let panels = Panels::default();
        let asked = first();
        let fetch = || ready(Ok::<Panel, Infallible>(panel()));
        let one = panels.get(&asked, fetch).await.unwrap();
        let never =
            || -> std::future::Ready<Result<Panel, Infallible>> { panic!("it was fetched twice") };
        let same = panels.get(&asked, never).await.unwrap();
        assert!(Arc::ptr_eq(&one, &same));
    }

    #[tokio::test]
    async fn who_waits_fetches_where_the_first_is_dropped_or_fails() {
        let panels = Panels::default();
        let asked = first();
        let mut dropped = Box::pin(panels.get(&asked, pending::<Result<Panel, &str>>));
        assert!(poll!(&mut dropped).is_pending());
        let mut failed = Box::pin(panels.get(&asked, || ready(Err("no connection"))));
        assert!(poll!(&mut failed).is_pending());
        let mut last = Box::pin(panels.get(&asked, || ready(Ok::<Panel, &str>(panel()))));
        assert!(poll!(&mut last).is_pending());
        drop(dropped);
        assert_eq!(failed.await.unwrap_err(), "no connection");
        assert_eq!(last.await.unwrap().row_count(), 40_003);
    }
}

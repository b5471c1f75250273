//! Work for kernel threads, so that threads that answer are never held up by it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rayon::ThreadPool;
use tokio::sync::{Semaphore, oneshot};

use crate::refusal::Refusal;

/// The kernel threads, and how much work may wait for them.
#[derive(Debug)]
pub(crate) struct Kernels {
    pool: Arc<ThreadPool>,
    places: Arc<Semaphore>,
}

impl Kernels {
    pub(crate) fn new(pool: Arc<ThreadPool>, places: usize) -> Self {
        Self {
            pool,
            places: Arc::new(Semaphore::new(places)),
        }
    }

    /// Does the work on a kernel thread. Where all places are taken it is refused at once.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return Err(Refusal::overloaded());
        };
        let (done, result) = oneshot::channel();
        self.pool.spawn(move || {
            // A panic is told on stderr, and costs this one request its answer.
            let worked = catch_unwind(AssertUnwindSafe(work));
            // The place is the work's, not the client's, which may go before the work is done.
            drop(place);
            if let Ok(worked) = worked {
                // Nobody listens where the client has gone.
                let _ = done.send(worked);
            }
        });
        // A sender is dropped where the work panics.
        result
            .await
            .map_err(|_| Refusal::unavailable("the work broke off: the log says more"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rayon::ThreadPoolBuilder;
    use std::sync::mpsc;

    #[tokio::test]
    async fn work_beyond_the_places_is_refused_at_once() {
        let pool = ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let kernels = Arc::new(Kernels::new(Arc::new(pool), 1));
        let (let_go, held) = mpsc::channel::<()>();
        let (begun, begins) = oneshot::channel();
        let held_up = {
            let kernels = Arc::clone(&kernels);
            tokio::spawn(async move {
                let work = move || {
                    begun.send(()).unwrap();
                    held.recv().unwrap();
                };
                kernels.run(work).await
            })
        };
        begins.await.unwrap();
        assert_eq!(kernels.run(|| ()).await, Err(Refusal::overloaded()));
        let_go.send(()).unwrap();
        assert_eq!(held_up.await.unwrap(), Ok(()));
        assert_eq!(kernels.run(|| 7).await, Ok(7));
    }

    #[tokio::test]
    async fn work_that_panics_costs_its_own_answer_alone() {
        let pool = ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let kernels = Kernels::new(Arc::new(pool), 1);
        let broken: Result<(), Refusal> = kernels.run(|| panic!("on purpose")).await;
        assert_eq!(broken.unwrap_err().status, 503);
        assert_eq!(kernels.run(|| 7).await, Ok(7));
    }
}

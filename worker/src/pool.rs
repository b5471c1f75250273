//! Work on the pool of threads for kernels.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::ThreadPool;
use tokio::sync::oneshot;

/// Runs work on the pool of threads for kernels. An error is what a panic there said.
///
/// Dropping the future leaves out work that has not begun; what has begun runs on, and nobody hears of it.
pub(crate) async fn on_pool<T: Send + 'static>(
    pool: &ThreadPool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    let (answer, answered) = oneshot::channel();
    pool.spawn(move || {
        if answer.is_closed() {
            return; // the shard was given up before its turn came
        }
        // The receiver is gone where the shard was given up meanwhile.
        let _ = answer.send(catch_unwind(AssertUnwindSafe(work)));
    });
    let panic = match answered
        .await
        .expect("the pool's thread answers or is caught")
    {
        Ok(done) => return Ok(done),
        Err(panic) => panic,
    };
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    Err(text.unwrap_or("no message").to_owned())
}

#[cfg(test)]
mod tests {
    use rayon::ThreadPoolBuilder;

    use super::on_pool;

    #[tokio::test]
    async fn a_panic_is_an_error_with_its_words() {
        let pool = ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(on_pool(&pool, || 7).await, Ok(7));
        let said = on_pool(&pool, || -> u32 { panic!("as it is") }).await;
        assert_eq!(said, Err("as it is".to_owned()));
        let number = 2;
        let said = on_pool(&pool, move || -> u32 { panic!("with {number}") }).await;
        assert_eq!(said, Err("with 2".to_owned()));
    }
}

//! The sample of tickers whose rows no worker sent: taken from their feature files by the same hash.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use market::feature_file::{ReadFeaturesError, read_columns};
use market::sample::{Sample, SampleRequest, TakeError};
use market::store::{Store, StoreError};
use market::symbol::Symbol;
use rayon::ThreadPool;

/// Feature files read at a time.
const FILES_IN_HAND: usize = 8;

/// Why a feature file cannot be sampled.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// The store does not give it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is not what was written.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: ReadFeaturesError,
    },
    /// It lacks a column.
    #[error("{path}: {source}")]
    Take {
        /// The file.
        path: String,
        /// Why.
        source: TakeError,
    },
}

/// Offers the rows of the feature files of `symbols` in `folder` to `sample`.
pub(crate) async fn sample_files(
    out: &Store,
    pool: &Arc<ThreadPool>,
    folder: &str,
    symbols: &[Symbol],
    request: &SampleRequest,
    sample: &mut Sample,
) -> Result<(), SampleError> {
    let mut parts = stream::iter(symbols)
        .map(async |symbol| {
            let path = format!("{folder}/{symbol}.parquet");
            let (bytes, _) = out.read_with_fingerprint(&path).await?;
            let (symbol, request, path) = (symbol.clone(), request.clone(), out.locate(&path));
            on_pool(pool, move || sample_file(bytes, &symbol, &request, path)).await
        })
        .buffer_unordered(FILES_IN_HAND);
    while let Some(part) = parts.try_next().await? {
        sample.merge(part);
    }
    Ok(())
}

fn sample_file(
    bytes: bytes::Bytes,
    symbol: &Symbol,
    request: &SampleRequest,
    path: String,
) -> Result<Sample, SampleError> {
    let mut names = vec!["Date", request.today.as_str(), request.target.as_str()];
    names.extend(request.inputs.iter().map(String::as_str));
    let batches = match read_columns(bytes, &names) {
        Ok(batches) => batches,
        Err(source) => return Err(SampleError::Read { path, source }),
    };
    let mut sample = Sample::new(request.rows);
    for batch in batches {
        if let Err(source) = sample.take(request, symbol, &batch) {
            return Err(SampleError::Take { path, source });
        }
    }
    Ok(sample)
}

/// Runs `work` on the pool of threads for kernels.
pub(crate) async fn on_pool<T: Send + 'static>(
    pool: &ThreadPool,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (answer, answered) = tokio::sync::oneshot::channel();
    pool.spawn(move || {
        // The receiver is gone where the run was given up.
        let _ = answer.send(work());
    });
    answered
        .await
        .expect("a panic on the pool ends the process")
}

//! The rows that models learn from: those that workers sent, and those of the run's feature files.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use market::feature_file::{ReadFeaturesError, read_columns};
use market::feature_rows::read_prices;
use market::panel::{PanelRequest, PanelRows};
use market::rows::{ModelRows, RowRequest, TakeRowsError};
use market::store::{Store, StoreError};
use market::symbol::Symbol;
use market::table::PriceArrays;
use output::paths;
use proto::event::Stage;
use rayon::ThreadPool;

use crate::means::Means;
use crate::narrator::Narrator;
use crate::plan::Plan;
use crate::run_error::RunError;

/// Feature files read at a time.
const FILES_IN_HAND: usize = 8;

/// Why rows cannot be taken from a feature file.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// The store does not give it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its content is not what was written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: FileError,
    },
}

/// What is wrong with a feature file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadFeaturesError),
    /// It lacks what a model asks for.
    #[error(transparent)]
    Take(#[from] TakeRowsError),
    /// It has another digest than the run's commit says.
    #[error("it is not what the run wrote: `run --force` makes a new one")]
    Changed,
}

/// The rows to train on: those that workers sent, and those of the tickers that are `unsent`, for no worker computed them in
/// this start. All tickers with feature files are `written`.
pub(crate) async fn all_rows(
    means: &Means,
    plan: &Plan,
    mut rows: ModelRows,
    unsent: &[Symbol],
    written: &[Symbol],
    narrator: &Narrator,
) -> Result<ModelRows, RunError> {
    let request = plan.row_request();
    if request == RowRequest::default() {
        return Ok(rows);
    }
    let _stage = narrator.stage(Stage::Sample, None);
    let files = FeatureFiles::of(means, plan);
    files.take(unsent, &request, &mut rows).await?;
    if let Some(mut sample) = request.sample
        && !rows.sample.is_full()
        && sample.ceiling < u64::MAX
    {
        sample.ceiling = u64::MAX;
        let again = RowRequest {
            sample: Some(sample),
            panel: None,
        };
        let mut all = ModelRows::new(&again);
        files.take(written, &again, &mut all).await?;
        rows.sample = all.sample;
    }
    Ok(rows)
}

/// The feature files of a run.
pub(crate) struct FeatureFiles<'a> {
    out: &'a Store,
    pool: &'a Arc<ThreadPool>,
    folder: String,
}

impl<'a> FeatureFiles<'a> {
    /// Those that the plan's run has written.
    pub(crate) fn of(means: &'a Means, plan: &Plan) -> Self {
        Self {
            out: &means.out,
            pool: &means.pool,
            folder: paths::features(&plan.run),
        }
    }

    /// The prices of `symbols`.
    pub(crate) async fn prices(
        &self,
        symbols: &[Symbol],
    ) -> Result<BTreeMap<Symbol, PriceArrays>, RowsError> {
        let mut prices = BTreeMap::new();
        let take = |symbol: &Symbol, bytes| Ok((symbol.clone(), read_prices(bytes)?.into_arrays()));
        self.each(symbols, take, |(symbol, part)| {
            prices.insert(symbol, part);
        })
        .await?;
        Ok(prices)
    }

    /// The rows of a panel of the tickers of `files`, each of which has to have this digest, BLAKE3 in lower-case hexadecimal.
    /// Tickers without such rows are left out.
    pub(crate) async fn panel_rows(
        &self,
        files: &BTreeMap<Symbol, String>,
        request: PanelRequest,
    ) -> Result<BTreeMap<Symbol, PanelRows>, RowsError> {
        let symbols: Vec<Symbol> = files.keys().cloned().collect();
        let digests = files.clone();
        let request = RowRequest {
            sample: None,
            panel: Some(request),
        };
        let take = move |symbol: &Symbol, bytes: Bytes| {
            if blake3::hash(&bytes).to_hex().as_str() != digests[symbol] {
                return Err(FileError::Changed);
            }
            rows_of(bytes, symbol, &request)
        };
        let mut panel = BTreeMap::new();
        self.each(&symbols, take, |rows: ModelRows| {
            panel.extend(
                rows.panel
                    .into_iter()
                    .filter(|(_, rows)| !rows.date.is_empty()),
            );
        })
        .await?;
        Ok(panel)
    }

    /// Adds the rows of `symbols` that the request asks for to `rows`.
    async fn take(
        &self,
        symbols: &[Symbol],
        request: &RowRequest,
        rows: &mut ModelRows,
    ) -> Result<(), RowsError> {
        let request = request.clone();
        let take = move |symbol: &Symbol, bytes| rows_of(bytes, symbol, &request);
        self.each(symbols, take, |part| rows.merge(part)).await
    }

    /// Makes something of each file on the pool, a few at a time, and takes it in, in any order.
    async fn each<T: Send + 'static>(
        &self,
        symbols: &[Symbol],
        work: impl Fn(&Symbol, Bytes) -> Result<T, FileError> + Send + Sync + 'static,
        mut take_in: impl FnMut(T),
    ) -> Result<(), RowsError> {
        let work = Arc::new(work);
        let made = stream::iter(symbols).map(async |symbol| {
            let path = format!("{}/{symbol}.parquet", self.folder);
            let (bytes, _) = self.out.read_with_fingerprint(&path).await?;
            let (work, symbol) = (Arc::clone(&work), symbol.clone());
            let made = on_pool(self.pool, move || work(&symbol, bytes)).await;
            let path = self.out.locate(&path);
            made.map_err(|source| RowsError::File { path, source })
        });
        let mut made = made.buffer_unordered(FILES_IN_HAND);
        while let Some(part) = made.try_next().await? {
            take_in(part);
        }
        Ok(())
    }
}

/// The rows of one feature file.
fn rows_of(bytes: Bytes, symbol: &Symbol, request: &RowRequest) -> Result<ModelRows, FileError> {
    let mut rows = ModelRows::new(request);
    if let Some(sample) = &request.sample {
        let mut names = vec!["Date", sample.today.as_str(), sample.target.as_str()];
        names.extend(sample.inputs.iter().map(String::as_str));
        for batch in read_columns(bytes.clone(), &names)? {
            rows.take_sample(request, symbol, &batch)?;
        }
    }
    if request.panel.is_some() {
        rows.take_panel(request, symbol, &read_prices(bytes)?.into_arrays())?;
    }
    Ok(rows)
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

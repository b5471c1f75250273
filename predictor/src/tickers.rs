//! The features of tickers, made from the prices of the newest run by the kernels that training uses.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use bytes::Bytes;
use features::compute::ComputeError;
use market::feature_file::FeatureTable;
use market::feature_rows::read_prices;
use market::store::Store;
use market::symbol::Symbol;
use market::table::PriceTable;
use output::reading::{CompletedRun, ReadError, StoredFile};
use proto::query::Day;
use quick_cache::sync::Cache;
use tokio::runtime::Handle;

use crate::kernels::Kernels;
use crate::refusal::Refusal;
use crate::served::{FeatureRecipe, ServedModel};

/// Bytes of an entry besides its rows.
const ENTRY_BYTES: u64 = 256;

/// Tickers that the cache is laid out for; it takes more or fewer, as its bytes allow.
const ESTIMATED_TICKERS: usize = 10_000;

/// A ticker's days and the features of each, as a model takes them.
#[derive(Debug)]
pub(crate) struct Ticker {
    /// Days since 1970-01-01, rising.
    pub(crate) days: Vec<i32>,
    /// The inputs of each day, one day after another; NaN for null, which no feature is otherwise.
    features: Vec<f64>,
    inputs: usize,
}

impl Ticker {
    /// The rows of a table with the features of `recipe`.
    pub(crate) fn of(
        table: PriceTable,
        symbol: &Symbol,
        recipe: &FeatureRecipe,
        inputs: &[String],
    ) -> Result<Self, ComputeError> {
        let days = table.date.clone();
        let table = FeatureTable::compute(table, symbol, None, &recipe.schema)?;
        let columns: Vec<_> = inputs
            .iter()
            .map(|input| column(table.batch(), input))
            .collect();
        let mut features = Vec::with_capacity(days.len() * inputs.len());
        for row in 0..days.len() {
            features.extend(columns.iter().map(|values| values[row]));
        }
        Ok(Self {
            days,
            features,
            inputs: inputs.len(),
        })
    }

    /// The inputs of a row, in order, NaN for null.
    pub(crate) fn row(&self, row: usize) -> &[f64] {
        &self.features[row * self.inputs..][..self.inputs]
    }

    fn bytes(&self) -> u64 {
        (size_of_val(&*self.days) + size_of_val(&*self.features)) as u64 + ENTRY_BYTES
    }
}

/// A feature's values, NaN for null.
fn column(batch: &RecordBatch, name: &str) -> Vec<f64> {
    let array = batch
        .column_by_name(name)
        .expect("a recipe declares its inputs");
    let array = array.as_primitive::<Float64Type>();
    array
        .iter()
        .map(|value| value.unwrap_or(f64::NAN))
        .collect()
}

/// What a cached ticker was made from. A ticker that a new run carried over keeps its file's digest, and stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    file: [u8; 32],
    recipe: u64,
}

#[derive(Debug, Clone)]
struct ByBytes;

impl quick_cache::Weighter<Key, Arc<Ticker>> for ByBytes {
    fn weight(&self, _: &Key, ticker: &Arc<Ticker>) -> u64 {
        ticker.bytes()
    }
}

/// The tickers of a store; those asked for last are kept in memory.
#[derive(Debug)]
pub(crate) struct Tickers {
    out: Store,
    kernels: Arc<Kernels>,
    cache: Cache<Key, Arc<Ticker>, ByBytes>,
    /// Where the store is read: its client belongs to one runtime.
    runtime: Handle,
}

impl Tickers {
    pub(crate) fn new(
        out: Store,
        kernels: Arc<Kernels>,
        cache_bytes: u64,
        runtime: Handle,
    ) -> Self {
        Self {
            out,
            kernels,
            cache: Cache::with_weighter(ESTIMATED_TICKERS, cache_bytes, ByBytes),
            runtime,
        }
    }

    /// A ticker of the run with the features of the model. Many who wait for the same one cost one reading.
    pub(crate) async fn get(
        &self,
        run: &Arc<CompletedRun>,
        symbol: &Symbol,
        model: &Arc<ServedModel>,
    ) -> Result<Arc<Ticker>, Refusal> {
        let recipe = recipe_of(model)?;
        let file = file_of(run, symbol)?;
        let blake3 = &run.files[file].blake3;
        let Ok(digest) = blake3::Hash::from_hex(blake3) else {
            return Err(Refusal::unavailable(format!(
                "the commit of {symbol} is damaged: `{blake3}` is no digest"
            )));
        };
        let key = Key {
            file: *digest.as_bytes(),
            recipe: recipe.id,
        };
        let ticker = self.cache.get_or_insert_async(&key, async {
            let model = Arc::clone(model);
            let symbol = symbol.clone();
            let compute = move |prices: PriceTable| {
                let recipe = model.recipe.as_ref().expect("it was asked for");
                Ticker::of(prices, &symbol, recipe, &model.inputs)
            };
            let computed = self.with_prices(run, file, compute).await?;
            let computed = computed.map_err(|error| Refusal::unavailable(error.to_string()))?;
            Ok(Arc::new(computed))
        });
        ticker.await
    }

    /// Bytes in memory.
    pub(crate) fn weight(&self) -> u64 {
        self.cache.weight()
    }

    /// A ticker's prices, read anew and given to `work` on a kernel thread.
    pub(crate) async fn with_prices<T: Send + 'static>(
        &self,
        run: &Arc<CompletedRun>,
        file: usize,
        work: impl FnOnce(PriceTable) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let (out, run) = (self.out.clone(), Arc::clone(run));
        let kernels = Arc::clone(&self.kernels);
        let read = self.runtime.spawn(async move {
            let stored = StoredFile::read(&out, &run, &run.files[file]).await;
            let stored = stored.map_err(|error| unreadable(&error))?;
            let work = move || {
                let location = stored.location.clone();
                let prices = prices(stored.check(&run.files[file].blake3)?, location)?;
                Ok(work(prices))
            };
            let done: Result<T, ReadError> = kernels.run(work).await?;
            done.map_err(|error| unreadable(&error))
        });
        read.await
            .unwrap_or_else(|error| Err(Refusal::unavailable(error.to_string())))
    }
}

/// A day that a model can answer for, with its inputs.
#[derive(Debug)]
pub(crate) struct FeatureRow {
    pub(crate) date: Day,
    pub(crate) features: Vec<f64>,
    /// The first of the days that the features were made from, and how many those are.
    pub(crate) first_date: Day,
    pub(crate) rows: usize,
}

/// The ticker's row of the date, or else its last one, if all of its features are there.
pub(crate) fn answerable_row(
    ticker: &Ticker,
    symbol: &Symbol,
    model: &ServedModel,
    date: Option<Day>,
) -> Result<FeatureRow, Refusal> {
    let needed = recipe_of(model)?.schema.longest_window();
    let too_few = |found: String| {
        let expected = format!("a row with {} rows before it", needed - 1);
        Refusal::unanswerable("symbol", found, expected)
    };
    let Some(last) = ticker.days.len().checked_sub(1) else {
        return Err(too_few(format!("{symbol} has no rows")));
    };
    let row = match date {
        None => last,
        Some(date) => ticker
            .days
            .binary_search(&date.since_epoch)
            .map_err(|_| no_such_day(ticker, symbol, date))?,
    };
    let day = |row: usize| Day {
        since_epoch: ticker.days[row],
    };
    let features = ticker.row(row);
    if row + 1 < needed || features.iter().any(|value| value.is_nan()) {
        return Err(too_few(format!(
            "{symbol} has {row} rows before {}, which are too few",
            day(row)
        )));
    }
    Ok(FeatureRow {
        date: day(row),
        features: features.to_vec(),
        first_date: day(row + 1 - needed),
        rows: needed,
    })
}

fn no_such_day(ticker: &Ticker, symbol: &Symbol, date: Day) -> Refusal {
    let [first, last] = [ticker.days[0], ticker.days[ticker.days.len() - 1]];
    let [first, last] = [first, last].map(|since_epoch| Day { since_epoch });
    let error = format!("{symbol} has no row of {date}");
    Refusal {
        expected: Some(format!("a trading day from {first} to {last}")),
        ..Refusal::unknown("date", error)
    }
}

fn prices(bytes: Bytes, path: String) -> Result<PriceTable, ReadError> {
    read_prices(bytes).map_err(|source| ReadError::Undecodable { path, source })
}

/// How the model's features are made, if its card says so.
pub(crate) fn recipe_of(model: &ServedModel) -> Result<&FeatureRecipe, Refusal> {
    model.recipe.as_ref().ok_or_else(|| {
        let error = format!(
            "the model `{}` has no card that says how its features are made",
            model.name
        );
        Refusal::unanswerable(
            "model",
            error,
            format!("the inputs: {}", model.inputs.join(", ")),
        )
    })
}

/// The place of the symbol's file among the run's.
pub(crate) fn file_of(run: &CompletedRun, symbol: &Symbol) -> Result<usize, Refusal> {
    run.place_of(symbol).ok_or_else(|| {
        let error = format!("run {} has no ticker `{symbol}`", run.run);
        Refusal::unknown("symbol", error)
    })
}

/// Tells a client that the store is at fault, and the log how.
fn unreadable(error: &ReadError) -> Refusal {
    tracing::error!("{error}");
    Refusal::unavailable("the prices cannot be read just now: the predictor's log says why")
}

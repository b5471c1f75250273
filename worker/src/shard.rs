//! One shard: its tickers read, computed and written, a few at a time.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use market::layout::TickerFile;
use market::rows::ModelRows;
use market::store::{Store, StoreError};
use market::symbol::Symbol;
use proto::link::{Receipt, ShardError, ShardProgress, ShardResult};
use proto::ticket::ShardTicket;
use rayon::ThreadPool;
use tokio::sync::mpsc;

use crate::computing::Computing;
use crate::pool::on_pool;
use crate::ticker::{ComputedTicker, compute_ticker};

/// Tickers of a shard in hand at a time: one is computed while the one before is written and the next one read.
const TICKERS_IN_HAND: usize = 3;

/// Where a shard's files are read and written, and what computes them.
#[derive(Clone)]
pub(crate) struct Workshop {
    pub(crate) data: Store,
    pub(crate) out: Store,
    pub(crate) pool: Arc<ThreadPool>,
}

/// Computes a shard's tickers and writes their files. `computing` has the tickers in hand meanwhile.
pub(crate) async fn compute_shard(
    workshop: &Workshop,
    ticket: ShardTicket,
    progress: mpsc::Sender<ShardProgress>,
    computing: &Computing,
) -> Result<ShardResult, ShardError> {
    let ticket = Arc::new(ticket);
    let mut rows = ModelRows::new(&ticket.rows);
    let mut records = Vec::with_capacity(ticket.tickers.len());
    let mut input_bytes = 0;
    let in_hand = if ticket.careful { 1 } else { TICKERS_IN_HAND };
    let tickers = stream::iter(ticket.tickers.clone());
    let mut computed = tickers
        .map(|input| process_ticker(workshop, Arc::clone(&ticket), input, computing))
        .buffered(in_hand);
    while let Some(ticker) = computed.try_next().await? {
        input_bytes += ticker.record.input.fingerprint.size;
        // A coordinator that has stopped listening drops this future, so a closed channel needs no handling.
        let _ = progress
            .send(ShardProgress {
                shard: ticket.shard,
                input_bytes,
            })
            .await;
        rows.merge(ticker.rows);
        records.push(ticker.record);
    }
    Ok(ShardResult {
        records,
        rows,
        receipt: Receipt::default(),
    })
}

/// Reads, computes and writes one ticker.
async fn process_ticker(
    workshop: &Workshop,
    ticket: Arc<ShardTicket>,
    input: TickerFile,
    computing: &Computing,
) -> Result<ComputedTicker, ShardError> {
    let symbol = input.symbol.clone();
    let _computing = computing.begin(&symbol);
    if ticket.careful {
        computing.announced().await;
    }
    if workshop.data.folder().is_some() && workshop.out.folder().is_some() {
        // A folder's files are read and written by the thread that computes: outside of the runtime the store does not
        // hand them to other threads, which takes a fifth of the time and keeps the buffers of each.
        let Workshop { data, out, pool } = workshop.clone();
        let process = async move {
            let bytes = read_unchanged(&data, &input).await?;
            write_files(&out, &ticket, compute(&ticket, input, &bytes)?).await
        };
        return ticker_on_pool(&pool, symbol, || futures::executor::block_on(process)).await;
    }
    let bytes = read_unchanged(&workshop.data, &input).await?;
    let shared = Arc::clone(&ticket);
    let computed = ticker_on_pool(&workshop.pool, symbol, move || {
        compute(&shared, input, &bytes)
    })
    .await?;
    write_files(&workshop.out, &ticket, computed).await
}

fn compute(
    ticket: &ShardTicket,
    input: TickerFile,
    bytes: &[u8],
) -> Result<ComputedTicker, ShardError> {
    faults::hit("mid-shard", input.symbol.as_str());
    compute_ticker(input, bytes, &ticket.recipe, &ticket.rows)
}

/// Writes a ticker's files; returns it without them.
async fn write_files(
    out: &Store,
    ticket: &ShardTicket,
    mut computed: ComputedTicker,
) -> Result<ComputedTicker, ShardError> {
    let symbol = computed.record.input.symbol.clone();
    let files = [
        (&ticket.features_folder, computed.features.take()),
        (&ticket.raw_folder, computed.raw.take()),
    ];
    for (folder, file) in files {
        let Some(file) = file else { continue };
        let created = out
            .create(&format!("{folder}/{symbol}.parquet"), file)
            .await;
        created.map_err(|source| ShardError::Store {
            symbol: symbol.clone(),
            source,
        })?;
    }
    Ok(computed)
}

/// The bytes of a price file, which is the one that was planned, before and after it was read.
async fn read_unchanged(data: &Store, input: &TickerFile) -> Result<Bytes, ShardError> {
    let changed = || ShardError::InputChanged {
        path: data.locate(&input.path),
    };
    let failed = |source: StoreError| ShardError::Store {
        symbol: input.symbol.clone(),
        source,
    };
    let (bytes, opened) = match data.read_with_fingerprint(&input.path).await {
        Err(error) if error.is_not_found() => return Err(changed()),
        read => read.map_err(failed)?,
    };
    let afterwards = data.fingerprint_of(&input.path).await.map_err(failed)?;
    if opened != input.fingerprint
        || afterwards.as_ref() != Some(&opened)
        || bytes.len() as u64 != opened.size
    {
        return Err(changed());
    }
    Ok(bytes)
}

/// Runs a ticker's work on the pool of threads for kernels; a panic there is an error here.
async fn ticker_on_pool<T: Send + 'static>(
    pool: &ThreadPool,
    symbol: Symbol,
    work: impl FnOnce() -> Result<T, ShardError> + Send + 'static,
) -> Result<T, ShardError> {
    let done = on_pool(pool, work).await;
    done.unwrap_or_else(|message| Err(ShardError::Panicked { symbol, message }))
}

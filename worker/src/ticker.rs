//! One ticker: from the bytes of its price file to those of its feature file. Pure.

use bytes::Bytes;
use features::compute::ComputeError;
use market::csv::read_price_file;
use market::feature_file::FeatureTable;
use market::layout::TickerFile;
use market::rows::{ModelRows, RowRequest, TakeRowsError};
use proto::link::ShardError;
use proto::record::{TickerRecord, TickerResult, WrittenFile};
use proto::ticket::Recipe;

/// A ticker's record, and the files that it speaks of, yet to be written.
pub(crate) struct ComputedTicker {
    pub(crate) record: TickerRecord,
    pub(crate) features: Option<Bytes>,
    pub(crate) raw: Option<Bytes>,
    pub(crate) rows: ModelRows,
}

/// Reads a price file and makes its feature file.
pub(crate) fn compute_ticker(
    input: TickerFile,
    bytes: &[u8],
    recipe: &Recipe,
    request: &RowRequest,
) -> Result<ComputedTicker, ShardError> {
    let mut rows = ModelRows::new(request);
    let input_blake3 = blake3::hash(bytes).to_hex().to_string();
    let file = match read_price_file(bytes) {
        Ok(file) => file,
        Err(fault) => {
            let result = TickerResult::Quarantined { fault };
            let record = TickerRecord {
                input,
                input_blake3,
                result,
            };
            return Ok(ComputedTicker {
                record,
                features: None,
                raw: None,
                rows,
            });
        }
    };
    let symbol = input.symbol.clone();
    let compute_failed = |source: ComputeError| ShardError::Compute {
        symbol: symbol.clone(),
        source,
    };
    let rows_failed = |source: TakeRowsError| ShardError::Rows {
        symbol: symbol.clone(),
        source,
    };
    let table = FeatureTable::compute(
        file.table,
        &input.symbol,
        input.security_name.as_deref(),
        &recipe.schema,
    )
    .map_err(compute_failed)?;
    rows.take(request, &input.symbol, &table)
        .map_err(rows_failed)?;
    let features = table.encode();
    let raw = recipe.raw.then(|| table.encode_raw());
    let result = TickerResult::Written {
        features: written_file(&features),
        raw: raw.as_ref().map(written_file),
        counts: file.counts,
        flags: file.flags,
        quarantined: file.quarantined,
    };
    let record = TickerRecord {
        input,
        input_blake3,
        result,
    };
    Ok(ComputedTicker {
        record,
        features: Some(features),
        raw,
        rows,
    })
}

fn written_file(bytes: &Bytes) -> WrittenFile {
    WrittenFile {
        blake3: blake3::hash(bytes).to_hex().to_string(),
        size: bytes.len() as u64,
    }
}

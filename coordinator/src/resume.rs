//! Trusting what an earlier start, or an earlier run, left behind: only after its digests were checked.

use futures::{StreamExt, TryStreamExt, stream};
use market::store::{Store, StoreError};
use output::commit::{commit_carried, read_commit};
use output::document::DocumentError;
use output::paths;
use proto::id::{RunId, ShardId};
use proto::record::{TickerRecord, TickerResult, WrittenFile};

use crate::plan::Plan;

/// Files read at a time.
const FILES_IN_HAND: usize = 8;
/// Files up to this many bytes are hashed where they are: another thread's turn would take as long.
const HASHED_AT_ONCE: u64 = 16 << 10;

/// Why what is there could not be taken over.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A commit cannot be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

/// The files of a ticker's record in a run, with what they should be.
fn files_of<'a>(run: &RunId, record: &'a TickerRecord) -> Vec<(String, &'a WrittenFile)> {
    let TickerResult::Written { features, raw, .. } = &record.result else {
        return Vec::new();
    };
    let symbol = &record.input.symbol;
    let mut files = vec![(
        format!("{}/{symbol}.parquet", paths::features(run)),
        features,
    )];
    if let Some(raw) = raw {
        files.push((format!("{}/{symbol}.parquet", paths::raw(run)), raw));
    }
    files
}

/// For each record, by its place, whether all of its files are in the run with the bytes that it says.
pub(crate) async fn check_files(
    out: &Store,
    records: &[(&RunId, &TickerRecord)],
) -> Result<Vec<bool>, StoreError> {
    stream::iter(records)
        .map(async |(run, record)| {
            for (path, written) in files_of(run, record) {
                if !is_as_written(out, &path, written).await? {
                    return Ok(false);
                }
            }
            Ok(true)
        })
        .buffered(FILES_IN_HAND)
        .try_collect()
        .await
}

/// Removes the files of a record, to be made again.
async fn remove_files(out: &Store, run: &RunId, record: &TickerRecord) -> Result<(), StoreError> {
    for (path, _) in files_of(run, record) {
        out.remove(&path).await?;
    }
    Ok(())
}

async fn is_as_written(out: &Store, path: &str, written: &WrittenFile) -> Result<bool, StoreError> {
    let Some(bytes) = out.read(path).await? else {
        return Ok(false);
    };
    if bytes.len() as u64 != written.size {
        return Ok(false);
    }
    let hash = move || blake3::hash(&bytes).to_hex().to_string();
    let hash = if written.size <= HASHED_AT_ONCE {
        hash()
    } else {
        let hash = tokio::task::spawn_blocking(hash);
        hash.await.expect("hashing does not panic")
    };
    Ok(hash == written.blake3)
}

/// Whether the files of carried tickers are as they were written: those of the run where they are committed, else those of
/// the earlier runs, which may have been pruned meanwhile.
pub(crate) async fn can_carry_over(out: &Store, plan: &Plan) -> Result<bool, ResumeError> {
    if plan.carried.is_empty() {
        return Ok(true);
    }
    let commit = read_commit(out, &paths::carried_commit(&plan.run)).await?;
    let holder = |from| if commit.is_some() { &plan.run } else { from };
    let records: Vec<_> = plan
        .carried
        .iter()
        .map(|carried| (holder(&carried.from), &carried.record))
        .collect();
    let whole = check_files(out, &records).await?;
    Ok(whole.into_iter().all(|whole| whole))
}

/// Makes the files of carried tickers those of this run, and commits them.
pub(crate) async fn carry_over(out: &Store, plan: &Plan) -> Result<Vec<TickerRecord>, ResumeError> {
    let records: Vec<TickerRecord> = plan
        .carried
        .iter()
        .map(|carried| carried.record.clone())
        .collect();
    if records.is_empty() {
        return Ok(records);
    }
    if read_commit(out, &paths::carried_commit(&plan.run))
        .await?
        .is_none()
    {
        // By the hundred these are round trips to a server.
        stream::iter(&plan.carried)
            .map(async |carried| {
                let from = files_of(&carried.from, &carried.record);
                let to = files_of(&plan.run, &carried.record);
                for ((from, _), (to, _)) in from.iter().zip(&to) {
                    out.link(from, to).await?;
                }
                Ok::<(), StoreError>(())
            })
            .buffer_unordered(FILES_IN_HAND)
            .try_collect::<()>()
            .await?;
        commit_carried(out, &plan.run, &records).await?;
    }
    Ok(records)
}

/// The records of the shards that an earlier start has committed, and the shards that are yet to be computed.
pub(crate) async fn take_up(
    out: &Store,
    plan: &Plan,
) -> Result<(Vec<TickerRecord>, Vec<ShardId>), ResumeError> {
    let mut records = Vec::new();
    let mut to_compute = Vec::new();
    for (shard, _) in plan.shards() {
        match committed_shard(out, plan, shard).await? {
            Some(committed) => records.extend(committed),
            None => to_compute.push(shard),
        }
    }
    Ok((records, to_compute))
}

/// The records of a committed shard whose files are all as they were written; else what is damaged is removed, to be made
/// again, and there is no commit.
async fn committed_shard(
    out: &Store,
    plan: &Plan,
    shard: ShardId,
) -> Result<Option<Vec<TickerRecord>>, ResumeError> {
    let path = paths::commit(&plan.run, shard);
    let Some(records) = read_commit(out, &path).await? else {
        return Ok(None);
    };
    let owned: Vec<_> = records.iter().map(|record| (&plan.run, record)).collect();
    let whole = check_files(out, &owned).await?;
    if whole.iter().all(|whole| *whole) {
        return Ok(Some(records));
    }
    out.remove(&path).await?;
    for (record, _) in records.iter().zip(whole).filter(|(_, whole)| !whole) {
        remove_files(out, &plan.run, record).await?;
    }
    Ok(None)
}

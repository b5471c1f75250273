//! Commits: the records of tickers whose files are in the store.

use market::store::{Store, StoreError};
use proto::id::{RunId, ShardId};
use proto::record::TickerRecord;

use crate::document::DocumentError;
use crate::paths;

/// Commits a shard: from here on it is not computed again. A commit that is there already has the same bytes.
pub async fn commit_shard(
    out: &Store,
    run: &RunId,
    shard: ShardId,
    records: &[TickerRecord],
) -> Result<(), StoreError> {
    out.create(&paths::commit(run, shard), to_json(records).into())
        .await
        .map(|_| ())
}

/// Commits the tickers that were carried over.
pub async fn commit_carried(
    out: &Store,
    run: &RunId,
    records: &[TickerRecord],
) -> Result<(), StoreError> {
    out.create(&paths::carried_commit(run), to_json(records).into())
        .await
        .map(|_| ())
}

/// The records of a commit; `None` where there is none.
pub async fn read_commit(
    out: &Store,
    path: &str,
) -> Result<Option<Vec<TickerRecord>>, DocumentError> {
    let Some(bytes) = out.read(path).await? else {
        return Ok(None);
    };
    let records = serde_json::from_slice(&bytes);
    records
        .map(Some)
        .map_err(|source| DocumentError::DamagedCommit {
            path: out.locate(path),
            source,
        })
}

/// The records of all commits of a run, whichever they are.
pub async fn read_commits(out: &Store, run: &RunId) -> Result<Vec<TickerRecord>, DocumentError> {
    let (commits, _) = out.list_folder(&paths::commits(run)).await?;
    let mut records = Vec::new();
    for commit in commits {
        records.extend(read_commit(out, &commit.path).await?.unwrap_or_default());
    }
    Ok(records)
}

fn to_json(records: &[TickerRecord]) -> Vec<u8> {
    serde_json::to_vec(records).expect("our own types have a JSON form")
}

//! Documents: small JSON files.

use bytes::Bytes;
use market::store::{Store, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why a store's documents cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file is not what this program writes.
    #[error(
        "{path} cannot be read: {source}: it may be of another version of tickermill; use another `--out`, or remove that run's folder"
    )]
    Damaged {
        /// The file.
        path: String,
        /// Why.
        source: serde_json::Error,
    },
    /// What a tuning found is not what this program writes.
    #[error("{path} is damaged: {source}: remove it and run `tune` again, no trial is made again")]
    DamagedTuning {
        /// The file.
        path: String,
        /// Why.
        source: serde_json::Error,
    },
    /// A commit is not what this program writes.
    #[error(
        "{path} is damaged: {source}: remove it and run again, what it holds is computed again"
    )]
    DamagedCommit {
        /// The file.
        path: String,
        /// Why.
        source: serde_json::Error,
    },
}

/// A JSON file; `None` where it is not there.
pub async fn read_json<T: DeserializeOwned>(
    out: &Store,
    path: &str,
) -> Result<Option<T>, DocumentError> {
    let Some(bytes) = out.read(path).await? else {
        return Ok(None);
    };
    let parsed = serde_json::from_slice(&bytes);
    parsed.map(Some).map_err(|source| DocumentError::Damaged {
        path: out.locate(path),
        source,
    })
}

/// Indented JSON with a final line feed, for files that people read.
pub fn to_pretty_json(value: &impl Serialize) -> Bytes {
    let mut json = serde_json::to_vec_pretty(value).expect("our own types have a JSON form");
    json.push(b'\n');
    json.into()
}

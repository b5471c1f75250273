//! The runs of an output, by name.

use market::store::{Store, StoreError};
use proto::id::RunId;

use crate::document::{DocumentError, read_json};
use crate::outcome::Latest;
use crate::paths;

/// What `latest.json` says of the newest completed run; `None` where none has completed.
pub async fn latest(out: &Store) -> Result<Option<Latest>, DocumentError> {
    read_json(out, paths::LATEST).await
}

/// The ids of the runs that have a plan or may get one, in no order of meaning.
pub async fn run_ids(out: &Store) -> Result<Vec<RunId>, StoreError> {
    let (_, folders) = out.list_folder(paths::RUNS).await?;
    Ok(folders
        .iter()
        .filter_map(|name| RunId::parse(name).ok())
        .collect())
}

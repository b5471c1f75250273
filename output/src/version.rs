//! Whether a model or a version of it is there.

use market::store::{Store, StoreError};

use crate::document::DocumentError;
use crate::models::{names, versions};

/// Why there is no such version.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    /// What is there cannot be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// There is no such model.
    #[error("there is no model `{name}` in {out}: it has {models}")]
    NoSuchModel {
        /// The name asked for.
        name: String,
        /// The store.
        out: String,
        /// The models that there are.
        models: String,
    },
    /// There is no such version.
    #[error("there is no version `{version}` of `{name}`: there are {versions}")]
    NoSuchVersion {
        /// The model.
        name: String,
        /// The version asked for.
        version: String,
        /// The versions that there are.
        versions: String,
    },
}

impl From<StoreError> for VersionError {
    fn from(error: StoreError) -> Self {
        Self::Document(error.into())
    }
}

/// Errors where no model of this name has a folder. No path is made of the name before.
pub async fn check_model(out: &Store, name: &str) -> Result<(), VersionError> {
    let names = names(out).await?;
    if names.iter().any(|known| known == name) {
        return Ok(());
    }
    Err(VersionError::NoSuchModel {
        name: name.to_owned(),
        out: out.locate(""),
        models: listed(&names),
    })
}

/// Errors where the model has no folder, or this version of it. No path is made of either before.
pub async fn check_version(out: &Store, name: &str, version: &str) -> Result<(), VersionError> {
    check_model(out, name).await?;
    let versions = versions(out, name).await?;
    if versions.iter().any(|known| known == version) {
        return Ok(());
    }
    Err(VersionError::NoSuchVersion {
        name: name.to_owned(),
        version: version.to_owned(),
        versions: listed(&versions),
    })
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.join(", ")
}

//! The cards of models' versions, read and checked.

use market::store::{Store, StoreError};
use model::card::{Card, CardError};
use output::document::DocumentError;
use output::models::{content_version, live, versions};
use output::paths;
use output::version::{VersionError, check_model, check_version};

use crate::beside::LiveCard;

/// The card of a version that is in the output.
#[derive(Debug, Clone)]
pub struct StoredCard {
    /// The text of its file.
    pub text: String,
    /// What the text says.
    pub card: Card,
}

/// Why there is no card.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// What is there cannot be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// There is no such version.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// No version is live.
    #[error("no version of `{name}` is live: name one of {versions}")]
    NoneLive {
        /// The model.
        name: String,
        /// The versions that there are.
        versions: String,
    },
    /// The card is gone.
    #[error("{path} is not there: publish the model again")]
    NoCard {
        /// The file.
        path: String,
    },
    /// The file is no card.
    #[error("{path} is damaged: {source}")]
    Damaged {
        /// The file.
        path: String,
        /// Why.
        source: CardError,
    },
    /// The card is another's, or was changed.
    #[error(
        "{path} is damaged: its version does not follow from its content: publish the model again"
    )]
    OtherContent {
        /// The file.
        path: String,
    },
}

impl From<StoreError> for RegistryError {
    fn from(error: StoreError) -> Self {
        Self::Document(error.into())
    }
}

/// The card of a version, which follows from its content.
pub async fn card(out: &Store, name: &str, version: &str) -> Result<StoredCard, RegistryError> {
    check_version(out, name, version).await?;
    let path = paths::model_card(name, version);
    let located = || out.locate(&path);
    let Some(bytes) = out.read(&path).await? else {
        return Err(RegistryError::NoCard { path: located() });
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let card = Card::from_json(&text).map_err(|source| RegistryError::Damaged {
        path: located(),
        source,
    })?;
    if card.name != name || content_version(&text, version) != version {
        return Err(RegistryError::OtherContent { path: located() });
    }
    Ok(StoredCard { text, card })
}

/// The live version of a model, which must have one.
pub async fn live_version(out: &Store, name: &str) -> Result<String, RegistryError> {
    check_model(out, name).await?;
    if let Some(live) = live(out, name).await? {
        return Ok(live.version);
    }
    Err(RegistryError::NoneLive {
        name: name.to_owned(),
        versions: versions(out, name).await?.join(", "),
    })
}

/// The live version of a model that a run is about to train, with its card where that is there and whole; `None` where no
/// version is live.
pub(crate) async fn live_card(out: &Store, name: &str) -> Result<Option<LiveCard>, DocumentError> {
    let Some(live) = live(out, name).await? else {
        return Ok(None);
    };
    let version = live.version;
    let card = match card(out, name, &version).await {
        Ok(stored) => Some(stored.card),
        Err(
            RegistryError::Document(error) | RegistryError::Version(VersionError::Document(error)),
        ) => return Err(error),
        Err(_) => None,
    };
    Ok(Some(LiveCard { version, card }))
}

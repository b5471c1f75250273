//! Models: which there are, and which version of each is live.

use market::store::{Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::document::{DocumentError, read_json, to_pretty_json};
use crate::outcome::CurrentModel;
use crate::paths;
use crate::version::{VersionError, check_version};

/// `pinned.json`: the version that a person has chosen. It is live until a person lets go of it, whatever runs publish:
/// runs write `current.json` alone and people this file alone, so that neither can undo what the other did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedModel {
    /// The model's name.
    pub name: String,
    /// The version.
    pub version: String,
    /// BLAKE3 of its ONNX file, in lower-case hexadecimal.
    pub digest: String,
}

/// The version of a model that predictors are to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveModel {
    /// The model's name.
    pub name: String,
    /// The version.
    pub version: String,
    /// BLAKE3 of its ONNX file, in lower-case hexadecimal.
    pub digest: String,
    /// Whether a person has chosen it.
    pub pinned: bool,
}

/// Why a version cannot be promoted.
#[derive(Debug, thiserror::Error)]
pub enum PromoteError {
    /// What is there cannot be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// There is no such version.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// A file of the version is gone.
    #[error("{path} is not there: nothing was changed; publish the model again")]
    NoFile {
        /// The file.
        path: String,
    },
    /// The file is not the one that its card speaks of.
    #[error(
        "{path} is damaged: its digest is not the one of its card: nothing was changed; publish the model again"
    )]
    OtherDigest {
        /// The file.
        path: String,
    },
}

impl From<StoreError> for PromoteError {
    fn from(error: StoreError) -> Self {
        Self::Document(error.into())
    }
}

/// Digits of a version.
const VERSION_DIGITS: usize = 16;

/// The version that content decides: the first 16 digits of the BLAKE3 of the card's text with its `version` left empty. The
/// card names the ONNX file by its digest, so a version covers both. `version` is what the text says, empty at first.
pub fn content_version(card: &str, version: &str) -> String {
    let said = format!("\"version\": \"{version}\"");
    let blank = card.replacen(&said, "\"version\": \"\"", 1);
    let digest = blake3::hash(blank.as_bytes()).to_hex();
    digest[..VERSION_DIGITS].to_owned()
}

/// The names of the models that have a folder, by rising name.
pub async fn names(out: &Store) -> Result<Vec<String>, StoreError> {
    Ok(out.list_folder(paths::MODELS).await?.1)
}

/// The versions of a model that have a folder, by rising version, which says nothing of their age.
pub async fn versions(out: &Store, name: &str) -> Result<Vec<String>, StoreError> {
    let folder = format!("{}/{name}", paths::MODELS);
    Ok(out.list_folder(&folder).await?.1)
}

/// The version that runs published last; `None` where none did.
pub async fn published(out: &Store, name: &str) -> Result<Option<CurrentModel>, DocumentError> {
    read_json(out, &paths::current_model(name)).await
}

/// The versions of all models that runs published last, by rising name.
pub async fn all_published(out: &Store) -> Result<Vec<CurrentModel>, DocumentError> {
    let mut models = Vec::new();
    for name in names(out).await? {
        models.extend(published(out, &name).await?);
    }
    Ok(models)
}

/// The version that a person has chosen; `None` where nobody has.
pub async fn pinned(out: &Store, name: &str) -> Result<Option<PinnedModel>, DocumentError> {
    read_json(out, &paths::pinned_model(name)).await
}

/// The version to serve: the one that a person chose, or else the one that was published last.
pub async fn live(out: &Store, name: &str) -> Result<Option<LiveModel>, DocumentError> {
    if let Some(pinned) = pinned(out, name).await? {
        return Ok(Some(LiveModel {
            name: pinned.name,
            version: pinned.version,
            digest: pinned.digest,
            pinned: true,
        }));
    }
    let published = published(out, name).await?;
    Ok(published.map(|current| LiveModel {
        name: current.name,
        version: current.version,
        digest: current.digest,
        pinned: false,
    }))
}

/// What of a card says which file it belongs to.
#[derive(Deserialize)]
struct CardDigest {
    onnx_digest: String,
}

/// Makes a version live until [`release`]. The file is read, and its digest compared with the one of its card.
pub async fn promote(out: &Store, name: &str, version: &str) -> Result<PinnedModel, PromoteError> {
    check_version(out, name, version).await?;
    let path = paths::model_file(name, version);
    let card_path = paths::model_card(name, version);
    let no_file = |path: &str| PromoteError::NoFile {
        path: out.locate(path),
    };
    let card: Option<CardDigest> = read_json(out, &card_path).await?;
    let card = card.ok_or_else(|| no_file(&card_path))?;
    let onnx = out.read(&path).await?.ok_or_else(|| no_file(&path))?;
    if blake3::hash(&onnx).to_hex().as_str() != card.onnx_digest {
        return Err(PromoteError::OtherDigest {
            path: out.locate(&path),
        });
    }
    let pinned = PinnedModel {
        name: name.to_owned(),
        version: version.to_owned(),
        digest: card.onnx_digest,
    };
    out.replace(&paths::pinned_model(name), to_pretty_json(&pinned))
        .await?;
    Ok(pinned)
}

/// Lets go of the version that a person chose: the one that was published last is live again. `false` where none was
/// chosen.
pub async fn release(out: &Store, name: &str) -> Result<bool, DocumentError> {
    let path = paths::pinned_model(name);
    let was_pinned = out.fingerprint_of(&path).await?.is_some();
    out.remove(&path).await?;
    Ok(was_pinned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turn::Turn;
    use bytes::Bytes;
    use proto::id::RunId;

    /// A store in which `version`s of `volume` lie and the last one is current.
    async fn store_with(versions: &[&str]) -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let out = Store::open(folder.path().to_str().unwrap()).unwrap();
        for version in versions {
            let onnx = Bytes::from(format!("the model {version}"));
            let digest = blake3::hash(&onnx).to_hex().to_string();
            let card = format!("{{\"onnx_digest\": \"{digest}\"}}");
            let file = paths::model_file("volume", version);
            out.create(&file, onnx).await.unwrap();
            let file = paths::model_card("volume", version);
            out.create(&file, card.into()).await.unwrap();
            let current = CurrentModel {
                name: "volume".to_owned(),
                version: (*version).to_owned(),
                digest,
                run_id: RunId::parse(&format!("{}-1", "0".repeat(16))).unwrap(),
                ended: Turn { epoch: 1, turn: 1 },
            };
            let file = paths::current_model("volume");
            out.replace(&file, to_pretty_json(&current)).await.unwrap();
        }
        (folder, out)
    }

    #[tokio::test]
    async fn a_promoted_version_is_live_until_it_is_released() {
        let (_folder, out) = store_with(&["aa", "bb"]).await;
        let live = async || live(&out, "volume").await.unwrap().unwrap();
        assert_eq!(live().await.version, "bb");
        let pinned = promote(&out, "volume", "aa").await.unwrap();
        assert_eq!(live().await.version, "aa");
        assert_eq!(live().await.digest, pinned.digest);
        assert!(live().await.pinned);
        assert!(release(&out, "volume").await.unwrap());
        assert_eq!(live().await.version, "bb");
        assert!(!release(&out, "volume").await.unwrap());
    }

    #[tokio::test]
    async fn what_is_not_there_or_damaged_is_not_promoted() {
        let (_folder, out) = store_with(&["aa", "bb"]).await;
        let refusal = async |name: &str, version: &str| {
            let refused = promote(&out, name, version).await;
            refused.unwrap_err().to_string()
        };
        assert!(refusal("price", "aa").await.contains("it has volume"));
        assert!(refusal("volume", "cc").await.contains("there are aa, bb"));
        assert!(refusal("volume", "../aa").await.contains("there are"));
        let file = paths::model_file("volume", "aa");
        out.replace(&file, Bytes::from_static(b"torn"))
            .await
            .unwrap();
        assert!(refusal("volume", "aa").await.contains("is damaged"));
        out.remove(&file).await.unwrap();
        assert!(refusal("volume", "aa").await.contains("is not there"));
        assert_eq!(pinned(&out, "volume").await.unwrap(), None);
    }
}

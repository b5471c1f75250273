//! Opening a store.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::throttle::{ThrottleConfig, ThrottledStore};

use super::error::OpenStoreError;

/// A root in a file system or an object store. Paths are relative to it and use `/`.
#[derive(Clone)]
pub struct Store {
    pub(super) objects: Arc<dyn ObjectStore>,
    pub(super) place: Place,
}

#[derive(Clone)]
pub(super) enum Place {
    Folder(PathBuf),
    Url { url: String, prefix: Path },
}

impl Store {
    /// Opens the folder or URL for reading; a folder must be there.
    pub fn open(location: &str) -> Result<Self, OpenStoreError> {
        if location.contains("://") {
            return Self::open_url(location);
        }
        let folder = std::fs::canonicalize(location).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => OpenStoreError::NoFolder(location.into()),
            _ => OpenStoreError::Folder {
                path: location.into(),
                source,
            },
        })?;
        if !folder.is_dir() {
            let source = std::io::Error::from(std::io::ErrorKind::NotADirectory);
            return Err(OpenStoreError::Folder {
                path: folder,
                source,
            });
        }
        let objects =
            LocalFileSystem::new_with_prefix(&folder).map_err(|source| OpenStoreError::Open {
                location: location.to_owned(),
                source,
            })?;
        Ok(Self {
            objects: Arc::new(objects),
            place: Place::Folder(folder),
        })
    }

    /// Opens the folder or URL for writing; a folder is made where it is not there.
    pub fn open_or_create(location: &str) -> Result<Self, OpenStoreError> {
        if !location.contains("://") {
            std::fs::create_dir_all(location).map_err(|source| OpenStoreError::Folder {
                path: location.into(),
                source,
            })?;
        }
        Self::open(location)
    }

    /// An empty store in this process's memory, which goes with its last clone: for simulations. Every operation takes so
    /// long, on the runtime's clock.
    pub fn in_memory(takes: Duration) -> Self {
        let pace = ThrottleConfig {
            wait_delete_per_call: takes,
            wait_get_per_call: takes,
            wait_list_per_call: takes,
            wait_list_with_delimiter_per_call: takes,
            wait_put_per_call: takes,
            ..ThrottleConfig::default()
        };
        Self {
            objects: Arc::new(ThrottledStore::new(InMemory::new(), pace)),
            place: Place::Url {
                url: "memory://".to_owned(),
                prefix: Path::default(),
            },
        }
    }

    #[cfg(feature = "s3")]
    fn open_url(location: &str) -> Result<Self, OpenStoreError> {
        let (objects, prefix) = super::s3::open(location)?;
        let place = Place::Url {
            url: location.trim_end_matches('/').to_owned(),
            prefix,
        };
        Ok(Self {
            objects: Arc::new(objects),
            place,
        })
    }

    #[cfg(not(feature = "s3"))]
    fn open_url(location: &str) -> Result<Self, OpenStoreError> {
        Err(OpenStoreError::NotBuiltIn(location.to_owned()))
    }
}

/// The place alone: what an object store's client knows of credentials is nobody's business.
impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_tuple("Store")
            .field(&self.locate(""))
            .finish()
    }
}

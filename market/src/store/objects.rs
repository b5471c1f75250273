//! The operations of a store.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{CopyMode, CopyOptions, ObjectMeta, ObjectStoreExt, PutPayload};
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::exact::PutIfAbsent;
use super::open::{Place, Store};

/// Objects of a folder that are removed at a time.
const REMOVALS_AT_A_TIME: usize = 8;

/// Whether a put-if-absent wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// The object is new.
    New,
    /// The object was there with the same bytes.
    Same,
}

/// What tells one content of an object from another without reading it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Bytes.
    pub size: u64,
    /// The modification time in nanoseconds since 1970 (`mtime:…`), or the store's entity tag (`etag:…`).
    pub version: String,
}

/// One object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// The path below the store's root.
    pub path: String,
    /// Its size and version.
    pub fingerprint: Fingerprint,
}

impl Store {
    /// The store's root, or an object of it, as a user writes it: an absolute path or a URL. `path` may be empty.
    pub fn locate(&self, path: &str) -> String {
        let root = match &self.place {
            Place::Folder(folder) => folder.display().to_string(),
            Place::Url { url, .. } => url.clone(),
        };
        if path.is_empty() {
            root
        } else {
            format!("{}/{path}", root.trim_end_matches('/'))
        }
    }

    /// The folder, where the store is one.
    pub fn folder(&self) -> Option<&std::path::Path> {
        match &self.place {
            Place::Folder(folder) => Some(folder),
            Place::Url { .. } => None,
        }
    }

    /// An object's bytes and the fingerprint that they had when it was opened.
    pub async fn read_with_fingerprint(
        &self,
        path: &str,
    ) -> Result<(Bytes, Fingerprint), StoreError> {
        let location = self.path(path)?;
        let read = self.until_answered(async || {
            let object = self.objects.get(&location).await?;
            let fingerprint = self.fingerprint(&object.meta);
            Ok((object.bytes().await?, fingerprint))
        });
        read.await
            .map_err(|source| self.failed("read", path, source))
    }

    /// An object's bytes; `None` where there is no such object.
    pub async fn read(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        match self.read_with_fingerprint(path).await {
            Ok((bytes, _)) => Ok(Some(bytes)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// An object's fingerprint; `None` where there is no such object.
    pub async fn fingerprint_of(&self, path: &str) -> Result<Option<Fingerprint>, StoreError> {
        let location = self.path(path)?;
        let looked = self.until_answered(|| self.objects.head(&location)).await;
        match looked {
            Ok(meta) => Ok(Some(self.fingerprint(&meta))),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(self.failed("look at", path, source)),
        }
    }

    /// The objects directly in a folder, and the names of its sub-folders, both by rising path. An absent folder is empty.
    pub async fn list_folder(
        &self,
        path: &str,
    ) -> Result<(Vec<StoredObject>, Vec<String>), StoreError> {
        let prefix = self.path(path)?;
        let listed = self
            .until_answered(|| self.objects.list_with_delimiter(Some(&prefix)))
            .await;
        let listing = match listed {
            Ok(listing) => listing,
            Err(object_store::Error::NotFound { .. }) => return Ok((Vec::new(), Vec::new())),
            Err(source) => return Err(self.failed("list", path, source)),
        };
        let mut objects: Vec<_> = listing
            .objects
            .iter()
            .map(|meta| self.stored_object(meta))
            .collect();
        objects.sort_by(|left, right| left.path.cmp(&right.path));
        let folder_name = |folder: &Path| folder.filename().unwrap_or_default().to_owned();
        let mut folders: Vec<_> = listing.common_prefixes.iter().map(folder_name).collect();
        folders.sort();
        Ok((objects, folders))
    }

    /// Writes an object that must not be there yet, or be there with the same bytes. Nothing is ever overwritten.
    ///
    /// A write that the store took and whose answer was lost is found to be there and the same.
    pub async fn create(&self, path: &str, bytes: Bytes) -> Result<Created, StoreError> {
        match self.put_if_absent(path, &bytes).await? {
            PutIfAbsent::New => Ok(Created::New),
            PutIfAbsent::Same => Ok(Created::Same),
            PutIfAbsent::Other => Err(StoreError::Different {
                path: self.locate(path),
            }),
        }
    }

    /// Writes an object that only one caller can win. `false` where another's is there.
    ///
    /// The bytes must be this caller's alone: they are how it knows its own write, if the answer to it was lost.
    pub async fn claim(&self, path: &str, bytes: Bytes) -> Result<bool, StoreError> {
        let put = self.put_if_absent(path, &bytes).await?;
        Ok(matches!(put, PutIfAbsent::New | PutIfAbsent::Same))
    }

    /// Writes an object over what may be there; readers see the old bytes or the new ones.
    pub async fn replace(&self, path: &str, bytes: Bytes) -> Result<(), StoreError> {
        let location = self.path(path)?;
        let put = self.until_answered(|| {
            let payload = PutPayload::from_bytes(bytes.clone());
            self.objects.put(&location, payload)
        });
        put.await
            .map(|_| ())
            .map_err(|source| self.failed("write", path, source))
    }

    /// Makes `to` the same object as `from`, by a hard link or a copy. `false` where `to` is there already: a folder's is
    /// left as it is, whatever its bytes; an object store's must have the same ones.
    ///
    /// Few object stores can copy on the server without the danger of overwriting; the variable `AWS_COPY_IF_NOT_EXISTS`
    /// tells how, where one can. With the others the bytes are read and written.
    pub async fn link(&self, from: &str, to: &str) -> Result<bool, StoreError> {
        let options = CopyOptions::new().with_mode(CopyMode::Create);
        let copied = self
            .objects
            .copy_opts(&self.path(from)?, &self.path(to)?, options)
            .await;
        match (copied, self.folder()) {
            (Ok(()), _) => Ok(true),
            (Err(object_store::Error::AlreadyExists { .. }), Some(_)) => Ok(false),
            (Err(source), Some(_)) => Err(self.failed("link", to, source)),
            // The server cannot copy so, or has left in doubt whether it did.
            (Err(_), None) => {
                let (bytes, _) = self.read_with_fingerprint(from).await?;
                Ok(self.create(to, bytes).await? == Created::New)
            }
        }
    }

    /// Removes an object, if it is there.
    pub async fn remove(&self, path: &str) -> Result<(), StoreError> {
        let location = self.path(path)?;
        let removed = self.until_answered(|| self.objects.delete(&location)).await;
        match removed {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(self.failed("remove", path, source)),
        }
    }

    /// Removes everything below a folder, and the folder.
    pub async fn remove_folder(&self, path: &str) -> Result<(), StoreError> {
        if let Some(folder) = self.folder() {
            let target = folder.join(path);
            return match std::fs::remove_dir_all(&target) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    let source = object_store::Error::Generic {
                        store: "folder",
                        source: Box::new(source),
                    };
                    Err(self.failed("remove", path, source))
                }
                _ => Ok(()),
            };
        }
        let prefix = self.path(path)?;
        let listed = self
            .until_answered(|| self.objects.list(Some(&prefix)).try_collect())
            .await;
        let objects: Vec<ObjectMeta> =
            listed.map_err(|source| self.failed("list", path, source))?;
        let removals = objects
            .iter()
            .map(|meta| async { self.remove(&self.stored_object(meta).path).await });
        stream::iter(removals)
            .buffer_unordered(REMOVALS_AT_A_TIME)
            .try_collect()
            .await
    }

    pub(super) fn path(&self, path: &str) -> Result<Path, StoreError> {
        let relative = Path::parse(path).map_err(|_| StoreError::BadPath(path.to_owned()))?;
        Ok(match &self.place {
            Place::Folder(_) => relative,
            Place::Url { prefix, .. } => prefix.parts().chain(relative.parts()).collect(),
        })
    }

    fn stored_object(&self, meta: &ObjectMeta) -> StoredObject {
        let location = meta.location.as_ref();
        let below = match &self.place {
            Place::Folder(_) => location,
            Place::Url { prefix, .. } => location
                .strip_prefix(prefix.as_ref())
                .unwrap_or(location)
                .trim_start_matches('/'),
        };
        StoredObject {
            path: below.to_owned(),
            fingerprint: self.fingerprint(meta),
        }
    }

    fn fingerprint(&self, meta: &ObjectMeta) -> Fingerprint {
        let modified = || {
            format!(
                "mtime:{}",
                meta.last_modified.timestamp_nanos_opt().unwrap_or(i64::MAX)
            )
        };
        let version = match (&self.place, &meta.e_tag) {
            // A folder's entity tag holds the inode, which copies of the same tree do not share.
            (Place::Url { .. }, Some(tag)) => format!("etag:{tag}"),
            _ => modified(),
        };
        Fingerprint {
            size: meta.size,
            version,
        }
    }

    pub(super) fn failed(
        &self,
        operation: &'static str,
        path: &str,
        source: object_store::Error,
    ) -> StoreError {
        StoreError::Failed {
            operation,
            path: self.locate(path),
            source,
        }
    }
}

//! A folder or an object store, by the same few operations.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
};
use serde::{Deserialize, Serialize};

/// A root in a file system or an object store. Paths are relative to it and use `/`.
#[derive(Debug, Clone)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    Folder(PathBuf),
    #[cfg_attr(
        not(feature = "s3"),
        expect(dead_code, reason = "made by the feature s3 alone")
    )]
    Url {
        url: String,
        prefix: Path,
    },
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenStoreError {
    /// The folder is not there.
    #[error("folder {0} does not exist: check the path")]
    NoFolder(PathBuf),
    /// The folder cannot be made or used.
    #[error("cannot use folder {path}: {source}{}", folder_advice(source))]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The path or URL cannot be used by the object store's library.
    #[error("cannot open {location}: {source}")]
    Open {
        /// The path or URL.
        location: String,
        /// What the library says.
        source: object_store::Error,
    },
    /// Object stores are not in this build.
    #[error(
        "cannot open {0}: this build has no object stores: build with `--features s3`, or give a folder"
    )]
    NotBuiltIn(String),
}

impl OpenStoreError {
    /// Whether the location cannot be meant: no leave and no room in the world make it a store.
    pub fn is_bad_usage(&self) -> bool {
        match self {
            Self::NoFolder(_) | Self::NotBuiltIn(_) | Self::Open { .. } => true,
            Self::Folder { source, .. } => is_no_folder(source),
        }
    }
}

fn is_no_folder(source: &std::io::Error) -> bool {
    use std::io::ErrorKind::{AlreadyExists, NotADirectory};
    matches!(source.kind(), AlreadyExists | NotADirectory)
}

/// What the user can do about a folder that cannot be used, appended to the error's text.
fn folder_advice(source: &std::io::Error) -> &'static str {
    use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    match source.kind() {
        PermissionDenied | ReadOnlyFilesystem => ": check the permissions",
        _ if is_no_folder(source) => ": a file is in its way, give a folder",
        _ => "",
    }
}

/// Why an operation on a store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store's answer.
    #[error("cannot {operation} {path}: {source}{}", advice(source))]
    Failed {
        /// What was tried.
        operation: &'static str,
        /// On what.
        path: String,
        /// What the store says.
        source: object_store::Error,
    },
    /// The bytes to be written differ from those that are there.
    #[error(
        "{path} is there already with other bytes: the same input must make the same output; nothing was overwritten"
    )]
    Different {
        /// The object.
        path: String,
    },
    /// The file system did not confirm that everything is on disk.
    #[error("cannot sync {path}: {source}")]
    Sync {
        /// The root.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A name that no path can be made of.
    #[error("cannot make a path of `{0}`")]
    BadPath(String),
}

impl StoreError {
    /// Whether there is no such object.
    pub fn is_not_found(&self) -> bool {
        matches!(
            self,
            Self::Failed {
                source: object_store::Error::NotFound { .. },
                ..
            }
        )
    }

    /// Whether trying again is of no use until a person has made room, or given leave.
    pub fn needs_a_person(&self) -> bool {
        match self {
            Self::Failed { source, .. } => !advice(source).is_empty(),
            Self::Different { .. } | Self::Sync { .. } | Self::BadPath(_) => true,
        }
    }
}

/// What the user can do about a store's error, appended to its text.
fn advice(source: &object_store::Error) -> &'static str {
    use std::io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    let mut cause: Option<&dyn std::error::Error> = Some(source);
    while let Some(error) = cause {
        match error
            .downcast_ref::<std::io::Error>()
            .map(std::io::Error::kind)
        {
            Some(StorageFull | QuotaExceeded) => {
                return ": free some space and run again; what is done is kept";
            }
            Some(PermissionDenied | ReadOnlyFilesystem) => {
                return ": check the permissions, then run again";
            }
            _ => cause = error.source(),
        }
    }
    ""
}

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

    #[cfg(feature = "s3")]
    fn open_url(location: &str) -> Result<Self, OpenStoreError> {
        let fail = |source| OpenStoreError::Open {
            location: location.to_owned(),
            source,
        };
        let generic =
            |source: Box<dyn std::error::Error + Send + Sync>| object_store::Error::Generic {
                store: "url",
                source,
            };
        let url = url::Url::parse(location).map_err(|error| fail(generic(error.into())))?;
        let environment = std::env::vars().filter(|(name, _)| name.starts_with("AWS_"));
        let environment = environment.map(|(name, value)| (name.to_ascii_lowercase(), value));
        let (objects, prefix) = object_store::parse_url_opts(&url, environment).map_err(fail)?;
        let place = Place::Url {
            url: location.trim_end_matches('/').to_owned(),
            prefix,
        };
        Ok(Self {
            objects: objects.into(),
            place,
        })
    }

    #[cfg(not(feature = "s3"))]
    fn open_url(location: &str) -> Result<Self, OpenStoreError> {
        Err(OpenStoreError::NotBuiltIn(location.to_owned()))
    }

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
        let object = self
            .objects
            .get(&location)
            .await
            .map_err(|source| self.failed("read", path, source))?;
        let fingerprint = self.fingerprint(&object.meta);
        let bytes = object
            .bytes()
            .await
            .map_err(|source| self.failed("read", path, source))?;
        Ok((bytes, fingerprint))
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
        match self.objects.head(&self.path(path)?).await {
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
        let listing = match self.objects.list_with_delimiter(Some(&prefix)).await {
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
        let options = PutOptions::from(PutMode::Create);
        match self
            .objects
            .put_opts(
                &self.path(path)?,
                PutPayload::from_bytes(bytes.clone()),
                options,
            )
            .await
        {
            Ok(_) => Ok(Created::New),
            Err(object_store::Error::AlreadyExists { .. }) => match self.read(path).await? {
                Some(there) if there == bytes => Ok(Created::Same),
                _ => Err(StoreError::Different {
                    path: self.locate(path),
                }),
            },
            Err(source) => Err(self.failed("write", path, source)),
        }
    }

    /// Writes an object that only one caller can win. `false` where it was there already, whatever its bytes.
    pub async fn claim(&self, path: &str, bytes: Bytes) -> Result<bool, StoreError> {
        let options = PutOptions::from(PutMode::Create);
        match self
            .objects
            .put_opts(&self.path(path)?, PutPayload::from_bytes(bytes), options)
            .await
        {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(source) => Err(self.failed("write", path, source)),
        }
    }

    /// Writes an object over what may be there; readers see the old bytes or the new ones.
    pub async fn replace(&self, path: &str, bytes: Bytes) -> Result<(), StoreError> {
        let put = self
            .objects
            .put(&self.path(path)?, PutPayload::from_bytes(bytes))
            .await;
        put.map(|_| ())
            .map_err(|source| self.failed("write", path, source))
    }

    /// Makes `to` the same object as `from`, by a hard link or a copy on the server. `false` where `to` is there already.
    pub async fn link(&self, from: &str, to: &str) -> Result<bool, StoreError> {
        let options = CopyOptions::new().with_mode(CopyMode::Create);
        match self
            .objects
            .copy_opts(&self.path(from)?, &self.path(to)?, options)
            .await
        {
            Ok(()) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(source) => Err(self.failed("link", to, source)),
        }
    }

    /// Removes an object, if it is there.
    pub async fn remove(&self, path: &str) -> Result<(), StoreError> {
        match self.objects.delete(&self.path(path)?).await {
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
        let objects: Vec<ObjectMeta> = self
            .objects
            .list(Some(&prefix))
            .try_collect()
            .await
            .map_err(|source| self.failed("list", path, source))?;
        for meta in objects {
            self.objects
                .delete(&meta.location)
                .await
                .map_err(|source| self.failed("remove", path, source))?;
        }
        Ok(())
    }

    /// Removes what killed writers left below a folder: staged files, named `NAME#N` beside `NAME`. Returns how many.
    ///
    /// Object stores stage nothing that anyone sees. Only the holder of the store's epoch may call this.
    pub fn sweep(&self, path: &str) -> usize {
        let Some(folder) = self.folder() else {
            return 0;
        };
        let mut swept = 0;
        let mut folders = vec![folder.join(path)];
        while let Some(folder) = folders.pop() {
            swept += sweep_files(&folder, &mut folders);
        }
        swept
    }

    /// As [`Store::sweep`], for the files directly in the store's root.
    pub fn sweep_root(&self) -> usize {
        self.folder()
            .map_or(0, |folder| sweep_files(folder, &mut Vec::new()))
    }

    /// Returns when everything written so far survives a loss of power.
    ///
    /// A folder's whole file system is synced at once, which costs less than one sync for each of thousands of files;
    /// an object store has done so with each write.
    pub fn sync(&self) -> Result<(), StoreError> {
        let Some(folder) = self.folder() else {
            return Ok(());
        };
        let sync = || -> std::io::Result<()> { sync_file_system(folder) };
        sync().map_err(|source| StoreError::Sync {
            path: self.locate(""),
            source,
        })
    }

    fn path(&self, path: &str) -> Result<Path, StoreError> {
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

    fn failed(
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

/// Removes the staged files directly in a folder, adds its folders to `folders`, and returns how many files it removed.
fn sweep_files(folder: &std::path::Path, folders: &mut Vec<PathBuf>) -> usize {
    let mut swept = 0;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let staged = entry.file_name().to_str().is_some_and(is_staged);
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => folders.push(entry.path()),
            Ok(_) if staged => swept += usize::from(std::fs::remove_file(entry.path()).is_ok()),
            _ => {}
        }
    }
    swept
}

/// Whether a local writer of `object_store` may have left this file: its name ends in `#` and digits.
fn is_staged(name: &str) -> bool {
    name.rsplit_once('#').is_some_and(|(_, digits)| {
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(target_os = "linux")]
fn sync_file_system(folder: &std::path::Path) -> std::io::Result<()> {
    rustix::fs::syncfs(std::fs::File::open(folder)?)?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn sync_file_system(_folder: &std::path::Path) -> std::io::Result<()> {
    rustix::fs::sync();
    Ok(())
}

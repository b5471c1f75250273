//! What can go wrong with a store, and what a person can do about it.

use std::path::PathBuf;

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
        "cannot open {0}: this build has no object stores: build without `--no-default-features`, or give a folder"
    )]
    NotBuiltIn(String),
    /// A URL of something else than an object store of the S3 kind.
    #[error("cannot open {0}: give a folder, or s3://bucket/prefix")]
    NotS3(String),
    /// The environment names a server without TLS, and does not say that this is meant.
    #[error(
        "cannot open {location}: {endpoint} has no TLS, and anyone on the way can read and change what is sent: \
         use https://, or set AWS_ALLOW_HTTP=true if the way is safe"
    )]
    PlainHttp {
        /// The URL.
        location: String,
        /// The server.
        endpoint: String,
    },
}

impl OpenStoreError {
    /// Whether the location cannot be meant: no leave and no room in the world make it a store.
    pub fn is_bad_usage(&self) -> bool {
        match self {
            Self::NoFolder(_)
            | Self::NotBuiltIn(_)
            | Self::NotS3(_)
            | Self::PlainHttp { .. }
            | Self::Open { .. } => true,
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

/// Whether a file system has said what is wrong.
fn has_system_error(source: &object_store::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(source);
    while let Some(error) = cause {
        if error.is::<std::io::Error>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// What the user can do about a store's error, appended to its text.
fn advice(source: &object_store::Error) -> &'static str {
    use object_store::Error;
    use std::io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    if let Error::PermissionDenied { .. } | Error::Unauthenticated { .. } = source
        && !has_system_error(source)
    {
        return ": check the credentials in the variables AWS_… and what they may do, then run again";
    }
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

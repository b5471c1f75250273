//! The proof that a store can be an output: that of several writers of one object exactly one is told that it wrote.

use bytes::Bytes;
use futures::future::join_all;

use super::error::StoreError;
use super::exact::PutIfAbsent;
use super::open::{Place, Store};

/// Writers that race for one object.
const RACING: usize = 8;

/// Why a store cannot be an output.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The store does not do what is asked at all.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The object store wrote over an object that was there.
    #[error(
        "{location} cannot be an output: its server {fault}, so two runs could destroy each other's files: use a server and \
         version with conditional writes (`If-None-Match: *`), as Amazon S3, MinIO, Ceph and Cloudflare R2 have them, or give a folder"
    )]
    NotConditional {
        /// The store's root.
        location: String,
        /// What it did.
        fault: String,
    },
    /// The folder's file system cannot publish a file under its name at once.
    #[error(
        "{location} cannot be an output: its file system has no hard links ({source}): give a folder on another, such as ext4, xfs or apfs"
    )]
    NoHardLinks {
        /// The folder.
        location: String,
        /// What the system says.
        source: object_store::Error,
    },
}

impl Store {
    /// Proves that the store honours put-if-absent, which everything that is written relies on, or says that it does not.
    ///
    /// For an object store: a second write of an object must be refused, of eight racing ones exactly one must win, and a
    /// copy must not replace what is there. For a folder: its file system must have hard links. `path` is a name that
    /// nobody else uses at any time; objects of this name, with endings, are written and removed again.
    pub async fn probe(&self, path: &str) -> Result<(), ProbeError> {
        if let Place::Folder(_) = self.place {
            return self.probe_folder(path).await;
        }
        let (once, raced) = (format!("{path}-once"), format!("{path}-raced"));
        let honoured = self.probe_writes(&once, &raced).await;
        // Also after a failure, which is what is told then.
        let removed = self.remove(&once).await.and(self.remove(&raced).await);
        honoured?;
        Ok(removed?)
    }

    async fn probe_folder(&self, path: &str) -> Result<(), ProbeError> {
        match self.put_if_absent(path, &Bytes::from_static(b"{}")).await {
            Err(StoreError::Failed { source, .. }) if has_no_links(&source) => {
                return Err(ProbeError::NoHardLinks {
                    location: self.locate(""),
                    source,
                });
            }
            put => put?,
        };
        Ok(self.remove(path).await?)
    }

    async fn probe_writes(&self, once: &str, raced: &str) -> Result<(), ProbeError> {
        let not_conditional = |fault: String| ProbeError::NotConditional {
            location: self.locate(""),
            fault,
        };
        self.create(once, writer(RACING)).await?;
        if self.put_if_absent(once, &writer(0)).await? != PutIfAbsent::Other {
            let fault = "wrote over an object that was to be written only if absent";
            return Err(not_conditional(fault.to_owned()));
        }
        let race = join_all((0..RACING).map(|number| self.claim(raced, writer(number)))).await;
        let won: Vec<bool> = race.into_iter().collect::<Result<_, _>>()?;
        let winners: Vec<usize> = (0..RACING).filter(|number| won[*number]).collect();
        if winners.len() != 1 {
            let winners = winners.len();
            let fault = format!(
                "told {winners} of {RACING} racing writers that their object was written, not one"
            );
            return Err(not_conditional(fault));
        }
        match self.link(once, raced).await {
            Err(StoreError::Different { .. }) => Ok(()),
            Ok(_) => {
                let fault = "copied over an object that was to be written only if absent";
                Err(not_conditional(fault.to_owned()))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// What a writer of a probe writes.
fn writer(number: usize) -> Bytes {
    format!("{{\"writer\":{number}}}").into()
}

/// Whether an error of a folder says that its file system has no hard links. A lack of rights has another number.
fn has_no_links(source: &object_store::Error) -> bool {
    use rustix::io::Errno;
    let mut cause: Option<&dyn std::error::Error> = Some(source);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            let number = error.raw_os_error();
            return [Errno::PERM, Errno::NOTSUP, Errno::OPNOTSUPP, Errno::NOSYS]
                .iter()
                .any(|none| number == Some(none.raw_os_error()));
        }
        cause = error.source();
    }
    false
}

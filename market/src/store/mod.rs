//! A folder or an object store, by the same few operations.

mod error;
mod exact;
mod folder;
mod objects;
mod open;
mod probe;
#[cfg(feature = "s3")]
mod s3;
#[cfg(test)]
mod tests;

pub use error::{OpenStoreError, StoreError};
pub use objects::{Created, Fingerprint, StoredObject};
pub use open::Store;
pub use probe::ProbeError;

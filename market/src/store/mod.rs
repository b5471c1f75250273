//! A folder or an object store, by the same few operations.

mod error;
mod folder;
mod objects;
mod open;

pub use error::{OpenStoreError, StoreError};
pub use objects::{Created, Fingerprint, StoredObject};
pub use open::Store;

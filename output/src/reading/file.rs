//! The bytes of a feature file, as they were committed.

use bytes::Bytes;
use market::store::Store;

use super::completed::{CompletedRun, FeatureFile};
use super::error::ReadError;
use crate::paths;

/// A feature file in memory. Whether it is the one that was committed is known after [`StoredFile::check`].
#[derive(Debug)]
pub struct StoredFile {
    bytes: Bytes,
    /// Where it is, for errors.
    pub location: String,
}

impl StoredFile {
    /// Reads a file of the run.
    pub async fn read(
        out: &Store,
        run: &CompletedRun,
        file: &FeatureFile,
    ) -> Result<Self, ReadError> {
        let path = format!("{}/{}.parquet", paths::features(&run.run), file.symbol);
        let location = out.locate(&path);
        match out.read(&path).await? {
            Some(bytes) => Ok(Self { bytes, location }),
            None => Err(ReadError::MissingFile { path: location }),
        }
    }

    /// The bytes, if their digest, in lower-case hexadecimal, is `blake3`. It takes the time of hashing them.
    pub fn check(self, blake3: &str) -> Result<Bytes, ReadError> {
        if blake3::hash(&self.bytes).to_hex().as_str() == blake3 {
            return Ok(self.bytes);
        }
        Err(ReadError::OtherDigest {
            path: self.location,
        })
    }
}

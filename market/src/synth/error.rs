//! Why a synthetic market was not written.

use std::io;
use std::path::PathBuf;

/// Why [`write_market`](super::write_market) failed.
///
/// After [`SynthError::Write`] the folder holds a part of the market. The list is written last, so
/// a folder with the list is a complete market.
#[derive(Debug, thiserror::Error)]
pub enum SynthError {
    /// The size asked for is impossible; all that is wrong with it is named at once.
    #[error("cannot make this synthetic market: {}", problems.join("; "))]
    InvalidSize {
        /// One sentence for each bad value, saying what is allowed.
        problems: Vec<String>,
    },
    /// The folder has a market, or a part of one, already. Nothing was written.
    #[error("{} is already there: choose another folder, or remove it first", path.display())]
    AlreadyThere {
        /// What is in the way.
        path: PathBuf,
    },
    /// A folder or file could not be written.
    #[error("cannot write {}: check that its folder is writable and the disk has space", path.display())]
    Write {
        /// The folder or file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

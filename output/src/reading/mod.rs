//! Reading the features of completed runs, in bounded memory.

mod completed;
mod error;
mod file;
mod rows;
mod selection;

pub use completed::{CompletedRun, CompletedRuns, FeatureFile};
pub use error::ReadError;
pub use file::StoredFile;
pub use rows::batches;
pub use selection::Selection;

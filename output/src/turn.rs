//! The order of what happens in an output.

use serde::{Deserialize, Serialize};

/// A moment in the life of an output: the epoch, and the turn within it. Later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Turn {
    /// The epoch.
    pub epoch: u64,
    /// Counts the plans and the endings of the epoch.
    #[serde(default)]
    pub turn: u64,
}

//! The operations that a feature can declare.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a feature makes of the rows of its window. Serialised in snake case.
///
/// All give float64, and null where a row of the window is null or the result is not finite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", try_from = "String")]
pub enum Operation {
    /// Arithmetic mean.
    Mean,
    /// Middle value, or the mean of the two middle ones.
    Median,
    /// Sum.
    Sum,
    /// Least value.
    Min,
    /// Greatest value.
    Max,
    /// Sample standard deviation, with one degree of freedom removed; a window of 1 gives null.
    Std,
    /// The value as many rows before as the window says; the rows between are not looked at.
    Lag,
}

impl Operation {
    /// All operations, in the order in which messages list them.
    pub const ALL: [Self; 7] = [
        Self::Mean,
        Self::Median,
        Self::Sum,
        Self::Min,
        Self::Max,
        Self::Std,
        Self::Lag,
    ];

    /// The serialised name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Median => "median",
            Self::Sum => "sum",
            Self::Min => "min",
            Self::Max => "max",
            Self::Std => "std",
            Self::Lag => "lag",
        }
    }
}

impl TryFrom<String> for Operation {
    type Error = OperationError;

    fn try_from(name: String) -> Result<Self, OperationError> {
        if name == "lead" {
            return Err(OperationError::LooksAhead);
        }
        let known = Self::ALL
            .into_iter()
            .find(|operation| operation.name() == name);
        known.ok_or(OperationError::Unknown { name })
    }
}

/// Why a name is not that of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OperationError {
    /// The name is `lead`: a feature that looks ahead would tell a model what it is to predict.
    #[error(
        "operation `lead` looks ahead, and looking ahead is for targets alone: declare it as the target"
    )]
    LooksAhead,
    /// The name is of no operation.
    #[error("operation `{name}` is unknown: use one of mean, median, sum, min, max, std, lag")]
    Unknown {
        /// The name as declared.
        name: String,
    },
}

//! What a user can set about the training of a forest.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The most trees that a forest may have: a bound on time and file size, far beyond use.
pub const MAX_TREES: usize = 10_000;

/// The parameters of a random forest. Every field decides the model's bytes; field order is that of the card.
///
/// Each tree sees all features at each split and as many rows as the training set, drawn with replacement, which
/// are scikit-learn's defaults for `RandomForestRegressor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ForestParameters {
    /// The number of trees, from 1 to [`MAX_TREES`].
    pub trees: usize,
    /// The fewest rows in a leaf, at least 1.
    ///
    /// A row drawn twice by the bootstrap counts twice, as in smartcore; scikit-learn counts it once, so at equal
    /// values its trees are smaller.
    pub min_rows_per_leaf: usize,
    /// The most splits between the root and a leaf, at least 1; no limit where `None`.
    pub max_depth: Option<u16>,
    /// Where the draws start. The same seed gives the same forest.
    pub seed: u64,
}

/// A parameter outside its range.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParametersError {
    /// No trees, or too many.
    #[error("the number of trees is {trees}: set it from 1 to {MAX_TREES}")]
    Trees {
        /// What was given.
        trees: usize,
    },
    /// Leaves without rows.
    #[error("the fewest rows in a leaf are 0: set at least 1")]
    MinRowsPerLeaf,
    /// A tree without splits.
    #[error("the greatest depth is 0: set at least 1, or leave it out for no limit")]
    MaxDepth,
}

impl Default for ForestParameters {
    /// 100 trees, 5 rows a leaf, no limit of depth, seed 0.
    fn default() -> Self {
        Self {
            trees: 100,
            min_rows_per_leaf: 5,
            max_depth: None,
            seed: 0,
        }
    }
}

impl ForestParameters {
    /// Checks every range, and gives the first that is broken.
    pub fn validate(&self) -> Result<(), ParametersError> {
        if self.trees == 0 || self.trees > MAX_TREES {
            return Err(ParametersError::Trees { trees: self.trees });
        }
        if self.min_rows_per_leaf == 0 {
            return Err(ParametersError::MinRowsPerLeaf);
        }
        if self.max_depth == Some(0) {
            return Err(ParametersError::MaxDepth);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_valid_and_fills_missing_fields() {
        let parameters: ForestParameters = serde_json::from_str(r#"{"trees": 7}"#).unwrap();
        assert_eq!(
            parameters,
            ForestParameters {
                trees: 7,
                ..ForestParameters::default()
            }
        );
        assert_eq!(parameters.validate(), Ok(()));
        assert!(serde_json::from_str::<ForestParameters>(r#"{"tree": 7}"#).is_err());
    }

    #[test]
    fn refuses_values_out_of_range() {
        let default = ForestParameters::default;
        assert_eq!(
            ForestParameters {
                trees: 0,
                ..default()
            }
            .validate(),
            Err(ParametersError::Trees { trees: 0 })
        );
        assert_eq!(
            ForestParameters {
                min_rows_per_leaf: 0,
                ..default()
            }
            .validate(),
            Err(ParametersError::MinRowsPerLeaf)
        );
        assert_eq!(
            ForestParameters {
                max_depth: Some(0),
                ..default()
            }
            .validate(),
            Err(ParametersError::MaxDepth)
        );
    }
}

//! Boosted trees on coded inputs: what a booster is given and what it gives back.

use crate::forest::Forest;
use crate::panel::Panel;
use crate::parameters::MAX_TREES;
use serde::{Deserialize, Serialize};
use std::error::Error as StdError;
use thiserror::Error;

/// The most leaves that a tree may have: one for each row of any training set that is worth boosting.
pub const MAX_LEAVES: usize = 65_536;

/// The parameters of boosted trees. Every field decides the model's bytes; field order is that of the card.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BoostParameters {
    /// The number of trees, from 1 to [`MAX_TREES`].
    pub trees: usize,
    /// The most leaves of a tree, from 2 to [`MAX_LEAVES`]. The split that gains most comes first.
    pub leaves: usize,
    /// The share of each tree's step that is taken, more than 0 and at most 1.
    pub learning_rate: f64,
    /// The fewest rows in a leaf, at least 1.
    pub min_rows_per_leaf: usize,
    /// The share of the inputs that a tree may split on, more than 0 and at most 1; drawn anew for each tree.
    pub input_share: f64,
    /// Where the draws of inputs start. The same seed gives the same trees.
    pub seed: u64,
}

/// A parameter outside its range.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum BoostParametersError {
    /// No trees, or too many.
    #[error("the number of trees is {trees}: set it from 1 to {MAX_TREES}")]
    Trees {
        /// What was given.
        trees: usize,
    },
    /// Trees without a split, or too large.
    #[error("the most leaves of a tree are {leaves}: set them from 2 to {MAX_LEAVES}")]
    Leaves {
        /// What was given.
        leaves: usize,
    },
    /// Leaves without rows.
    #[error("the fewest rows in a leaf are 0: set at least 1")]
    MinRowsPerLeaf,
    /// A share that is none.
    #[error("the {share} is {value}: set it above 0 and at most 1")]
    Share {
        /// Which share.
        share: &'static str,
        /// What was given.
        value: f64,
    },
}

impl Default for BoostParameters {
    /// 100 trees of 63 leaves, learning rate 0.1, 20 rows a leaf, all inputs, seed 0.
    fn default() -> Self {
        Self {
            trees: 100,
            leaves: 63,
            learning_rate: 0.1,
            min_rows_per_leaf: 20,
            input_share: 1.0,
            seed: 0,
        }
    }
}

impl BoostParameters {
    /// Checks every range, and gives the first that is broken.
    pub fn validate(&self) -> Result<(), BoostParametersError> {
        if self.trees == 0 || self.trees > MAX_TREES {
            return Err(BoostParametersError::Trees { trees: self.trees });
        }
        if self.leaves < 2 || self.leaves > MAX_LEAVES {
            return Err(BoostParametersError::Leaves {
                leaves: self.leaves,
            });
        }
        if self.min_rows_per_leaf == 0 {
            return Err(BoostParametersError::MinRowsPerLeaf);
        }
        let shares = [
            ("learning rate", self.learning_rate),
            ("share of inputs", self.input_share),
        ];
        for (share, value) in shares {
            if !(value > 0.0 && value <= 1.0) {
                return Err(BoostParametersError::Share { share, value });
            }
        }
        Ok(())
    }
}

/// Some rows of a panel, of which something can be learnt: labels differ, and so do the codes of some input.
#[derive(Clone, Copy, Debug)]
pub struct BoostRows<'a> {
    panel: &'a Panel,
    rows: &'a [u32],
}

/// Why no trees could be boosted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BoostError {
    /// A parameter outside its range.
    #[error(transparent)]
    Parameters(#[from] BoostParametersError),
    /// Nothing to learn from.
    #[error("no rows were given to boost on: take more tickers or longer histories")]
    NoRows,
    /// A row that the panel does not have.
    #[error("row {row} to boost on does not exist: the panel has {rows} rows")]
    MissingRow {
        /// The row, counted from 0.
        row: u32,
        /// The rows of the panel.
        rows: usize,
    },
    /// Every label is the same.
    #[error(
        "the target never changes against today's volume: take more tickers or longer histories"
    )]
    ConstantLabel,
    /// Every row has the same inputs.
    #[error("no input ever changes, so there is nothing to split on: declare other features")]
    ConstantInputs,
    /// The booster's library refused the data.
    #[error("{library} could not boost the trees")]
    Fit {
        /// The library.
        library: &'static str,
        /// Its own reason.
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl<'a> BoostRows<'a> {
    /// The given rows of the panel, in the order that is given, which is part of what a booster is given.
    ///
    /// Errors where there are none, one does not exist, all have one label, or no input has two codes.
    pub fn new(panel: &'a Panel, rows: &'a [u32]) -> Result<Self, BoostError> {
        let first = *rows.first().ok_or(BoostError::NoRows)? as usize;
        let panel_rows = panel.row_count();
        if let Some(row) = rows.iter().find(|row| **row as usize >= panel_rows) {
            return Err(BoostError::MissingRow {
                row: *row,
                rows: panel_rows,
            });
        }
        let label = panel.label(first).to_bits();
        let mut others = rows.iter().map(|row| *row as usize);
        if others.all(|row| panel.label(row).to_bits() == label) {
            return Err(BoostError::ConstantLabel);
        }
        let mut inputs = panel.columns().codes.iter();
        if inputs.all(|codes| rows.iter().all(|row| codes[*row as usize] == codes[first])) {
            return Err(BoostError::ConstantInputs);
        }
        Ok(Self { panel, rows })
    }

    /// The panel.
    pub fn panel(&self) -> &'a Panel {
        self.panel
    }

    /// The positions in the panel, at least two.
    pub fn rows(&self) -> &'a [u32] {
        self.rows
    }
}

/// What boosting gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// The sum of the trees, which is the label: the log ratio of tomorrow's volume to today's. Its features are the
    /// panel's inputs as float32 numbers, before they were coded; thresholds lie on the grid.
    pub forest: Forest,
    /// What the splits on each input gained in all trees, in the booster's own unit and the order of inputs; 0 where
    /// there are none.
    pub gain: Vec<f64>,
}

/// A learner of least absolute errors by boosting.
pub trait Booster {
    /// Boosts trees on the labels of the rows.
    ///
    /// Runs on the current rayon pool. What is fitted depends on the values of the rows, their order and
    /// `parameters` alone, never on the number of threads. `progress` is called from one thread at a time with the
    /// number of trees that have just been finished; the numbers add up to `parameters.trees`.
    fn fit(
        &self,
        rows: BoostRows<'_>,
        parameters: &BoostParameters,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<Fitted, BoostError>;
}

#[cfg(test)]
mod tests;

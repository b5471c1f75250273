//! The search space of a tuning: from where to where each parameter of boosted trees is tried.

use crate::boost::{BoostParameters, BoostParametersError};
use crate::splitmix::splitmix64;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A range for each parameter: its lowest and its highest value, both included. Field order is that of a tuning's
/// outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SearchSpace {
    /// The number of trees.
    pub trees: [usize; 2],
    /// The most leaves of a tree.
    pub leaves: [usize; 2],
    /// The share of each tree's step that is taken.
    pub learning_rate: [f64; 2],
    /// The fewest rows in a leaf.
    pub min_rows_per_leaf: [usize; 2],
    /// The share of the inputs that a tree may split on.
    pub input_share: [f64; 2],
}

/// A range that nothing can be drawn from. `parameter` is its field of [`SearchSpace`].
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum SearchSpaceError {
    /// A range without a value.
    #[error(
        "the search of {parameter} goes from {lowest} to {highest}, which is no range: \
         set the lowest value to at most the highest"
    )]
    Empty {
        /// The parameter.
        parameter: &'static str,
        /// The lowest value.
        lowest: f64,
        /// The highest value, which is lower.
        highest: f64,
    },
    /// An end that trees cannot be boosted with.
    #[error("an end of the search of {parameter} is no value of it: {source}")]
    End {
        /// The parameter.
        parameter: &'static str,
        /// Why not.
        source: BoostParametersError,
    },
}

impl Default for SearchSpace {
    /// 40 to 160 trees of 15 to 127 leaves, learning rates of 0.05 to 0.3, 5 to 100 rows a leaf, and half of the inputs
    /// to all.
    fn default() -> Self {
        Self {
            trees: [40, 160],
            leaves: [15, 127],
            learning_rate: [0.05, 0.3],
            min_rows_per_leaf: [5, 100],
            input_share: [0.5, 1.0],
        }
    }
}

impl SearchSpace {
    /// Checks every range, and gives the first that is broken.
    pub fn validate(&self) -> Result<(), SearchSpaceError> {
        let with = BoostParameters::default;
        let whole = |ends: [usize; 2]| ends.map(|end| end as f64);
        let ranges = [
            (
                "trees",
                whole(self.trees),
                self.trees.map(|trees| BoostParameters { trees, ..with() }),
            ),
            (
                "leaves",
                whole(self.leaves),
                self.leaves
                    .map(|leaves| BoostParameters { leaves, ..with() }),
            ),
            (
                "learning_rate",
                self.learning_rate,
                self.learning_rate.map(|learning_rate| BoostParameters {
                    learning_rate,
                    ..with()
                }),
            ),
            (
                "min_rows_per_leaf",
                whole(self.min_rows_per_leaf),
                self.min_rows_per_leaf
                    .map(|min_rows_per_leaf| BoostParameters {
                        min_rows_per_leaf,
                        ..with()
                    }),
            ),
            (
                "input_share",
                self.input_share,
                self.input_share.map(|input_share| BoostParameters {
                    input_share,
                    ..with()
                }),
            ),
        ];
        for (parameter, [lowest, highest], ends) in ranges {
            for end in ends {
                end.validate()
                    .map_err(|source| SearchSpaceError::End { parameter, source })?;
            }
            if lowest > highest {
                return Err(SearchSpaceError::Empty {
                    parameter,
                    lowest,
                    highest,
                });
            }
        }
        Ok(())
    }

    /// The parameters of trial number `trial`. They are valid and within the ranges, where these are
    /// [valid](SearchSpace::validate), and keep the seed of `configured`.
    ///
    /// Each number depends on `seed`, `trial`, its own range and which parameter it is alone. The share of inputs is
    /// equally likely anywhere in its range, and so are the logarithms of the other four, as ten trees more matter to
    /// 20 and not to 2,000. Learning rate and share of inputs have three significant digits, or are an end of their
    /// range.
    ///
    /// Panics where a range is empty.
    pub fn draw(&self, seed: u64, trial: usize, configured: &BoostParameters) -> BoostParameters {
        let of_trial = splitmix64(seed, trial as u64);
        // Numbers of parameters decide what is drawn: a new one goes to the end.
        let even = |parameter| even_draw(of_trial, parameter);
        BoostParameters {
            trees: whole_number(self.trees, even(0)),
            leaves: whole_number(self.leaves, even(1)),
            learning_rate: three_digits(
                self.learning_rate,
                log_between(self.learning_rate, even(2)),
            ),
            min_rows_per_leaf: whole_number(self.min_rows_per_leaf, even(3)),
            input_share: three_digits(self.input_share, between(self.input_share, even(4))),
            seed: configured.seed,
        }
    }
}

/// Draw number `position` of the stream `seed`, evenly from 0 to 1, without 1.
fn even_draw(seed: u64, position: u64) -> f64 {
    (splitmix64(seed, position) >> 11) as f64 / (1_u64 << 53) as f64
}

/// What lies `part` of the way from the lowest to the highest.
fn between([lowest, highest]: [f64; 2], part: f64) -> f64 {
    lowest + part * (highest - lowest)
}

/// What lies `part` of the way from the lowest to the highest, which are above 0, by their logarithms.
fn log_between(ends: [f64; 2], part: f64) -> f64 {
    // libm rather than the platform's, so that the bits are the same on every machine.
    libm::exp(between(ends.map(libm::log), part))
}

/// A whole number of a range: the nearest to what lies `part` of the way, by logarithms, from half below the lowest to
/// half above the highest, so that the ends are no less likely than their neighbours.
fn whole_number([lowest, highest]: [usize; 2], part: f64) -> usize {
    let number = log_between([lowest as f64 - 0.5, highest as f64 + 0.5], part);
    (number.round() as usize).clamp(lowest, highest)
}

/// `number` to three significant digits, for people to copy, or the end of the range that it would pass.
fn three_digits([lowest, highest]: [f64; 2], number: f64) -> f64 {
    let rounded: f64 = format!("{number:.2e}")
        .parse()
        .expect("a number that was written can be read");
    rounded.clamp(lowest, highest)
}

#[cfg(test)]
mod tests;

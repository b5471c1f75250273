//! A tuning: which parameters are tried, and which of them go on, round by round, so that most of the work goes to the
//! best ("successive halving": Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter
//! optimization", 2016).

use crate::boost::BoostParameters;
use crate::search_space::{SearchSpace, SearchSpaceError};
use serde::{Deserialize, Serialize};
use std::iter;
use thiserror::Error;

/// The most trials: each is trained on every fold but the last.
pub const MAX_TRIALS: usize = 1_000;

/// Of how many trials one goes on to the next round, which trains on as many times the rows.
const REDUCTION: usize = 3;

/// The most trials of the last round.
const LAST_ROUND_TRIALS: usize = 3;

/// What is tried. Every field decides what is chosen; field order is that of a tuning's outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// How many parameters are tried, from 1 to [`MAX_TRIALS`], those that are configured among them.
    pub trials: usize,
    /// Where the draws start. The same seed tries the same.
    pub seed: u64,
    /// What the others are drawn from.
    pub space: SearchSpace,
}

/// A part of a [`Search`] outside its range.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum SearchError {
    /// No trials, or too many.
    #[error("the number of trials is {trials}: set it from 1 to {MAX_TRIALS}")]
    Trials {
        /// What was given.
        trials: usize,
    },
    /// A range that nothing can be drawn from.
    #[error(transparent)]
    Space(#[from] SearchSpaceError),
}

/// How much a round does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundSize {
    /// How many trials are in it.
    pub trials: usize,
    /// The most rows that each trains on in a fold.
    pub max_train_rows: usize,
}

impl Search {
    /// Checks every range, and gives the first that is broken.
    pub fn validate(&self) -> Result<(), SearchError> {
        if self.trials == 0 || self.trials > MAX_TRIALS {
            return Err(SearchError::Trials {
                trials: self.trials,
            });
        }
        Ok(self.space.validate()?)
    }

    /// The parameters of each trial, by its number: trial 0 has those that are configured, the others are
    /// [drawn](SearchSpace::draw). Two may be the same where the space is small.
    ///
    /// Panics where a range of the space is empty.
    pub fn candidates(&self, configured: &BoostParameters) -> Vec<BoostParameters> {
        let drawn = (1..self.trials).map(|trial| self.space.draw(self.seed, trial, configured));
        let candidates = iter::once(configured.clone()).chain(drawn);
        candidates.take(self.trials).collect()
    }
}

/// The rounds of a tuning, the first one first.
///
/// All trials are in the first, and a third of those of a round, rounded up, in the next, until there were at most 3
/// in one. The last round trains on `max_train_rows` rows, and each earlier one on a third of the next, rounded up.
/// There is at least one round.
pub fn rounds(trials: usize, max_train_rows: usize) -> Vec<RoundSize> {
    let next = |trials: &usize| (*trials > LAST_ROUND_TRIALS).then(|| trials.div_ceil(REDUCTION));
    let trials: Vec<usize> = iter::successors(Some(trials), next).collect();
    let rows = iter::successors(Some(max_train_rows), |rows| Some(rows.div_ceil(REDUCTION)));
    let from_the_last = trials.iter().rev().zip(rows);
    let mut rounds: Vec<RoundSize> = from_the_last
        .map(|(trials, max_train_rows)| RoundSize {
            trials: *trials,
            max_train_rows,
        })
        .collect();
    rounds.reverse();
    rounds
}

/// The score of a trial: the mean of its skills in the folds, each of the same weight, added up in their order.
///
/// Panics where there are none.
pub fn mean_skill(skills: &[f64]) -> f64 {
    assert!(!skills.is_empty(), "a trial is tested on at least one fold");
    skills.iter().sum::<f64>() / skills.len() as f64
}

/// Of trials with their scores the `count` of the highest scores, or all where there are fewer: the best first, of
/// equal scores the lower number.
///
/// Panics where a score is NaN.
pub fn best(scores: &[(usize, f64)], count: usize) -> Vec<usize> {
    let mut ranked = scores.to_vec();
    ranked.sort_by(|(one, score), (other, other_score)| {
        let by_score = other_score.partial_cmp(score);
        let by_score = by_score.expect("a mean of skills is a number");
        by_score.then(one.cmp(other))
    });
    let trials = ranked.into_iter().map(|(trial, _)| trial);
    trials.take(count).collect()
}

#[cfg(test)]
mod tests;

//! What a user can set about the folds of a walk-forward evaluation.

use crate::sampling::Sampling;
use crate::ticker_key::ticker_key;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The most folds: each is one more model to train.
pub const MAX_FOLDS: usize = 20;

/// The longest gap, about eight years of trading.
pub const MAX_GAP_SESSIONS: usize = 2_000;

/// How a panel is cut into folds. Every field decides which rows train and test; field order is that of the card.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FoldPlan {
    /// The number of folds, from 1 to [`MAX_FOLDS`]. Of `k` folds each tests about a `k + 1`th of the rows.
    pub folds: usize,
    /// The sessions (distinct dates of the panel) between the rows that train and those that test, at most
    /// [`MAX_GAP_SESSIONS`].
    ///
    /// With as many as the longest window of the features has rows, no value that a test row was computed from is part
    /// of a row that trained.
    pub gap_sessions: usize,
    /// The share of tickers that never train, from 0 and below 1, to see how the model does on tickers new to it.
    pub unseen_share: f64,
    /// The most rows that a fold trains on, at least 1.
    pub max_train_rows: usize,
    /// The key of the hashes that draw unseen tickers and rows to train on.
    pub seed: u64,
    /// How rows to train on are drawn; left out of JSON where it is the default, as cards and keys of jobs were before
    /// there was another.
    #[serde(skip_serializing_if = "is_default")]
    pub sampling: Sampling,
}

/// A part of a [`FoldPlan`] outside its range.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum FoldPlanError {
    /// No folds, or too many.
    #[error("the number of folds is {folds}: set it from 1 to {MAX_FOLDS}")]
    Folds {
        /// What was given.
        folds: usize,
    },
    /// A gap longer than histories are.
    #[error("the gap has {gap_sessions} sessions: set it from 0 to {MAX_GAP_SESSIONS}")]
    GapSessions {
        /// What was given.
        gap_sessions: usize,
    },
    /// A share that leaves no ticker to train on, or is none.
    #[error("the share of unseen tickers is {unseen_share}: set it from 0 and below 1")]
    UnseenShare {
        /// What was given.
        unseen_share: f64,
    },
    /// Nothing to train on.
    #[error("the most rows to train on are 0: set at least 1")]
    MaxTrainRows,
}

impl Default for FoldPlan {
    /// 4 folds, a gap of 30 sessions, a tenth of the tickers unseen, at most 2,000,000 rows to train on, seed 0, drawn
    /// uniformly.
    fn default() -> Self {
        Self {
            folds: 4,
            gap_sessions: 30,
            unseen_share: 0.1,
            max_train_rows: 2_000_000,
            seed: 0,
            sampling: Sampling::default(),
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl FoldPlan {
    /// Checks every range, and gives the first that is broken.
    pub fn validate(&self) -> Result<(), FoldPlanError> {
        if self.folds == 0 || self.folds > MAX_FOLDS {
            return Err(FoldPlanError::Folds { folds: self.folds });
        }
        if self.gap_sessions > MAX_GAP_SESSIONS {
            return Err(FoldPlanError::GapSessions {
                gap_sessions: self.gap_sessions,
            });
        }
        if !(self.unseen_share >= 0.0 && self.unseen_share < 1.0) {
            return Err(FoldPlanError::UnseenShare {
                unseen_share: self.unseen_share,
            });
        }
        if self.max_train_rows == 0 {
            return Err(FoldPlanError::MaxTrainRows);
        }
        Ok(())
    }

    /// Whether each of `symbols` never trains, in their order.
    ///
    /// A keyed hash of (seed, symbol) decides, so that other tickers do not matter. One ticker alone always trains.
    pub fn unseen(&self, symbols: &[String]) -> Vec<bool> {
        if symbols.len() == 1 {
            return vec![false];
        }
        // A share below 1 stays below 2^64.
        let limit = (self.unseen_share * 2.0_f64.powi(64)) as u64;
        let key =
            |symbol: &String| ticker_key("tickermill 2026-11 unseen tickers", self.seed, symbol);
        symbols.iter().map(|symbol| key(symbol) < limit).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbols(count: usize) -> Vec<String> {
        (0..count).map(|ticker| format!("T{ticker}")).collect()
    }

    #[test]
    fn the_default_is_valid_and_fills_missing_fields() {
        let plan: FoldPlan = serde_json::from_str(r#"{"folds": 7}"#).unwrap();
        let default = FoldPlan::default();
        assert_eq!(
            plan,
            FoldPlan {
                folds: 7,
                ..default
            }
        );
        assert_eq!(plan.validate(), Ok(()));
        assert!(serde_json::from_str::<FoldPlan>(r#"{"fold": 7}"#).is_err());
    }

    #[test]
    fn the_default_way_to_draw_rows_is_not_in_json() {
        let without =
            r#"{"folds":4,"gap_sessions":30,"unseen_share":0.1,"max_train_rows":2000000,"seed":0"#;
        for (sampling, rest) in [
            (Sampling::Uniform, "}"),
            (Sampling::Stratified, r#","sampling":"stratified"}"#),
        ] {
            let plan = FoldPlan {
                sampling,
                ..FoldPlan::default()
            };
            let json = serde_json::to_string(&plan).unwrap();
            assert_eq!(json, format!("{without}{rest}"));
            assert_eq!(serde_json::from_str::<FoldPlan>(&json).unwrap(), plan);
        }
        let said: FoldPlan = serde_json::from_str(r#"{"sampling": "uniform"}"#).unwrap();
        assert_eq!(said, FoldPlan::default());
    }

    #[test]
    fn refuses_values_out_of_range() {
        let refused = |change: &dyn Fn(&mut FoldPlan)| {
            let mut plan = FoldPlan::default();
            change(&mut plan);
            plan.validate().unwrap_err()
        };
        for folds in [0, 21] {
            assert_eq!(
                refused(&|plan| plan.folds = folds),
                FoldPlanError::Folds { folds }
            );
        }
        let gap_sessions = 2_001;
        assert_eq!(
            refused(&|plan| plan.gap_sessions = gap_sessions),
            FoldPlanError::GapSessions { gap_sessions }
        );
        for unseen_share in [-0.1, 1.0, f64::INFINITY] {
            assert_eq!(
                refused(&|plan| plan.unseen_share = unseen_share),
                FoldPlanError::UnseenShare { unseen_share }
            );
        }
        assert!(matches!(
            refused(&|plan| plan.unseen_share = f64::NAN),
            FoldPlanError::UnseenShare { .. }
        ));
        assert_eq!(
            refused(&|plan| plan.max_train_rows = 0),
            FoldPlanError::MaxTrainRows
        );
    }

    #[test]
    fn about_the_share_of_tickers_is_unseen_whatever_else_there_is() {
        let plan = FoldPlan::default();
        let all = plan.unseen(&symbols(5_000));
        let unseen = all.iter().filter(|unseen| **unseen).count();
        assert!((430..570).contains(&unseen), "{unseen}");
        assert_eq!(plan.unseen(&symbols(100)), all[..100]);
        let other_seed = FoldPlan {
            seed: 1,
            ..FoldPlan::default()
        };
        assert_ne!(other_seed.unseen(&symbols(5_000)), all);
    }

    #[test]
    fn one_ticker_alone_is_seen() {
        let plan = FoldPlan {
            unseen_share: 0.999,
            ..FoldPlan::default()
        };
        assert_eq!(plan.unseen(&symbols(1)), [false]);
        assert_eq!(plan.unseen(&symbols(2)), [true, true]);
    }
}

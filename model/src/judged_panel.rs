//! What an evaluation reads: rows of a panel, and what a model of each fold predicts for its test rows.

use crate::walk_forward::Fold;
use serde::{Deserialize, Serialize};

/// What kind of security a ticker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TickerKind {
    /// A share of a company.
    Stock,
    /// An exchange-traded fund.
    Etf,
    /// Not told by the list of securities.
    Unknown,
}

/// The columns of a panel, of equal length; row `i` of each belongs to row `i` of the others. Volumes are in shares.
#[derive(Clone, Copy, Debug)]
pub struct JudgedPanel<'a> {
    /// The position of each row's ticker in `kinds` and `unseen`.
    pub ticker: &'a [u32],
    /// The date of each row, in days since 1970-01-01.
    pub date: &'a [i32],
    /// The volume of the row's day.
    pub today: &'a [f32],
    /// The moving average of the volume on the row's day.
    pub moving_average: &'a [f32],
    /// The volume of the next day.
    pub target: &'a [f32],
    /// The kind of each ticker.
    pub kinds: &'a [TickerKind],
    /// Whether each ticker was kept from training: [`FoldPlan::unseen`](crate::fold_plan::FoldPlan::unseen).
    pub unseen: &'a [bool],
}

/// A fold, and what the model that was trained on its `train` rows predicts for its `test` rows.
#[derive(Clone, Copy, Debug)]
pub struct JudgedFold<'a> {
    /// The fold.
    pub fold: &'a Fold,
    /// One prediction for each test row, in their order, in the target's unit.
    pub predictions: &'a [f32],
}

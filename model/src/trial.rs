//! One trial of a tuning on one fold: parameters that are trained on earlier dates and tested on the dates after them.

use crate::boost::{BoostError, BoostParameters, BoostRows, Booster};
use crate::fold_columns::FoldColumns;
use crate::fold_plan::FoldPlan;
use crate::forecast_errors::ForecastErrors;
use crate::panel::Panel;
use crate::panel_errors::ErrorNotFinite;
use crate::panel_prediction::predict_rows;
use crate::walk_forward::{FoldError, fold};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What is tried, beside the panel that it is tried on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// The trees.
    pub parameters: BoostParameters,
    /// How the panel is cut. The most rows that a fold trains on are those of the trial's round.
    pub folds: FoldPlan,
    /// The fold that it is tried on, counted from 0.
    pub fold: usize,
}

/// Why a trial came to nothing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrialError {
    /// The panel cannot be cut as planned, or the plan has no such fold.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// A parameter outside its range, or nothing can be learnt.
    #[error(transparent)]
    Boost(#[from] BoostError),
    /// The trees predict what is no volume.
    #[error(transparent)]
    NotFinite(#[from] ErrorNotFinite),
}

/// Trains trees on the rows that the fold of `trial` trains on, and adds up their errors over all rows that it tests,
/// of seen and unseen tickers, in the order of rows.
///
/// [`train_panel`](crate::train_panel::train_panel) trains the same trees on this fold. Runs on the current rayon pool.
/// The result depends on the panel and `trial` alone, bit for bit, never on the number of threads. `progress` is called
/// from one thread at a time with the number of trees that have just been finished; the numbers add up to
/// `trial.parameters.trees`.
///
/// Panics where rows are drawn by strata and a date is outside the calendar.
pub fn try_out(
    panel: &Panel,
    booster: &dyn Booster,
    trial: &Trial,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<ForecastErrors, TrialError> {
    let parameters = &trial.parameters;
    parameters.validate().map_err(BoostError::from)?;
    let fold = fold(&trial.folds, &FoldColumns::of(panel.columns()), trial.fold)?;
    let fitted = booster.fit(BoostRows::new(panel, &fold.train)?, parameters, progress)?;
    let predictions = predict_rows(&fitted.forest, panel, &fold.test);
    Ok(errors_of(panel, &fold.test, &predictions)?)
}

/// The sum of the errors of `predictions`, one for each of `rows`, in their order.
fn errors_of(
    panel: &Panel,
    rows: &[u32],
    predictions: &[f32],
) -> Result<ForecastErrors, ErrorNotFinite> {
    let columns = panel.columns();
    let mut sums = ForecastErrors::default();
    for (position, prediction) in rows.iter().zip(predictions) {
        let row = *position as usize;
        let (target, today) = (columns.target[row], columns.today[row]);
        let moving_average = columns.moving_average[row];
        let errors = ForecastErrors::of_row(target, *prediction, today, moving_average);
        sums.add(&errors.ok_or(ErrorNotFinite { row: *position })?);
    }
    Ok(sums)
}

#[cfg(test)]
mod tests;

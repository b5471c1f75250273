//! The recipe of the live version, trained anew on the folds that a candidate is judged on.

use crate::boost::{BoostError, BoostParameters, BoostRows, Booster};
use crate::fold_columns::FoldColumns;
use crate::fold_plan::FoldPlan;
use crate::judged_panel::{JudgedFold, JudgedPanel};
use crate::panel::{Panel, PanelColumns, PanelError};
use crate::panel_errors::{ErrorNotFinite, PanelErrors};
use crate::panel_prediction::predict_with;
use crate::walk_forward::{FoldError, folds};
use thiserror::Error;

/// What decides the trees of the live version beside the panel.
#[derive(Clone, Copy, Debug)]
pub struct LiveRecipe<'a> {
    /// The trees.
    pub parameters: &'a BoostParameters,
    /// The inputs that they read, in order, by their names in the candidate's panel.
    pub inputs: &'a [String],
    /// The most rows that they are trained on at a time.
    pub max_train_rows: usize,
}

/// Why the recipe could not be trained on the candidate's folds.
#[derive(Debug, Error)]
pub(crate) enum LiveRecipeError {
    #[error("it reads `{input}`, which this version does not")]
    UnknownInput { input: String },
    #[error(transparent)]
    Folds(#[from] FoldError),
    #[error(transparent)]
    Panel(#[from] PanelError),
    #[error(transparent)]
    Boost(#[from] BoostError),
    #[error(transparent)]
    NotFinite(#[from] ErrorNotFinite),
}

/// The errors of trees of the recipe, trained on each fold of `plan`, with as many rows as the recipe takes, and tested
/// on its test rows, which are those of the candidate.
///
/// Only the rows that a fold trains on are copied, for its inputs alone. `progress` as for
/// [`train_panel`](crate::train_panel::train_panel).
pub(crate) fn errors_of_recipe(
    recipe: &LiveRecipe<'_>,
    panel: &Panel,
    judged: &JudgedPanel<'_>,
    booster: &dyn Booster,
    plan: &FoldPlan,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<PanelErrors, LiveRecipeError> {
    let inputs = places_of(recipe.inputs, panel)?;
    let columns = panel.columns();
    let plan = FoldPlan {
        max_train_rows: recipe.max_train_rows,
        ..plan.clone()
    };
    let folds = folds(&plan, &FoldColumns::of(columns))?;
    let mut predictions = Vec::with_capacity(folds.len());
    for fold in &folds {
        let train = rows_to_train(panel, &inputs, &fold.train)?;
        let all: Vec<u32> = (0..train.row_count() as u32).collect();
        let fitted = booster.fit(BoostRows::new(&train, &all)?, recipe.parameters, progress)?;
        let code =
            |place: usize, input: usize| columns.codes[inputs[input]][fold.test[place] as usize];
        predictions.push(predict_with(&fitted.forest, panel, &fold.test, code));
    }
    let pairs = folds.iter().zip(&predictions);
    let judged_folds: Vec<JudgedFold<'_>> = pairs
        .map(|(fold, predictions)| JudgedFold { fold, predictions })
        .collect();
    Ok(PanelErrors::of(judged, &judged_folds)?)
}

fn places_of(inputs: &[String], panel: &Panel) -> Result<Vec<usize>, LiveRecipeError> {
    let names = &panel.columns().input_names;
    let mut places = Vec::with_capacity(inputs.len());
    for input in inputs {
        let place = names.iter().position(|name| name == input);
        places.push(place.ok_or_else(|| LiveRecipeError::UnknownInput {
            input: input.clone(),
        })?);
    }
    Ok(places)
}

/// Some rows of the panel, ascending, with some of its inputs.
fn rows_to_train(panel: &Panel, inputs: &[usize], rows: &[u32]) -> Result<Panel, PanelError> {
    let columns = panel.columns();
    Panel::new(PanelColumns {
        codes: inputs
            .iter()
            .map(|input| of_rows(&columns.codes[*input], rows))
            .collect(),
        input_names: inputs
            .iter()
            .map(|input| columns.input_names[*input].clone())
            .collect(),
        symbols: columns.symbols.clone(),
        ticker: of_rows(&columns.ticker, rows),
        date: of_rows(&columns.date, rows),
        today: of_rows(&columns.today, rows),
        moving_average: of_rows(&columns.moving_average, rows),
        target: of_rows(&columns.target, rows),
    })
}

fn of_rows<T: Copy>(column: &[T], rows: &[u32]) -> Vec<T> {
    rows.iter().map(|row| column[*row as usize]).collect()
}

//! What each input is worth to boosted trees.

use crate::forest::Forest;
use crate::panel::Panel;
use crate::panel_prediction::{predict_rows, predict_with};
use crate::splitmix::splitmix64;
use serde::{Deserialize, Serialize};

/// The most rows that inputs are exchanged among.
const MOST_ROWS: usize = 20_000;

/// What an input is worth. Field order is that of the card.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputImportance {
    /// The input.
    pub input: String,
    /// The share that splits on it have of what all splits gained; 0 where there are none.
    pub gain: f64,
    /// How much the mean absolute error grows, relative to itself, where trees read the input of other rows, drawn at
    /// random (Breiman, "Random forests", 2001): 0 where it is worth nothing, and a little less where chance has it so.
    ///
    /// The volume that the trees' ratio is taken of stays the row's own.
    pub permutation: f64,
}

/// What each input is worth, in their order: by `gain`, as the booster gave it, and by permutation among `rows`, of
/// which every so many is taken where they are more than 20,000. The trees are of the panel's labels.
///
/// Depends on `seed` and never on the number of threads. Panics without rows, and where a row does not exist or the trees
/// read other inputs than the panel has.
pub(crate) fn importance(
    labels: &Forest,
    gain: &[f64],
    panel: &Panel,
    rows: &[u32],
    seed: u64,
) -> Vec<InputImportance> {
    let step = rows.len().div_ceil(MOST_ROWS);
    let rows: Vec<u32> = rows.iter().copied().step_by(step).collect();
    let error = |predictions: &[f32]| mean_error(panel, &rows, predictions);
    let own_error = error(&predict_rows(labels, panel, &rows));
    let total_gain: f64 = gain.iter().sum();
    let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };

    let columns = panel.columns();
    let inputs = columns.input_names.iter().zip(gain).enumerate();
    let of_input = |(exchanged, (name, gain)): (usize, (&String, &f64))| {
        let others = shuffled(&rows, splitmix64(seed, exchanged as u64));
        let predictions = predict_with(labels, panel, &rows, |place, input| {
            let source = if input == exchanged { &others } else { &rows };
            columns.codes[input][source[place] as usize]
        });
        InputImportance {
            input: name.clone(),
            gain: share(*gain, total_gain),
            permutation: share(error(&predictions) - own_error, own_error),
        }
    };
    inputs.map(of_input).collect()
}

fn mean_error(panel: &Panel, rows: &[u32], predictions: &[f32]) -> f64 {
    let errors = rows.iter().zip(predictions).map(|(row, prediction)| {
        let target = panel.columns().target[*row as usize];
        (f64::from(*prediction) - f64::from(target)).abs()
    });
    errors.sum::<f64>() / rows.len() as f64
}

/// The rows in an order of chance, by Fisher and Yates' shuffle.
fn shuffled(rows: &[u32], seed: u64) -> Vec<u32> {
    let mut rows = rows.to_vec();
    for last in (1..rows.len()).rev() {
        let draw = splitmix64(seed, last as u64) % (last as u64 + 1);
        rows.swap(last, draw as usize);
    }
    rows
}

//! What boosted trees predict for rows of a panel.

use crate::forest::{Forest, volume_of};
use crate::panel::Panel;
use crate::walker::Walker;
use features::grid;
use rayon::prelude::*;

/// Rows that a thread predicts at a time.
const BLOCK_ROWS: usize = 4_096;

/// The volumes of the next day for `rows`, in their order, by trees of the panel's labels.
///
/// Runs on the current rayon pool, and never depends on its threads. Panics where a row does not exist, or the trees
/// read other inputs than the panel has.
pub(crate) fn predict_rows(labels: &Forest, panel: &Panel, rows: &[u32]) -> Vec<f32> {
    predict_with(labels, panel, rows, |place, input| {
        panel.columns().codes[input][rows[place] as usize]
    })
}

/// As [`predict_rows`], where `code` tells what the trees read, by the place in `rows` and their input, which need not be
/// one of the panel.
pub(crate) fn predict_with(
    labels: &Forest,
    panel: &Panel,
    rows: &[u32],
    code: impl Fn(usize, usize) -> u8 + Sync,
) -> Vec<f32> {
    let walker = Walker::new(labels);
    let inputs = labels.feature_count();
    let blocks = rows.par_chunks(BLOCK_ROWS).enumerate();
    let blocks = blocks.map(|(block, rows)| {
        let first = block * BLOCK_ROWS;
        let places = first..first + rows.len();
        let value = |place, input| grid::value(code(place, input));
        let values: Vec<f32> = places
            .flat_map(|place| (0..inputs).map(move |input| (place, input)))
            .map(|(place, input)| value(place, input))
            .collect();
        let mut numbers = vec![0.0; rows.len()];
        walker.predict_rows(&values, &mut numbers);
        let volumes = numbers.into_iter().zip(rows);
        let volumes =
            volumes.map(|(number, row)| volume_of(number, panel.offset(*row as usize)) as f32);
        volumes.collect::<Vec<f32>>()
    });
    blocks.flatten_iter().collect()
}

//! A published model in ONNX Runtime, beside what we predict ourselves.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use model::forest::Forest;

use crate::tickermill::{self, Ended, repository};

/// A number from 0 to 1 that looks random: SplitMix64.
pub fn chance(state: u64) -> f64 {
    let mut mixed = state.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Rows with our predictions, as [`check`] reads them.
pub fn rows_with_predictions(forest: &Forest, rows: impl Iterator<Item = Vec<f32>>) -> String {
    let mut csv = format!("{},prediction\n", forest.feature_names().join(","));
    for row in rows {
        for input in &row {
            let _ = write!(csv, "{input},"); // writing to a string does not fail
        }
        let _ = writeln!(csv, "{}", forest.predict(&row));
    }
    csv
}

/// Has `python` compare ONNX Runtime with the card beside `model` and with a file of rows.
pub fn check(mut python: Command, model: &Path, rows: &Path) -> Ended {
    python
        .arg(repository().join("tests/python/check_onnx.py"))
        .arg(model)
        .arg(model.with_file_name("card.json"))
        .arg(rows);
    tickermill::run(&mut python)
}

//! Prediction intervals that are calibrated on earlier folds and checked on the last.

use crate::judged_panel::{JudgedFold, JudgedPanel};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The levels of intervals, in per cent.
const LEVELS: [usize; 3] = [50, 80, 95];

/// A central interval around any prediction `p`: from `exp(ln(1 + p) + low) - 1` to `exp(ln(1 + p) + high) - 1`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PredictionInterval {
    /// The share of targets that it is meant to hold.
    pub level: f64,
    /// The offset of its lower end from the logarithm of 1 + the prediction.
    pub low: f64,
    /// The offset of its upper end.
    pub high: f64,
    /// The share of the last fold's test rows whose target it holds, ends included.
    pub covered: f64,
}

/// Intervals of the levels 50%, 80% and 95%, in this order.
///
/// Calibrated on the residuals `ln(1 + target) - ln(1 + prediction)` of all folds but the last, each of a model that
/// had not seen its rows: split conformal prediction with its correction for finite samples, which takes for the level
/// `1 - a` the `(n + 1) a / 2`-th smallest and largest of `n` residuals, the rank rounded down (Vovk, Gammerman and
/// Shafer, "Algorithmic learning in a random world", 2005; Lei, G'Sell, Rinaldo, Tibshirani and Wasserman,
/// "Distribution-free predictive inference for regression", 2018). Its guarantee asks that rows can be exchanged, which
/// later dates cannot quite; so `covered` says what came of it.
///
/// Predictions and targets below 0 count as 0. Levels that the residuals are too few for are left out: all, where there
/// is one fold.
///
/// Values are finite, as [`PanelErrors::of`](crate::panel_errors::PanelErrors::of) has checked.
pub(crate) fn prediction_intervals(
    panel: &JudgedPanel<'_>,
    folds: &[JudgedFold<'_>],
) -> Vec<PredictionInterval> {
    let Some((last, earlier)) = folds.split_last() else {
        return Vec::new();
    };
    let mut calibration: Vec<f32> = Vec::new();
    for fold in earlier {
        calibration.par_extend(residuals(panel, fold));
    }
    let tested: Vec<f32> = residuals(panel, last).collect();

    let mut intervals = Vec::with_capacity(LEVELS.len());
    for level in LEVELS {
        let tail = (calibration.len() + 1) * (100 - level) / 200;
        if tail == 0 {
            continue;
        }
        let low = smallest(&mut calibration, tail);
        let from_below = calibration.len() + 1 - tail;
        let high = smallest(&mut calibration, from_below);
        let covered = tested
            .iter()
            .filter(|residual| (low..=high).contains(*residual));
        intervals.push(PredictionInterval {
            level: level as f64 / 100.0,
            low: f64::from(low),
            high: f64::from(high),
            covered: covered.count() as f64 / tested.len() as f64,
        });
    }
    intervals
}

/// In float32: seven digits of an offset are enough, and a large panel has many rows.
fn residuals<'a>(
    panel: &'a JudgedPanel<'_>,
    judged: &'a JudgedFold<'_>,
) -> impl IndexedParallelIterator<Item = f32> {
    let rows = judged.fold.test.par_iter().zip(judged.predictions);
    rows.map(|(row, prediction)| {
        (log_volume(panel.target[*row as usize]) - log_volume(*prediction)) as f32
    })
}

/// By libm rather than the platform, so that the bits are the same on every machine.
fn log_volume(volume: f32) -> f64 {
    libm::log1p(f64::from(volume.max(0.0)))
}

/// The `rank`-th smallest of `values`, counted from 1. Changes their order.
fn smallest(values: &mut [f32], rank: usize) -> f32 {
    *values.select_nth_unstable_by(rank - 1, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judged_panel::TickerKind;
    use crate::splitmix::normal;
    use crate::walk_forward::Fold;

    /// The intervals of two folds of `rows` rows each: residuals `of(row)`, around a prediction of `e^5 - 1`.
    fn intervals(rows: u32, of: impl Fn(u32) -> f64) -> Vec<PredictionInterval> {
        let target: Vec<f32> = (0..2 * rows)
            .map(|row| (5.0 + of(row)).exp_m1() as f32)
            .collect();
        let all = 2 * rows as usize;
        let panel = JudgedPanel {
            ticker: &vec![0; all],
            date: &vec![0; all],
            today: &target,
            moving_average: &target,
            target: &target,
            kinds: &[TickerKind::Unknown],
            unseen: &[false],
        };
        let fold = |test: Vec<u32>| Fold {
            train: vec![0],
            test,
            first_test_date: 0,
            last_test_date: 0,
            last_train_date: 0,
        };
        let folds = [fold((0..rows).collect()), fold((rows..2 * rows).collect())];
        let predictions = vec![5.0_f64.exp_m1() as f32; rows as usize];
        let judged = folds.each_ref().map(|fold| JudgedFold {
            fold,
            predictions: &predictions,
        });
        assert_eq!(prediction_intervals(&panel, &judged[..1]), []);
        prediction_intervals(&panel, &judged)
    }

    #[test]
    fn ranks_are_corrected_for_finite_samples() {
        // Residuals 0.01, 0.02 … 0.39: the first and the 39th for 95%, the 4th and 36th for 80%, the 10th and 30th.
        let found = intervals(39, |row| f64::from(row % 39 + 1) / 100.0);
        let expected = [(0.5, 0.10, 0.30), (0.8, 0.04, 0.36), (0.95, 0.01, 0.39)];
        assert_eq!(found.len(), 3);
        for (interval, (level, low, high)) in found.iter().zip(expected) {
            let distances = [
                interval.level - level,
                interval.low - low,
                interval.high - high,
            ];
            assert!(
                distances.iter().all(|distance| distance.abs() < 1e-5),
                "{interval:?}"
            );
        }
        let covered = found
            .iter()
            .map(|interval| (39.0 * interval.covered).round() as usize);
        assert_eq!(covered.collect::<Vec<_>>(), [21, 33, 39]);
        assert_eq!(intervals(38, |row| f64::from(row % 38)).len(), 2);
    }

    #[test]
    fn residuals_of_one_kind_are_covered_as_often_as_the_level_says() {
        for interval in intervals(20_000, |row| normal(3, u64::from(row)).powi(3) / 20.0) {
            let miss = (interval.covered - interval.level).abs();
            assert!(miss < 0.02, "{interval:?}");
        }
    }

    #[test]
    fn a_later_shift_shows_in_what_is_covered() {
        let shifted = |row: u32| normal(5, u64::from(row)) + f64::from(u8::from(row >= 2_000));
        let covered = intervals(2_000, shifted)[1].covered;
        assert!(covered < 0.7, "{covered}");
    }
}

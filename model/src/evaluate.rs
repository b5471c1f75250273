//! How good a model is on later dates, beside the naive forecasts.

use crate::forest::Forest;
use crate::split::Split;
use crate::table::TrainingTable;
use serde::{Deserialize, Serialize};

/// Errors of predictions against targets, in the target's unit. Sums run in row order.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// The mean absolute error.
    pub mae: f64,
    /// The root of the mean squared error.
    pub rmse: f64,
    /// The share of the target's variance that is explained, 1 at best; null for a constant target.
    pub r2: Option<f64>,
}

impl Metrics {
    /// The metrics of `predictions` against `targets`, row by row.
    ///
    /// Panics where they differ in length or are empty.
    pub fn of(predictions: &[f64], targets: &[f64]) -> Self {
        assert_eq!(
            predictions.len(),
            targets.len(),
            "every prediction has a target"
        );
        assert!(!targets.is_empty(), "metrics need at least one row");

        let rows = targets.len() as f64;
        let mean = targets.iter().sum::<f64>() / rows;
        let mut absolute = 0.0;
        let mut squared = 0.0;
        let mut variation = 0.0;
        for (prediction, target) in predictions.iter().zip(targets) {
            let error = prediction - target;
            absolute += error.abs();
            squared += error * error;
            variation += (target - mean) * (target - mean);
        }
        // Compared rather than `variation > 0`, because the mean of equal values may be rounded.
        let varies = targets
            .iter()
            .any(|target| target.total_cmp(&targets[0]).is_ne());
        Self {
            mae: absolute / rows,
            rmse: (squared / rows).sqrt(),
            r2: (varies && variation > 0.0).then(|| 1.0 - squared / variation),
        }
    }
}

/// A model on the test rows, beside the naive forecasts on the same rows. Field order is that of the card.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The model.
    pub model: Metrics,
    /// The forecast that tomorrow is as today.
    pub naive_today: Metrics,
    /// The forecast that tomorrow is as the moving average; null where no feature is one.
    pub naive_moving_average: Option<Metrics>,
    /// `1 - model.mae / naive_today.mae`: above 0 the model beats "tomorrow is as today"; null where that is exact.
    pub skill: Option<f64>,
    /// The rows that the model was trained on.
    pub train_rows: usize,
    /// The rows that it was tested on.
    pub test_rows: usize,
    /// The first date of the test rows, in days since 1970-01-01; in the card an ISO 8601 date.
    #[serde(with = "crate::card::iso_date")]
    pub cut_date: i32,
}

/// Judges `forest` and the naive forecasts on the test rows of `split`.
///
/// Panics where `split` is not one of `table`, or `forest` was not trained on its features.
pub fn evaluate(forest: &Forest, table: &TrainingTable, split: &Split) -> Evaluation {
    let of_test_rows =
        |column: &[f64]| -> Vec<f64> { split.test.iter().map(|row| column[*row]).collect() };
    let targets = of_test_rows(table.target());
    let predictions = forest.predict_rows(table.features(), &split.test);

    let model = Metrics::of(&predictions, &targets);
    let naive_today = Metrics::of(&of_test_rows(table.today()), &targets);
    let naive_moving_average = table
        .moving_average()
        .map(|column| Metrics::of(&of_test_rows(column), &targets));
    Evaluation {
        model,
        naive_today,
        naive_moving_average,
        skill: (naive_today.mae > 0.0).then(|| 1.0 - model.mae / naive_today.mae),
        train_rows: split.train.len(),
        test_rows: split.test.len(),
        cut_date: split.cut_date,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Matrix;
    use crate::tree::{Node, Tree};

    #[test]
    fn metrics_as_computed_by_hand() {
        // Errors 1, -2, 0 and 3; the targets 1, 2, 3, 6 have the mean 3 and vary by 4 + 1 + 0 + 9.
        let metrics = Metrics::of(&[2.0, 0.0, 3.0, 9.0], &[1.0, 2.0, 3.0, 6.0]);
        assert_eq!(
            metrics,
            Metrics {
                mae: 1.5,
                rmse: 3.5_f64.sqrt(),
                r2: Some(0.0)
            }
        );
        let perfect = Metrics::of(&[1.0, 2.0], &[1.0, 2.0]);
        assert_eq!(
            perfect,
            Metrics {
                mae: 0.0,
                rmse: 0.0,
                r2: Some(1.0)
            }
        );
    }

    #[test]
    fn a_constant_target_has_no_r2() {
        assert_eq!(Metrics::of(&[1.0, 3.0, 0.1], &[0.1, 0.1, 0.1]).r2, None);
    }

    fn table(today: f64, moving_average: Option<f64>) -> (TrainingTable, Split) {
        let features = Matrix::from_columns(vec!["a".into()], vec![vec![0.0; 3]]).unwrap();
        let columns = |value: f64| vec![value; 3];
        let table = TrainingTable::new(
            features,
            vec![0.0, 2.0, 2.0],
            vec![1, 2, 2],
            columns(today),
            moving_average.map(columns),
        );
        (
            table.unwrap(),
            Split {
                train: vec![0],
                test: vec![1, 2],
                cut_date: 2,
            },
        )
    }

    fn constant_forest(value: f32) -> Forest {
        let tree = Tree::from_nodes(&[Node::Leaf { value }]).unwrap();
        Forest::new(vec!["a".into()], vec![tree]).unwrap()
    }

    #[test]
    fn skill_is_measured_against_the_forecast_of_today() {
        let (table, split) = table(6.0, Some(4.0));
        let evaluation = evaluate(&constant_forest(3.0), &table, &split);
        let maes = [
            evaluation.model,
            evaluation.naive_today,
            evaluation.naive_moving_average.unwrap(),
        ];
        assert_eq!(
            maes.map(|metrics| metrics.mae.to_bits()),
            [1.0_f64, 4.0, 2.0].map(f64::to_bits)
        );
        assert_eq!(evaluation.skill, Some(0.75));
        assert_eq!(
            (
                evaluation.train_rows,
                evaluation.test_rows,
                evaluation.cut_date
            ),
            (1, 2, 2)
        );
    }

    #[test]
    fn no_skill_beside_a_perfect_naive_forecast() {
        let (table, split) = table(2.0, None);
        let evaluation = evaluate(&constant_forest(3.0), &table, &split);
        assert_eq!(
            (evaluation.naive_moving_average, evaluation.skill),
            (None, None)
        );
    }
}

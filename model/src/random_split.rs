//! What a random split would have made of the same trees, and how much of it is leak.

use crate::panel::Panel;
use serde::{Deserialize, Serialize};

/// Trees that were trained on rows drawn from all dates, tested on rows of the last fold that were not drawn, as a random
/// split does. Field order is that of the card.
///
/// Skills are against the forecast that tomorrow is as today, on the same rows, and null where that has no error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RandomSplit {
    /// The rows that were trained on, of the test dates too.
    pub train_rows: usize,
    /// The rows that were tested.
    pub test_rows: usize,
    /// The skill that the random split shows.
    pub skill: Option<f64>,
    /// The skill on the same rows of the last fold's trees, which know nothing of these dates.
    pub later_dates_skill: Option<f64>,
    /// How much better the random split looks than it is: the difference of the two.
    pub leak: Option<f64>,
}

impl RandomSplit {
    /// The figures of `rows` of the panel, whose volumes `drawn` predicts by a random split and `later` by later dates.
    ///
    /// Panics where there is not one prediction of each for each row.
    pub(crate) fn of(
        panel: &Panel,
        train_rows: usize,
        rows: &[u32],
        drawn: &[f32],
        later: &[f32],
    ) -> Self {
        let today: Vec<f32> = rows
            .iter()
            .map(|row| panel.columns().today[*row as usize])
            .collect();
        let naive = absolute_error(panel, rows, &today);
        let skill = |predictions: &[f32]| {
            (naive > 0.0).then(|| 1.0 - absolute_error(panel, rows, predictions) / naive)
        };
        let (skill, later_dates_skill) = (skill(drawn), skill(later));
        Self {
            train_rows,
            test_rows: rows.len(),
            skill,
            later_dates_skill,
            leak: skill
                .zip(later_dates_skill)
                .map(|(random, later)| random - later),
        }
    }
}

/// The sum of absolute errors, in the order of rows.
fn absolute_error(panel: &Panel, rows: &[u32], predictions: &[f32]) -> f64 {
    assert_eq!(rows.len(), predictions.len(), "every row has a prediction");
    let errors = rows.iter().zip(predictions).map(|(row, prediction)| {
        let target = panel.columns().target[*row as usize];
        (f64::from(*prediction) - f64::from(target)).abs()
    });
    errors.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::PanelColumns;

    #[test]
    fn the_leak_is_the_difference_on_the_same_rows() {
        let columns = PanelColumns {
            codes: vec![vec![0; 3]],
            input_names: vec!["a".to_owned()],
            symbols: vec!["A".to_owned()],
            ticker: vec![0; 3],
            date: vec![1, 2, 3],
            today: vec![100.0, 100.0, 100.0],
            moving_average: vec![1.0; 3],
            target: vec![110.0, 90.0, 500.0],
        };
        let panel = Panel::new(columns).unwrap();
        // The naive forecast is off by 20 on the first two rows, the random split by 5, the later dates by 15.
        let split = RandomSplit::of(&panel, 7, &[0, 1], &[108.0, 93.0], &[105.0, 100.0]);
        let expected = RandomSplit {
            train_rows: 7,
            test_rows: 2,
            skill: Some(0.75),
            later_dates_skill: Some(0.25),
            leak: Some(0.5),
        };
        assert_eq!(split, expected);
        let exact = RandomSplit::of(&panel, 7, &[], &[], &[]);
        assert_eq!(exact.leak, None);
    }
}

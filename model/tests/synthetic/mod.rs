//! A seeded table like the mission's: heavy-tailed volumes that follow their moving average.

mod draws;

use draws::Draws;
use tickermill_model::matrix::Matrix;
use tickermill_model::table::TrainingTable;

/// `rows` rows of two features over about `rows / 4` dates; volumes span six orders of magnitude.
pub(crate) fn table(rows: usize, seed: u64) -> TrainingTable {
    let mut draws = Draws::new(seed);
    let mut average = Vec::new();
    let mut median = Vec::new();
    let mut today = Vec::new();
    let mut target = Vec::new();
    let mut date = Vec::new();
    for _ in 0..rows {
        let level = (12.0 + 2.0 * draws.normal()).exp();
        average.push((level * 30.0).round() / 30.0);
        median.push(((2.0 + draws.normal()).exp() * 100.0).round() / 100.0);
        today.push((level * (0.5 * draws.normal()).exp()).round());
        target.push((level * (0.5 * draws.normal()).exp()).round());
        date.push(10_000 + (draws.next() % (rows as u64 / 4 + 1)) as i32);
    }
    let names = vec![
        "vol_moving_avg".to_owned(),
        "adj_close_rolling_med".to_owned(),
    ];
    let features = Matrix::from_columns(names, vec![average.clone(), median]).expect("no NaN");
    TrainingTable::new(features, target, date, today, Some(average)).expect("equal lengths")
}

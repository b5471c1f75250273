//! A seeded table like the mission's: heavy-tailed volumes that follow their moving average.

use tickermill_model::matrix::Matrix;
use tickermill_model::table::TrainingTable;

/// splitmix64: small, seeded and the same everywhere.
struct Draws(u64);

impl Draws {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Evenly from 0 to 1, without 1.
    fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Close to standard normal: twelve uniform draws, less their mean.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

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

//! A seeded panel whose label follows some of its inputs, as raw numbers and as codes.

mod draws;

use draws::Draws;
use features::grid;
use tickermill_model::panel::{Panel, PanelColumns};

/// The rows of each ticker.
const ROWS_PER_TICKER: usize = 500;

/// `rows` rows of `inputs` inputs, and the inputs as float32 before they were coded, row-major.
///
/// The first two inputs and a product of the third and fourth move the label, under noise of heavy tails.
pub(crate) fn panel(rows: usize, inputs: usize, seed: u64) -> (Panel, Vec<f32>) {
    assert!(inputs >= 4, "the label follows four inputs");
    let mut draws = Draws::new(seed);
    let mut raw = Vec::with_capacity(rows * inputs);
    let mut columns = PanelColumns {
        codes: vec![Vec::with_capacity(rows); inputs],
        input_names: (0..inputs).map(|input| format!("input_{input}")).collect(),
        symbols: (0..rows.div_ceil(ROWS_PER_TICKER))
            .map(|ticker| format!("T{ticker:06}"))
            .collect(),
        ..PanelColumns::default()
    };
    for row in 0..rows {
        let values: Vec<f32> = (0..inputs).map(|_| draws.normal() as f32).collect();
        for (value, codes) in values.iter().zip(&mut columns.codes) {
            codes.push(grid::code(f64::from(*value)));
        }
        let noise = draws.normal();
        let label = -0.4 * f64::from(values[0])
            + f64::from(values[1]).tanh() * 0.5
            + 0.2 * f64::from(values[2] * values[3])
            + 0.1 * noise.powi(3);
        let level = (12.0 + draws.normal()).exp();
        columns.ticker.push((row / ROWS_PER_TICKER) as u32);
        columns.date.push((row % ROWS_PER_TICKER) as i32);
        columns.today.push(level as f32);
        columns.moving_average.push(level as f32);
        columns.target.push((level * label.exp()) as f32);
        raw.extend(values);
    }
    (Panel::new(columns).expect("rows ascend"), raw)
}

//! A panel for tests.

use std::collections::BTreeMap;

use market::panel::PanelRows;
use market::symbol::Symbol;
use model::panel::Panel;
use proto::panel_batches::panel_of;

/// The names of the inputs of [`panel`].
pub(crate) fn inputs() -> Vec<String> {
    ["x", "y"].map(str::to_owned).into()
}

/// A ticker A of 3 rows and a ticker B of 40,000, of which something can be learnt.
pub(crate) fn rows() -> BTreeMap<Symbol, PanelRows> {
    let ticker = |symbol: &str, count: u16| {
        let symbol = Symbol::parse(symbol).expect("letters are symbols");
        let codes = |step: u32| (0..u32::from(count)).map(move |row| (row * step % 200) as u8);
        let volumes: Vec<f32> = (0..count).map(f32::from).collect();
        let rows = PanelRows {
            date: (0..i32::from(count)).collect(),
            today: volumes.clone(),
            moving_average: volumes.clone(),
            target: codes(1).map(|code| f32::from(code) + 1.0).collect(),
            codes: vec![codes(1).collect(), codes(7).collect()],
        };
        (symbol, rows)
    };
    [ticker("A", 3), ticker("B", 40_000)].into()
}

/// A panel of [`rows`].
pub(crate) fn panel() -> Panel {
    panel_of(inputs(), rows()).expect("the rows are in order")
}

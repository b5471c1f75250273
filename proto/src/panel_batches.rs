//! A panel in batches, a ticker in each, and the panel of such rows.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use market::panel::PanelRows;
use market::symbol::Symbol;
use model::panel::{Panel, PanelColumns, PanelError};

use crate::panel_rows;

/// The rows of the panel's ticker at this position as one batch, in the schema of [`panel_rows::schema`]; `None` where it
/// has none, or there is no such ticker.
///
/// Panics where the ticker's name is not a [`Symbol`]: those of the panels of [`panel_of`] are.
pub fn ticker_batch(panel: &Panel, ticker: usize) -> Option<RecordBatch> {
    let columns = panel.columns();
    let symbol = columns.symbols.get(ticker)?;
    // Rows ascend by ticker.
    let first = columns.ticker.partition_point(|of| (*of as usize) < ticker);
    let end = columns
        .ticker
        .partition_point(|of| (*of as usize) <= ticker);
    if first == end {
        return None;
    }
    let rows = PanelRows {
        date: columns.date[first..end].to_vec(),
        today: columns.today[first..end].to_vec(),
        moving_average: columns.moving_average[first..end].to_vec(),
        target: columns.target[first..end].to_vec(),
        codes: columns
            .codes
            .iter()
            .map(|codes| codes[first..end].to_vec())
            .collect(),
    };
    let symbol = Symbol::parse(symbol).expect("a panel is of tickers, which have symbols");
    Some(panel_rows::to_batch(&symbol, &rows))
}

/// The rows of all tickers, one ticker after the other. Each has an input for each name, and is let go of as it is taken in.
pub fn panel_of(
    input_names: Vec<String>,
    rows: BTreeMap<Symbol, PanelRows>,
) -> Result<Panel, PanelError> {
    let count = rows.values().map(|rows| rows.date.len()).sum();
    let mut columns = PanelColumns {
        codes: input_names
            .iter()
            .map(|_| Vec::with_capacity(count))
            .collect(),
        input_names,
        symbols: Vec::with_capacity(rows.len()),
        ticker: Vec::with_capacity(count),
        date: Vec::with_capacity(count),
        today: Vec::with_capacity(count),
        moving_average: Vec::with_capacity(count),
        target: Vec::with_capacity(count),
    };
    for (symbol, rows) in rows {
        let ticker = columns.symbols.len() as u32;
        columns.symbols.push(symbol.to_string());
        columns
            .ticker
            .resize(columns.ticker.len() + rows.date.len(), ticker);
        columns.date.extend_from_slice(&rows.date);
        columns.today.extend_from_slice(&rows.today);
        columns
            .moving_average
            .extend_from_slice(&rows.moving_average);
        columns.target.extend_from_slice(&rows.target);
        for (all, codes) in columns.codes.iter_mut().zip(&rows.codes) {
            all.extend_from_slice(codes);
        }
    }
    Panel::new(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(text: &str) -> Symbol {
        Symbol::parse(text).unwrap()
    }

    fn rows(count: i32) -> PanelRows {
        let volumes: Vec<f32> = (0..count).map(|row| row as f32).collect();
        PanelRows {
            date: (0..count).collect(),
            today: volumes.clone(),
            moving_average: volumes.clone(),
            target: volumes,
            codes: vec![vec![7; count as usize], vec![254; count as usize]],
        }
    }

    /// The tickers A, B and C, of which B has no rows.
    fn panel() -> Panel {
        let tickers = [("C", 2), ("A", 3), ("B", 0)];
        let tickers = tickers.map(|(name, count)| (symbol(name), rows(count)));
        panel_of(vec!["x".to_owned(), "y".to_owned()], tickers.into()).unwrap()
    }

    #[test]
    fn a_panel_has_the_tickers_in_order() {
        let panel = panel();
        let columns = panel.columns();
        assert_eq!(columns.symbols, ["A", "B", "C"]);
        assert_eq!(columns.ticker, [0, 0, 0, 2, 2]);
        assert_eq!(columns.date, [0, 1, 2, 0, 1]);
        assert_eq!(columns.target, [0.0, 1.0, 2.0, 0.0, 1.0]);
        assert_eq!(columns.codes, [vec![7; 5], vec![254; 5]]);
        assert_eq!(columns.input_names, ["x", "y"]);
    }

    #[test]
    fn the_batches_of_a_panel_make_the_same_rows() {
        let panel = panel();
        let batches = (0..3).map(|ticker| ticker_batch(&panel, ticker));
        let batches: Vec<Option<RecordBatch>> = batches.collect();
        assert!(batches[1].is_none());
        assert!(ticker_batch(&panel, 3).is_none());
        let tickers = batches.iter().flatten().map(|batch| {
            assert_eq!(batch.schema(), panel_rows::schema(2));
            panel_rows::from_batch(batch, 2).unwrap()
        });
        let tickers: BTreeMap<Symbol, PanelRows> = tickers.collect();
        let expected = [("A", 3), ("C", 2)].map(|(name, count)| (symbol(name), rows(count)));
        assert_eq!(tickers, BTreeMap::from(expected));
    }

    #[test]
    fn rows_without_an_input_make_no_panel() {
        let names = ["x", "y", "z"].map(str::to_owned);
        let rows = [(symbol("A"), rows(1))];
        assert!(panel_of(names.into(), rows.into()).is_err());
    }
}

//! Tickers to audit.

use std::fs;
use std::path::Path;

use tickermill_market::audit::AuditedTicker;
use tickermill_market::csv::read_price_file;
use tickermill_market::symbol::Symbol;
use tickermill_market::synth::{SyntheticMarket, write_market};
use tickermill_market::table::PriceTable;

/// A ticker with a row every day from `first_day` on, no two of whose volumes are equal.
pub(crate) fn daily(name: &str, first_day: i32, rows: usize) -> AuditedTicker {
    let mut table = PriceTable::with_capacity(rows);
    for row in 0..rows {
        let price = 20.0 + (row as f64 * 0.37).sin();
        let volume = (row as i64 + 1) * 7_919 % 100_003; // a prime, so that nothing repeats
        table.date.push(first_day + row as i32);
        table.open.push(price);
        table.high.push(price * 1.25);
        table.low.push(price * 0.75);
        table.close.push(price * 1.125);
        table.adj_close.push(price * 0.5);
        table.volume.push(volume + i64::from(first_day));
    }
    ticker(name, table)
}

/// A ticker with these rows.
pub(crate) fn ticker(name: &str, table: PriceTable) -> AuditedTicker {
    AuditedTicker {
        symbol: Symbol::parse(name).unwrap(),
        prices: table.into_arrays(),
    }
}

/// The tickers of a small synthetic market.
pub(crate) fn synthetic() -> Vec<AuditedTicker> {
    let folder = tempfile::tempdir().unwrap();
    let market = SyntheticMarket {
        tickers: 12,
        rows_per_ticker: 300,
        seed: 5,
        faults: false,
    };
    write_market(folder.path(), &market, &|_| ()).unwrap();
    let mut tickers = Vec::new();
    for below in ["stocks", "etfs"] {
        for entry in fs::read_dir(folder.path().join(below)).unwrap() {
            tickers.push(read(&entry.unwrap().path()));
        }
    }
    tickers.sort_by(|left, right| left.symbol.cmp(&right.symbol));
    assert_eq!(tickers.len(), 12);
    tickers
}

fn read(path: &Path) -> AuditedTicker {
    let name = path.file_stem().unwrap().to_str().unwrap();
    let file = read_price_file(&fs::read(path).unwrap()).unwrap();
    ticker(name, file.table)
}

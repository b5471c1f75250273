//! What is audited: which tickers, and where their histories are cut.

use std::collections::BTreeSet;

use super::examine::AuditedTicker;
use crate::splitmix::splitmix64;
use crate::symbol::Symbol;

/// How much is audited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditPlan {
    /// How many dates are drawn after which histories are cut. Dates that are drawn again count once.
    pub cuts: usize,
    /// Decides the dates, and the noise after them.
    pub seed: u64,
}

/// At most `count` of the symbols, by rising symbol: those of the smallest keyed hashes, in whatever order they come.
pub fn draw_symbols(symbols: &[Symbol], count: usize, seed: u64) -> Vec<Symbol> {
    let keyed = symbols.iter();
    let keyed = keyed.map(|symbol| (symbol_key(seed, symbol), symbol));
    let mut keyed: Vec<(u64, &Symbol)> = keyed.collect();
    keyed.sort_unstable();
    keyed.truncate(count);
    let drawn = keyed.into_iter().map(|(_, symbol)| symbol.clone());
    let mut drawn: Vec<Symbol> = drawn.collect();
    drawn.sort_unstable();
    drawn
}

/// The dates after which histories are cut, rising, each once.
///
/// Each is the date of a row that is not the last of its ticker, so that every cut has a ticker with rows on both sides
/// of it. A date on which many tickers have rows is drawn more often. None where no ticker has two rows.
pub(super) fn draw_cuts(tickers: &[AuditedTicker], plan: &AuditPlan) -> Vec<i32> {
    let mut dates = Vec::new();
    for ticker in tickers {
        if let [before_last @ .., _] = &ticker.prices.date.values()[..] {
            dates.extend_from_slice(before_last);
        }
    }
    if dates.is_empty() {
        return Vec::new();
    }
    dates.sort_unstable(); // so that the order of tickers decides nothing
    let count = dates.len() as u64;
    let draw = |position: usize| dates[(splitmix64(plan.seed, position as u64) % count) as usize];
    let cuts: BTreeSet<i32> = (0..plan.cuts).map(draw).collect();
    cuts.into_iter().collect()
}

/// The first eight bytes of BLAKE3 over the seed (little-endian) and the symbol.
pub(super) fn symbol_key(seed: u64, symbol: &Symbol) -> u64 {
    let mut hasher = blake3::Hasher::new_derive_key("tickermill 2026-11 leak audit");
    hasher.update(&seed.to_le_bytes());
    hasher.update(symbol.as_str().as_bytes());
    let mut key = [0; 8];
    hasher.finalize_xof().fill(&mut key);
    u64::from_le_bytes(key)
}

#[cfg(test)]
mod tests {
    use super::{AuditPlan, draw_cuts, draw_symbols};
    use crate::audit::AuditedTicker;
    use crate::symbol::Symbol;
    use crate::table::PriceTable;

    fn ticker(name: &str, dates: &[i32]) -> AuditedTicker {
        let prices = vec![1.0; dates.len()];
        let table = PriceTable {
            date: dates.to_vec(),
            open: prices.clone(),
            high: prices.clone(),
            low: prices.clone(),
            close: prices.clone(),
            adj_close: prices,
            volume: vec![1; dates.len()],
        };
        AuditedTicker {
            symbol: Symbol::parse(name).unwrap(),
            prices: table.into_arrays(),
        }
    }

    #[test]
    fn symbols_are_drawn_whatever_their_order() {
        let symbol = |name: &str| Symbol::parse(name).unwrap();
        let symbols: Vec<Symbol> = ["A", "B", "C", "D", "E", "F"].map(symbol).into();
        let reversed: Vec<Symbol> = symbols.iter().rev().cloned().collect();
        let drawn = draw_symbols(&symbols, 3, 7);
        assert_eq!(drawn.len(), 3);
        assert!(drawn.is_sorted());
        assert_eq!(draw_symbols(&reversed, 3, 7), drawn);
        assert_eq!(draw_symbols(&reversed, 9, 7), symbols);
        assert!((0..20).any(|seed| draw_symbols(&symbols, 3, seed) != drawn));
    }

    #[test]
    fn cuts_have_rows_on_both_sides() {
        let tickers = [
            ticker("A", &[10, 11, 12]),
            ticker("B", &[30]),
            ticker("C", &[]),
        ];
        let plan = AuditPlan { cuts: 50, seed: 3 };
        assert_eq!(draw_cuts(&tickers, &plan), [10, 11]);
        assert_eq!(draw_cuts(&tickers[1..], &plan), [0; 0]);
        let none = AuditPlan { cuts: 0, seed: 3 };
        assert_eq!(draw_cuts(&tickers, &none), [0; 0]);
    }
}

//! Histories that go on in another way.

use super::draw::symbol_key;
use super::examine::AuditedTicker;
use crate::splitmix::splitmix64;
use crate::table::{PriceArrays, PriceTable};

/// What comes after a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aftermath {
    /// Nothing.
    Gone,
    /// Rows of the same dates, and of prices and volumes that have nothing to do with those that were.
    Noise,
}

/// The random numbers that a row of noise is made of.
const DRAWS_PER_ROW: u64 = 6;

/// How many rows come up to a date, that date included.
pub(super) fn rows_up_to(prices: &PriceArrays, cut: i32) -> usize {
    prices.date.values().partition_point(|date| *date <= cut)
}

/// A ticker as it was up to a cut, and another after it.
pub(super) fn with_aftermath(
    ticker: &AuditedTicker,
    cut: i32,
    aftermath: Aftermath,
    seed: u64,
) -> AuditedTicker {
    let kept = rows_up_to(&ticker.prices, cut);
    let prices = match aftermath {
        Aftermath::Gone => first_rows(&ticker.prices, kept),
        Aftermath::Noise => {
            let key = splitmix64(symbol_key(seed, &ticker.symbol), cut as u64);
            with_noise(&ticker.prices, kept, key)
        }
    };
    AuditedTicker {
        symbol: ticker.symbol.clone(),
        prices,
    }
}

fn first_rows(prices: &PriceArrays, rows: usize) -> PriceArrays {
    PriceArrays {
        date: prices.date.slice(0, rows),
        open: prices.open.slice(0, rows),
        high: prices.high.slice(0, rows),
        low: prices.low.slice(0, rows),
        close: prices.close.slice(0, rows),
        adj_close: prices.adj_close.slice(0, rows),
        volume: prices.volume.slice(0, rows),
    }
}

fn with_noise(prices: &PriceArrays, kept: usize, key: u64) -> PriceArrays {
    let mut table = PriceTable {
        date: prices.date.values().to_vec(),
        open: prices.open.values()[..kept].to_vec(),
        high: prices.high.values()[..kept].to_vec(),
        low: prices.low.values()[..kept].to_vec(),
        close: prices.close.values()[..kept].to_vec(),
        adj_close: prices.adj_close.values()[..kept].to_vec(),
        volume: prices.volume.values()[..kept].to_vec(),
    };
    for row in kept..table.rows() {
        push_noise(&mut table, key, row as u64);
    }
    table.into_arrays()
}

/// Appends everything but the date: prices from 0.1 to 2,000 in their order, up to 2^30 shares.
///
/// That a drawn value is the one that was there is as good as impossible: prices have 53 bits of chance.
fn push_noise(table: &mut PriceTable, key: u64, row: u64) {
    let draw = |place: u64| splitmix64(key, row * DRAWS_PER_ROW + place);
    let share = |place: u64| (draw(place) >> 11) as f64 / 2.0_f64.powi(53);
    let open = 1.0 + 999.0 * share(0);
    let close = 1.0 + 999.0 * share(1);
    table.open.push(open);
    table.high.push(open.max(close) * (1.0 + share(2)));
    table.low.push(open.min(close) * (1.0 - 0.5 * share(3)));
    table.close.push(close);
    table.adj_close.push(close * (1.0 - 0.9 * share(4)));
    table.volume.push((draw(5) >> 34) as i64);
}

#[cfg(test)]
mod tests {
    use super::{Aftermath, rows_up_to, with_aftermath};
    use crate::audit::AuditedTicker;
    use crate::symbol::Symbol;
    use crate::table::PriceTable;

    fn ticker() -> AuditedTicker {
        let prices: Vec<f64> = (0..100).map(|row| 10.0 + f64::from(row)).collect();
        let table = PriceTable {
            date: (0..100).map(|row| 2 * row).collect(),
            open: prices.clone(),
            high: prices.clone(),
            low: prices.clone(),
            close: prices.clone(),
            adj_close: prices,
            volume: (0..100).collect(),
        };
        AuditedTicker {
            symbol: Symbol::parse("A").unwrap(),
            prices: table.into_arrays(),
        }
    }

    #[test]
    fn the_past_stays_and_the_future_goes() {
        let whole = ticker();
        for (cut, kept) in [(-1, 0), (0, 1), (41, 21), (198, 100)] {
            assert_eq!(rows_up_to(&whole.prices, cut), kept);
            let gone = with_aftermath(&whole, cut, Aftermath::Gone, 1).prices;
            assert_eq!(gone.rows(), kept);
            assert_eq!(gone.volume, whole.prices.volume.slice(0, kept));
            let noise = with_aftermath(&whole, cut, Aftermath::Noise, 1).prices;
            assert_eq!(noise.date, whole.prices.date);
            assert_eq!(noise.open.slice(0, kept), gone.open);
            assert_eq!(noise.volume.slice(0, kept), gone.volume);
        }
    }

    #[test]
    fn noise_is_valid_and_differs_in_every_value() {
        let whole = ticker().prices;
        let noise = with_aftermath(&ticker(), 41, Aftermath::Noise, 1).prices;
        for row in 21..100 {
            let value = |column: &arrow_array::Float64Array| column.value(row);
            let (low, high) = (value(&noise.low), value(&noise.high));
            assert!(0.0 < low && high < 2_000.0);
            for (noise, whole) in [
                (&noise.open, &whole.open),
                (&noise.high, &whole.high),
                (&noise.low, &whole.low),
                (&noise.close, &whole.close),
                (&noise.adj_close, &whole.adj_close),
            ] {
                assert!(0.0 < value(noise) && value(noise) <= high);
                assert_ne!(value(noise).to_bits(), value(whole).to_bits());
            }
            for between in [&noise.open, &noise.close] {
                assert!((low..=high).contains(&value(between)));
            }
            assert!(noise.volume.value(row) >= 0);
            assert_ne!(noise.volume.value(row), whole.volume.value(row));
        }
        assert_eq!(
            with_aftermath(&ticker(), 41, Aftermath::Noise, 1).prices,
            noise
        );
        assert_ne!(
            with_aftermath(&ticker(), 41, Aftermath::Noise, 2).prices,
            noise
        );
        assert_ne!(
            with_aftermath(&ticker(), 42, Aftermath::Noise, 1).prices,
            noise
        );
    }
}

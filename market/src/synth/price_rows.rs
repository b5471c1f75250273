//! The rows of one ticker as a data vendor shows them: adjusted for all that came later.

use super::calendar::TradingDay;
use super::chance::Chance;
use super::price::{Bar, PriceProcess};
use super::profile::Profile;
use super::volume::VolumeProcess;

/// One row of a price file.
///
/// As in the Kaggle files, all prices are adjusted for later splits, `adj_close` for later
/// dividends too, and so are they float32 values. `low <= open, close <= high` and
/// `0 < adj_close <= close`. Where the volume is zero, all prices but `adj_close` are equal.
pub(crate) struct PriceRow {
    pub(crate) open: f32,
    pub(crate) high: f32,
    pub(crate) low: f32,
    pub(crate) close: f32,
    pub(crate) adj_close: f32,
    pub(crate) volume: u64,
}

/// The rows of a ticker on these days, one for each day, in order.
pub(crate) fn price_rows(
    profile: &Profile,
    days: &[TradingDay],
    chance: &mut Chance,
) -> Vec<PriceRow> {
    let mut volumes = VolumeProcess::new(profile, chance);
    let mut prices = PriceProcess::new(profile, chance);
    let mut bars = Vec::with_capacity(days.len());
    let mut shares = Vec::with_capacity(days.len());
    for day in days {
        let volume = volumes.next_day(day, chance);
        shares.push(volume.shares);
        bars.push(if volume.shares == 0 {
            prices.untraded_day()
        } else {
            prices.traded_day(day, volume.has_news, chance)
        });
    }
    adjust(&bars, &shares)
}

/// Divides earlier prices by later splits, and takes later dividends out of earlier closes.
fn adjust(bars: &[Bar], shares: &[u64]) -> Vec<PriceRow> {
    let mut later_splits = 1.0;
    let mut later_dividends = 1.0;
    let mut rows = Vec::with_capacity(bars.len());
    for (bar, &volume) in bars.iter().zip(shares).rev() {
        rows.push(PriceRow {
            open: (bar.open / later_splits) as f32,
            high: (bar.high / later_splits) as f32,
            low: (bar.low / later_splits) as f32,
            close: (bar.close / later_splits) as f32,
            adj_close: (bar.close / later_splits * later_dividends) as f32,
            volume,
        });
        later_splits *= bar.split_ratio;
        later_dividends *= bar.dividend_factor;
    }
    rows.reverse();
    rows
}

//! How many rows each ticker has, and on which trading day it starts.

use std::ops::Range;

use super::chance::Chance;

/// One ticker in this many is newly listed: fewer rows than a window of 30.
const NEWLY_LISTED_ONE_IN: usize = 25;
const NEWLY_LISTED_ROWS: Range<usize> = 5..30;
/// Where the mean is less than this, new listings would not stand out.
const LEAST_MEAN_FOR_NEW_LISTINGS: usize = 60;
/// One ticker in this many has been delisted: its rows end before the last trading day.
const DELISTED_ONE_IN: usize = 40;
const DELISTED_DAYS_AGO: Range<usize> = 30..750;

/// For each ticker the trading days on which it was traded.
///
/// All end on the last day, except a few delisted ones. The lengths add up to
/// `tickers * rows_per_ticker` but for rounding, as far as the days suffice, and every ticker has
/// at least one row. Some are newly listed, the oldest have about three times the mean.
pub(crate) fn traded_days(
    tickers: usize,
    rows_per_ticker: usize,
    day_count: usize,
    chance: &mut Chance,
) -> Vec<Range<usize>> {
    let mut lengths = lengths(tickers, rows_per_ticker, day_count, chance);
    chance.shuffle(&mut lengths);
    lengths
        .into_iter()
        .map(|length| {
            let end = last_traded_day(length, day_count, chance);
            end - length..end
        })
        .collect()
}

fn last_traded_day(length: usize, day_count: usize, chance: &mut Chance) -> usize {
    let days_ago = DELISTED_DAYS_AGO.start + chance.below(DELISTED_DAYS_AGO.len());
    let is_delisted = chance.below(DELISTED_ONE_IN) == 0 && length >= NEWLY_LISTED_ROWS.end;
    if !is_delisted || length + days_ago > day_count {
        return day_count;
    }
    day_count - days_ago
}

/// The lengths, new listings first, then from the youngest to the oldest.
fn lengths(tickers: usize, mean: usize, day_count: usize, chance: &mut Chance) -> Vec<usize> {
    let newly_listed = if mean < LEAST_MEAN_FOR_NEW_LISTINGS {
        0
    } else {
        tickers / NEWLY_LISTED_ONE_IN
    };
    let mut lengths: Vec<usize> = (0..newly_listed)
        .map(|_| NEWLY_LISTED_ROWS.start + chance.below(NEWLY_LISTED_ROWS.len()))
        .collect();
    let remaining_rows = tickers * mean - lengths.iter().sum::<usize>();
    lengths.extend(established_lengths(
        tickers - newly_listed,
        remaining_rows,
        day_count,
    ));
    lengths
}

/// `count` growing lengths of 1 to `day_count` whose sum is about `total`, found by bisection.
fn established_lengths(count: usize, total: usize, day_count: usize) -> Vec<usize> {
    let scaled = |scale: f64| -> Vec<usize> {
        (0..count)
            .map(|rank| {
                let age = relative_age((rank as f64 + 0.5) / count as f64);
                ((age * scale).round() as usize).clamp(1, day_count)
            })
            .collect()
    };
    // At ten times the days even the youngest reaches the first day, so the sum wanted lies between.
    let (mut low, mut high) = (0.0, 10.0 * day_count as f64);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if scaled(middle).iter().sum::<usize>() < total {
            low = middle;
        } else {
            high = middle;
        }
    }
    scaled(high)
}

/// Age against the mean (but for a factor) of the ticker at this quantile: many young, few old.
fn relative_age(quantile: f64) -> f64 {
    0.1 + 3.2 * quantile * quantile * quantile
}

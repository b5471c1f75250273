//! Strata of rows by date and liquidity, and a sample that has its share of each.

use crate::fold_columns::FoldColumns;
use crate::smallest_hashes::SmallestHashes;
use chrono::{Datelike, NaiveDate};
use std::cmp::Reverse;

/// The parts that tickers are cut into by liquidity.
const DECILES: usize = 10;

/// Rows that are cut into strata.
struct Strata {
    /// The stratum of each row, in their order.
    of_rows: Vec<u32>,
    /// How many rows each stratum has, zero included: the earliest quarter first, in each the least traded first.
    sizes: Vec<usize>,
}

/// `wanted` of `rows`, which ascend and are more, so that each stratum has its share; in each those of the smallest
/// hashes, of equal ones the earlier. They still ascend.
///
/// A stratum is the rows of one quarter of a calendar year and one decile of the tickers that have rows among these, by
/// the mean of `today` over them; of equal means the earlier ticker is the lesser. Shares are [`shares_of`] their sizes.
/// Columns of other rows are not read.
///
/// Takes 12 bytes a row beside the rows. Panics where a date is outside the calendar.
pub(crate) fn stratified(
    columns: &FoldColumns<'_>,
    mut rows: Vec<u32>,
    wanted: usize,
    hash: impl Fn(u32) -> u64,
) -> Vec<u32> {
    let Strata { of_rows, sizes } = Strata::of(columns, &rows);
    // Hashes are put stratum by stratum; at last each end is that of its stratum.
    let mut ends = Vec::with_capacity(sizes.len());
    let mut earlier = 0_usize;
    for size in &sizes {
        ends.push(earlier);
        earlier += *size;
    }
    let mut hashes = vec![0; rows.len()];
    for (row, stratum) in rows.iter().zip(&of_rows) {
        let end = &mut ends[*stratum as usize];
        hashes[*end] = hash(*row);
        *end += 1;
    }

    let mut smallest = Vec::with_capacity(sizes.len());
    for (stratum, share) in shares_of(&sizes, wanted).into_iter().enumerate() {
        let end = ends[stratum];
        let of_stratum = &mut hashes[end - sizes[stratum]..end];
        smallest.push(SmallestHashes::of(of_stratum, share));
    }
    let mut strata = of_rows.iter();
    rows.retain(|row| {
        let stratum = strata.next().expect("every row has a stratum");
        smallest[*stratum as usize].admit(hash(*row))
    });
    rows
}

impl Strata {
    fn of(columns: &FoldColumns<'_>, rows: &[u32]) -> Self {
        let deciles = liquidity_deciles(columns, rows);
        let dates = rows.iter().map(|row| columns.dates[*row as usize]);
        let (Some(first), Some(last)) = (dates.clone().min(), dates.clone().max()) else {
            return Self {
                of_rows: Vec::new(),
                sizes: Vec::new(),
            };
        };
        let first_quarter = quarter_of(first);
        let quarters = (quarter_of(last) - first_quarter + 1) as usize;
        let mut sizes = vec![0; quarters * DECILES];
        let mut of_rows = Vec::with_capacity(rows.len());
        for (row, date) in rows.iter().zip(dates) {
            let quarter = (quarter_of(date) - first_quarter) as usize;
            let ticker = columns.tickers[*row as usize] as usize;
            let stratum = quarter * DECILES + usize::from(deciles[ticker]);
            sizes[stratum] += 1;
            of_rows.push(stratum as u32);
        }
        Self { of_rows, sizes }
    }
}

/// The quarters from the beginning of year 0 to that of a date, in days since 1970-01-01.
fn quarter_of(days: i32) -> i32 {
    let date = NaiveDate::from_epoch_days(days);
    let date = date.expect("a panel's dates are of the calendar");
    4 * date.year() + date.month0() as i32 / 3
}

/// The decile of each ticker, from 0, the least traded, to 9; those that have none of `rows` get 0.
///
/// Sums are taken in float64 in the order of rows. Fewer than ten tickers leave deciles out, as in the card's breakdown.
fn liquidity_deciles(columns: &FoldColumns<'_>, rows: &[u32]) -> Vec<u8> {
    let tickers = columns.symbols.len();
    let mut volumes = vec![0.0_f64; tickers];
    let mut row_counts = vec![0_u32; tickers];
    for row in rows {
        let ticker = columns.tickers[*row as usize] as usize;
        volumes[ticker] += f64::from(columns.today[*row as usize]);
        row_counts[ticker] += 1;
    }
    let mean_volume = |ticker: &usize| volumes[*ticker] / f64::from(row_counts[*ticker]);
    let with_rows = (0..tickers).filter(|ticker| row_counts[*ticker] > 0);
    let mut ascending: Vec<usize> = with_rows.collect();
    // A stable sort: of equal means the earlier ticker stays the earlier.
    ascending.sort_by(|one, other| mean_volume(one).total_cmp(&mean_volume(other)));

    let edge = |decile: usize| decile * ascending.len() / DECILES;
    let mut deciles = vec![0; tickers];
    for decile in 0..DECILES {
        for ticker in &ascending[edge(decile)..edge(decile + 1)] {
            deciles[*ticker] = decile as u8;
        }
    }
    deciles
}

/// How many of `wanted` rows come from each stratum, in proportion to `sizes`: the quota rounded down, and one more for
/// those of the largest remainders, of equal ones for the earlier (Hamilton's method).
///
/// They add up to `wanted`, and none is more than its stratum has. Of sizes that add up to more than `wanted` and to at
/// most 2^32.
fn shares_of(sizes: &[usize], wanted: usize) -> Vec<usize> {
    let all: u64 = sizes.iter().map(|size| *size as u64).sum();
    // Below 2^64, as both factors are numbered by 32 bits.
    let quota_times_all = |stratum: usize| sizes[stratum] as u64 * wanted as u64;
    let rounded_down = (0..sizes.len()).map(|stratum| (quota_times_all(stratum) / all) as usize);
    let mut shares: Vec<usize> = rounded_down.collect();
    let given: usize = shares.iter().sum();

    let mut by_remainder: Vec<usize> = (0..sizes.len()).collect();
    by_remainder.sort_by_key(|stratum| Reverse(quota_times_all(*stratum) % all));
    for stratum in by_remainder.into_iter().take(wanted - given) {
        shares[stratum] += 1;
    }
    shares
}

#[cfg(test)]
mod tests;

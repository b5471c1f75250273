//! The trading days of the synthetic market, and what all its tickers feel on them.

use chrono::{Datelike, NaiveDate, Weekday};

use super::chance::Chance;

const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(1962, 1, 2).expect("a valid date");
const LAST_DAY: NaiveDate = NaiveDate::from_ymd_opt(2020, 4, 1).expect("a valid date");

/// Effect of Monday to Friday on the logarithm of volume: a quiet Monday, a busy Friday.
const WEEKDAY_LOG_VOLUME: [f64; 5] = [-0.12, 0.02, 0.05, 0.03, 0.10];

/// One day on which the market was open.
pub(crate) struct TradingDay {
    /// `YYYY-MM-DD`.
    pub(crate) date: String,
    /// Return of the whole market, as a logarithm.
    pub(crate) market_return: f64,
    /// What the weekday and the mood of the market add to the logarithm of every volume.
    pub(crate) market_log_volume: f64,
}

/// How many trading days there are from 1962-01-02 to 2020-04-01: the most rows a ticker can have.
pub(crate) fn trading_day_count() -> usize {
    open_dates().count()
}

/// All trading days in order.
pub(crate) fn trading_days(chance: &mut Chance) -> Vec<TradingDay> {
    let mut mood = 0.0;
    open_dates()
        .map(|date| {
            mood = 0.9 * mood + 0.05 * chance.normal();
            let weekday = date.weekday().num_days_from_monday() as usize;
            TradingDay {
                date: date.to_string(),
                market_return: 0.0002 + 0.008 * chance.normal(),
                market_log_volume: WEEKDAY_LOG_VOLUME[weekday] + mood,
            }
        })
        .collect()
}

fn open_dates() -> impl Iterator<Item = NaiveDate> {
    FIRST_DAY
        .iter_days()
        .take_while(|date| *date <= LAST_DAY)
        .filter(|date| is_open(*date))
}

/// Open from Monday to Friday, except on three holidays that never move.
fn is_open(date: NaiveDate) -> bool {
    let weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
    let holiday = matches!((date.month(), date.day()), (1, 1) | (7, 4) | (12, 25));
    !weekend && !holiday
}

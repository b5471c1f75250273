//! Where a model is good and where it is not: test rows by year, by liquidity and by kind of security.

use crate::forecast_errors::{DailyErrors, ForecastErrors};
use crate::judged_panel::TickerKind;
use crate::panel_errors::TickerErrors;
use crate::performance::Performance;
use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

/// The test rows of one calendar year.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct YearRow {
    /// The year of the rows' dates.
    pub year: i32,
    /// The figures of its rows.
    pub performance: Performance<f64>,
}

/// The test rows of a tenth of the tickers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiquidityRow {
    /// The decile of the tickers, from 1, the least traded, to 10.
    pub decile: usize,
    /// How many tickers it has, at least one.
    pub tickers: usize,
    /// The least mean of `today` over a ticker's test rows among them, in shares.
    pub least_mean_volume: f64,
    /// The figures of their rows.
    pub performance: Performance<f64>,
}

/// The test rows of the tickers of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct KindRow {
    /// The kind.
    pub kind: TickerKind,
    /// How many tickers of it were tested, at least one.
    pub tickers: usize,
    /// The figures of their rows.
    pub performance: Performance<f64>,
}

/// One row for each year with test rows, ascending. Dates ascend.
pub(crate) fn by_year(daily: &[DailyErrors]) -> Vec<YearRow> {
    let same_year = |one: &DailyErrors, next: &DailyErrors| year_of(one) == year_of(next);
    let rows = daily.chunk_by(same_year).filter_map(|days| {
        let total = ForecastErrors::total(days.iter().map(|day| &day.errors));
        Some(YearRow {
            year: year_of(&days[0]),
            performance: Performance::of(&total)?,
        })
    });
    rows.collect()
}

fn year_of(day: &DailyErrors) -> i32 {
    let date = NaiveDate::from_epoch_days(day.date);
    date.expect("a panel's dates are of the calendar").year()
}

/// One row for each decile of tested tickers by the mean of `today` over their test rows, the least traded first; of
/// equal means the earlier ticker is the lesser. Fewer than ten tickers leave deciles out.
pub(crate) fn by_liquidity(by_ticker: &[TickerErrors]) -> Vec<LiquidityRow> {
    let mean_volume = |ticker: &TickerErrors| ticker.today / ticker.errors.rows as f64;
    let tested = by_ticker.iter().filter(|ticker| ticker.errors.rows > 0);
    let mut ascending: Vec<&TickerErrors> = tested.collect();
    ascending.sort_by(|one, other| mean_volume(one).total_cmp(&mean_volume(other)));

    let edge = |decile: usize| decile * ascending.len() / 10;
    let rows = (1..=10).filter_map(|decile| {
        let tickers = &ascending[edge(decile - 1)..edge(decile)];
        let total = ForecastErrors::total(tickers.iter().map(|ticker| &ticker.errors));
        Some(LiquidityRow {
            decile,
            tickers: tickers.len(),
            least_mean_volume: mean_volume(tickers.first()?),
            performance: Performance::of(&total)?,
        })
    });
    rows.collect()
}

/// One row for each kind of tested tickers: stocks, funds, unknown.
pub(crate) fn by_kind(by_ticker: &[TickerErrors], kinds: &[TickerKind]) -> Vec<KindRow> {
    let rows = [TickerKind::Stock, TickerKind::Etf, TickerKind::Unknown].map(|kind| {
        let tested = by_ticker
            .iter()
            .zip(kinds)
            .filter(|(ticker, of_ticker)| **of_ticker == kind && ticker.errors.rows > 0);
        let tickers: Vec<&ForecastErrors> = tested.map(|(ticker, _)| &ticker.errors).collect();
        Some(KindRow {
            kind,
            tickers: tickers.len(),
            performance: Performance::of(&ForecastErrors::total(tickers))?,
        })
    });
    rows.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast_errors::ErrorSums;

    fn errors(rows: u64, model: f64) -> ForecastErrors {
        let sums = |absolute: f64| ErrorSums {
            absolute,
            squared: absolute * absolute,
        };
        ForecastErrors {
            rows,
            model: sums(model),
            naive_today: sums(10.0),
            naive_moving_average: sums(0.0),
        }
    }

    #[test]
    fn years_are_those_of_the_calendar() {
        // 2019-12-31 is day 18261.
        let day = |date, model| DailyErrors {
            date,
            errors: errors(2, model),
        };
        let rows = by_year(&[day(18_260, 1.0), day(18_261, 3.0), day(18_262, 5.0)]);
        let found: Vec<_> = rows
            .iter()
            .map(|row| {
                (
                    row.year,
                    row.performance.rows,
                    row.performance.skill.naive_today,
                )
            })
            .collect();
        assert_eq!(found, [(2019, 4, Some(0.8)), (2020, 2, Some(0.5))]);
        assert_eq!(rows[0].performance.skill.naive_moving_average, None);
        assert_eq!(by_year(&[]), []);
    }

    #[test]
    fn deciles_are_tenths_of_the_tested_tickers_by_mean_volume() {
        let ticker = |rows: u64, mean: f64| TickerErrors {
            errors: errors(rows, mean),
            today: rows as f64 * mean,
        };
        let mut tickers: Vec<_> = (1..=20)
            .rev()
            .map(|mean| ticker(mean, mean as f64))
            .collect();
        tickers.insert(3, TickerErrors::default());
        let rows = by_liquidity(&tickers);
        let found: Vec<_> = rows
            .iter()
            .map(|row| {
                (
                    row.decile,
                    row.tickers,
                    row.least_mean_volume as usize,
                    row.performance.rows,
                )
            })
            .collect();
        let expected: Vec<_> = (1..=10)
            .map(|decile| (decile, 2, 2 * decile - 1, 4 * decile as u64 - 1))
            .collect();
        assert_eq!(found, expected);

        let deciles: Vec<_> = by_liquidity(&tickers[..2])
            .iter()
            .map(|row| row.decile)
            .collect();
        assert_eq!(deciles, [5, 10]);
    }

    #[test]
    fn kinds_without_tested_tickers_have_no_row() {
        let tested = TickerErrors {
            errors: errors(3, 4.0),
            today: 1.0,
        };
        let tickers = [tested, TickerErrors::default(), tested];
        let kinds = [TickerKind::Unknown, TickerKind::Etf, TickerKind::Unknown];
        let rows = by_kind(&tickers, &kinds);
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (rows[0].kind, rows[0].tickers, rows[0].performance.rows),
            (TickerKind::Unknown, 2, 6)
        );
    }
}

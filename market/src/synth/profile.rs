//! What one ticker is like, all its life.

use super::chance::Chance;

/// The constants of one ticker.
pub(crate) struct Profile {
    /// Mean logarithm of the shares traded in a day.
    pub(crate) log_volume_level: f64,
    /// Chance of news on a day.
    pub(crate) news_probability: f64,
    /// Close before the first day.
    pub(crate) first_price: f64,
    /// Standard deviation of the daily return on a day of usual agitation.
    pub(crate) daily_volatility: f64,
    /// How much of the return of the market it follows.
    pub(crate) market_beta: f64,
    /// Part of the price that each quarterly dividend pays out; zero for many.
    pub(crate) quarterly_yield: f64,
}

impl Profile {
    /// A stock: from nearly untraded to the busiest of the market.
    pub(crate) fn stock(chance: &mut Chance) -> Self {
        Self {
            log_volume_level: log_volume_level(12.0, chance),
            news_probability: chance.between(0.01, 0.03),
            first_price: chance.between(5.0, 60.0),
            daily_volatility: chance.between(0.010, 0.030),
            market_beta: chance.between(0.4, 1.6),
            quarterly_yield: quarterly_yield(0.5, chance),
        }
    }

    /// An ETF: calmer, and nearly all pay dividends.
    pub(crate) fn etf(chance: &mut Chance) -> Self {
        Self {
            log_volume_level: log_volume_level(11.0, chance),
            news_probability: 0.005,
            first_price: chance.between(20.0, 60.0),
            daily_volatility: chance.between(0.002, 0.008),
            market_beta: chance.between(0.5, 1.1),
            quarterly_yield: quarterly_yield(0.85, chance),
        }
    }

    /// A stock that trades on every day at prices of some dollars, so that a fault stands out.
    pub(crate) fn liquid() -> Self {
        Self {
            log_volume_level: 13.0,
            news_probability: 0.01,
            first_price: 40.0,
            daily_volatility: 0.012,
            market_beta: 1.0,
            quarterly_yield: 0.005,
        }
    }
}

/// About `usual`, at most some millions of shares; one ticker in twenty is so thinly traded that
/// nobody trades it on some days.
fn log_volume_level(usual: f64, chance: &mut Chance) -> f64 {
    if chance.happens(0.05) {
        return chance.between(3.5, 6.0);
    }
    (usual + 1.5 * chance.normal()).min(15.5)
}

fn quarterly_yield(paying_part: f64, chance: &mut Chance) -> f64 {
    if !chance.happens(paying_part) {
        return 0.0;
    }
    chance.between(0.002, 0.012)
}

//! What a share costs: geometric Brownian motion whose agitation clusters, with overnight gaps,
//! splits and dividends.

use super::calendar::TradingDay;
use super::chance::Chance;
use super::profile::Profile;

/// Trading days from one dividend to the next.
const DIVIDEND_INTERVAL: usize = 63;
/// A share dearer than this is soon split, one cheaper than the second soon merged with others.
const DEAR: f64 = 120.0;
const CHEAP: f64 = 1.5;
const SPLIT_PROBABILITY: f64 = 0.02;
const SPLIT_RATIOS: [&f64; 3] = [&1.5, &2.0, &3.0];
const REVERSE_SPLIT_RATIO: f64 = 0.1;

/// What was paid on one day, in dollars of that day, in whole cents.
#[derive(Clone, Copy)]
pub(crate) struct Bar {
    pub(crate) open: f64,
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) close: f64,
    /// Shares of this day for one of the day before; 1 but for splits.
    pub(crate) split_ratio: f64,
    /// Part of the close before that is left after the dividend of this morning; 1 without one.
    pub(crate) dividend_factor: f64,
}

/// The price of one ticker from day to day.
pub(crate) struct PriceProcess<'profile> {
    profile: &'profile Profile,
    close: f64,
    log_agitation: f64,
    days_to_dividend: usize,
}

impl<'profile> PriceProcess<'profile> {
    pub(crate) fn new(profile: &'profile Profile, chance: &mut Chance) -> Self {
        Self {
            profile,
            close: to_cents(profile.first_price),
            log_agitation: 0.0,
            days_to_dividend: chance.below(DIVIDEND_INTERVAL),
        }
    }

    /// A day without trade: every price is the close before.
    pub(crate) fn untraded_day(&self) -> Bar {
        Bar {
            open: self.close,
            high: self.close,
            low: self.close,
            close: self.close,
            split_ratio: 1.0,
            dividend_factor: 1.0,
        }
    }

    /// A day with trade.
    pub(crate) fn traded_day(
        &mut self,
        day: &TradingDay,
        has_news: bool,
        chance: &mut Chance,
    ) -> Bar {
        let split_ratio = self.split_ratio(chance);
        let dividend_factor = self.dividend_factor();
        self.log_agitation = 0.96 * self.log_agitation + 0.08 * chance.normal();
        let deviation = self.profile.daily_volatility * libm::exp(self.log_agitation);

        let mut overnight_return = 0.4 * deviation * chance.normal();
        if has_news {
            overnight_return += 3.0 * deviation * chance.normal();
        }
        let daytime_return = self.profile.market_beta * day.market_return
            - 0.5 * deviation * deviation
            + 0.9 * deviation * chance.normal();

        let reference = self.close / split_ratio * dividend_factor;
        let open = to_cents(reference * libm::exp(overnight_return));
        let close = to_cents(open * libm::exp(daytime_return));
        let upper_shadow = libm::exp(0.4 * deviation * chance.exponential());
        let lower_shadow = libm::exp(-0.4 * deviation * chance.exponential());
        self.close = close;
        Bar {
            open,
            high: to_cents(open.max(close) * upper_shadow),
            low: to_cents(open.min(close) * lower_shadow),
            close,
            split_ratio,
            dividend_factor,
        }
    }

    fn split_ratio(&self, chance: &mut Chance) -> f64 {
        let wants_split = self.close > DEAR || self.close < CHEAP;
        if !wants_split || !chance.happens(SPLIT_PROBABILITY) {
            return 1.0;
        }
        if self.close < CHEAP {
            return REVERSE_SPLIT_RATIO;
        }
        *chance.pick(&SPLIT_RATIOS)
    }

    fn dividend_factor(&mut self) -> f64 {
        if self.days_to_dividend > 0 {
            self.days_to_dividend -= 1;
            return 1.0;
        }
        self.days_to_dividend = DIVIDEND_INTERVAL - 1;
        1.0 - self.profile.quarterly_yield
    }
}

/// The nearest price in whole cents, at least one cent.
fn to_cents(price: f64) -> f64 {
    (price * 100.0).round().max(1.0) / 100.0
}

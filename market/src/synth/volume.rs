//! How many shares change hands: volumes that cluster, follow the weekday and jump on news.

use super::calendar::TradingDay;
use super::chance::Chance;
use super::profile::Profile;

/// How much of the slow swell of interest is left on the next day.
const SWELL_PERSISTENCE: f64 = 0.985;
/// Standard deviation of what a day adds to the swell.
const SWELL_NOISE: f64 = 0.06;
/// Standard deviation of what is particular to one day: the part that no model can foresee.
const DAILY_NOISE: f64 = 0.45;
/// How much of the excitement about news is left on the next day.
const NEWS_PERSISTENCE: f64 = 0.45;
/// Trades come in round lots.
const ROUND_LOT: f64 = 100.0;

/// The volume of one ticker on one day.
pub(crate) struct DailyVolume {
    /// Shares, as adjusted for later splits. Zero where nobody traded.
    pub(crate) shares: u64,
    /// Whether news came on this day.
    pub(crate) has_news: bool,
}

/// The logarithm of volume as a sum: the level of the ticker, a slow swell, news that is soon
/// forgotten, the weekday and mood of the market, and noise.
pub(crate) struct VolumeProcess {
    log_level: f64,
    news_probability: f64,
    swell: f64,
    excitement: f64,
}

impl VolumeProcess {
    pub(crate) fn new(profile: &Profile, chance: &mut Chance) -> Self {
        let settled_deviation = SWELL_NOISE / (1.0 - SWELL_PERSISTENCE * SWELL_PERSISTENCE).sqrt();
        Self {
            log_level: profile.log_volume_level,
            news_probability: profile.news_probability,
            swell: settled_deviation * chance.normal(),
            excitement: 0.0,
        }
    }

    pub(crate) fn next_day(&mut self, day: &TradingDay, chance: &mut Chance) -> DailyVolume {
        self.swell = SWELL_PERSISTENCE * self.swell + SWELL_NOISE * chance.normal();
        self.excitement *= NEWS_PERSISTENCE;
        let has_news = chance.happens(self.news_probability);
        if has_news {
            self.excitement += 0.6 + 0.5 * chance.exponential();
        }
        let log_volume = self.log_level
            + self.swell
            + self.excitement.min(3.0)
            + day.market_log_volume
            + DAILY_NOISE * chance.normal();
        DailyVolume {
            shares: ((libm::exp(log_volume) / ROUND_LOT).round() * ROUND_LOT) as u64,
            has_news,
        }
    }
}

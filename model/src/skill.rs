//! Skill: how much smaller the model's error is than a naive forecast's, and how sure that is.

use crate::bootstrap::{Bootstrap, central_interval};
use crate::forecast_errors::{DailyErrors, ForecastErrors, Naive};
use serde::{Deserialize, Serialize};

/// A skill, `1 - MAE(model) / MAE(naive)`, with its 95% interval. Above 0 the model beats the naive forecast.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SkillInterval {
    /// The skill on the rows as they are.
    pub skill: f64,
    /// The 2.5% point of the skills of resampled dates.
    pub low: f64,
    /// The 97.5% point of them.
    pub high: f64,
}

/// One figure against each naive forecast.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Skills<T> {
    /// Against [`Naive::Today`]; null where that has no error.
    pub naive_today: Option<T>,
    /// Against [`Naive::MovingAverage`]; null where that has no error.
    pub naive_moving_average: Option<T>,
}

impl<T> Skills<T> {
    pub(crate) fn against(each: impl Fn(Naive) -> Option<T>) -> Self {
        Self {
            naive_today: each(Naive::Today),
            naive_moving_average: each(Naive::MovingAverage),
        }
    }
}

impl SkillInterval {
    /// The skill over all rows of `daily`, dates ascending. `None` where the naive forecast has no error.
    ///
    /// A resample without an error of the naive forecast has no skill and is left out; where fewer than 39 are left the
    /// result is `None` too.
    pub fn of(daily: &[DailyErrors], naive: Naive, bootstrap: &Bootstrap) -> Option<Self> {
        Self::mean_of_folds(&[daily], naive, bootstrap)
    }

    /// The mean of the skills of `folds`, each of the same weight. Dates are resampled within each fold.
    ///
    /// `None` where there are no folds, or as for [`SkillInterval::of`] for any of them.
    pub fn mean_of_folds(
        folds: &[&[DailyErrors]],
        naive: Naive,
        bootstrap: &Bootstrap,
    ) -> Option<Self> {
        let mut skill = 0.0;
        let mut resampled: Vec<f64> = Vec::new();
        for (stream, daily) in folds.iter().enumerate() {
            skill += ForecastErrors::total(daily.iter().map(|day| &day.errors)).skill(naive)?;
            let absolute: Vec<[f64; 2]> = daily
                .iter()
                .map(|day| [day.errors.model.absolute, day.errors.naive(naive).absolute])
                .collect();
            let totals = bootstrap.resampled_totals(&absolute, stream as u64);
            resampled.resize(totals.len(), 0.0);
            for (sum, [model, naive]) in resampled.iter_mut().zip(totals) {
                *sum += 1.0 - model / naive;
            }
        }
        let count = folds.len() as f64;
        for sum in &mut resampled {
            *sum /= count;
        }
        let (low, high) = central_interval(resampled)?;
        Some(Self {
            skill: skill / count,
            low,
            high,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast_errors::ErrorSums;
    use crate::splitmix::normal;

    fn day(date: usize, model: f64, naive_today: f64) -> DailyErrors {
        let sums = |absolute| ErrorSums {
            absolute,
            squared: 0.0,
        };
        DailyErrors {
            date: date as i32,
            errors: ForecastErrors {
                rows: 1,
                model: sums(model),
                naive_today: sums(naive_today),
                naive_moving_average: sums(0.0),
            },
        }
    }

    /// Daily errors that follow the day before by a half, around 8 for the model and 10 for the naive forecast.
    fn autoregressive(dates: usize, seed: u64) -> Vec<DailyErrors> {
        let (mut model, mut naive) = (0.0, 0.0);
        let draws = (0..dates as u64).map(|date| {
            let shared = normal(seed, 3 * date);
            model = 0.5 * model + 0.5 * shared + 0.5 * normal(seed, 3 * date + 1);
            naive = 0.5 * naive + 0.5 * shared + 0.5 * normal(seed, 3 * date + 2);
            day(date as usize, 8.0 + model, 10.0 + naive)
        });
        draws.collect()
    }

    #[test]
    fn covers_the_true_skill_about_as_often_as_it_says() {
        let series = 400;
        let covered = (0..series).filter(|seed| {
            let daily = autoregressive(800, *seed);
            let interval = SkillInterval::of(&daily, Naive::Today, &Bootstrap::default());
            let interval = interval.expect("the naive forecast has errors");
            interval.low <= 0.2 && 0.2 <= interval.high
        });
        // Blocks of 20 sessions miss a little of the dependence, so that a few per cent below 95% are usual.
        let share = covered.count() as f64 / series as f64;
        assert!((0.90..0.98).contains(&share), "{share}");
    }

    #[test]
    fn the_same_seed_gives_the_same_interval() {
        let daily = autoregressive(300, 1);
        let of = |seed| {
            let bootstrap = Bootstrap::new(1_000, 20, seed).unwrap();
            SkillInterval::of(&daily, Naive::Today, &bootstrap).unwrap()
        };
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        assert!(of(1).low < of(1).skill && of(1).skill < of(1).high);
    }

    #[test]
    fn a_constant_ratio_has_no_width() {
        let daily: Vec<_> = (1..400)
            .map(|date| day(date, 3.0 * date as f64, 4.0 * date as f64))
            .collect();
        let interval = SkillInterval::of(&daily, Naive::Today, &Bootstrap::default());
        let expected = SkillInterval {
            skill: 0.25,
            low: 0.25,
            high: 0.25,
        };
        assert_eq!(interval, Some(expected));
    }

    #[test]
    fn none_beside_a_naive_forecast_without_error() {
        let daily = autoregressive(50, 1);
        let of = |daily: &[DailyErrors]| {
            SkillInterval::of(daily, Naive::MovingAverage, &Bootstrap::default())
        };
        assert_eq!(of(&daily), None);
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn folds_weigh_the_same_in_their_mean() {
        let fold = |dates: usize, model: f64| -> Vec<_> {
            (0..dates).map(|date| day(date, model, 4.0)).collect()
        };
        let (long, short) = (fold(90, 3.0), fold(30, 1.0));
        let bootstrap = Bootstrap::default();
        let mean = SkillInterval::mean_of_folds(&[&long, &short], Naive::Today, &bootstrap);
        let expected = SkillInterval {
            skill: 0.5,
            low: 0.5,
            high: 0.5,
        };
        assert_eq!(mean, Some(expected));
        assert_eq!(
            SkillInterval::mean_of_folds(&[], Naive::Today, &bootstrap),
            None
        );
    }
}

//! The figures of a model beside the naive forecasts on the same rows.

use crate::bootstrap::Bootstrap;
use crate::forecast_errors::{DailyErrors, ErrorSums, ForecastErrors};
use crate::skill::{SkillInterval, Skills};
use serde::{Deserialize, Serialize};

/// How far off one forecast is, in the target's unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorFigures {
    /// The mean absolute error.
    pub mae: f64,
    /// The root of the mean squared error.
    pub rmse: f64,
}

/// Three forecasts of the same rows. Field order is that of the card.
///
/// `T` is the form of a skill: [`SkillInterval`], or `f64` where dates are too few or too mixed to resample.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Performance<T> {
    /// How many rows there are, at least one.
    pub rows: u64,
    /// The model.
    pub model: ErrorFigures,
    /// The forecast that tomorrow is as today.
    pub naive_today: ErrorFigures,
    /// The forecast that tomorrow is as the moving average.
    pub naive_moving_average: ErrorFigures,
    /// The model's skill against either.
    pub skill: Skills<T>,
}

impl ErrorFigures {
    fn of(sums: &ErrorSums, rows: u64) -> Self {
        let rows = rows as f64;
        Self {
            mae: sums.absolute / rows,
            rmse: (sums.squared / rows).sqrt(),
        }
    }
}

impl<T> Performance<T> {
    fn with_skill(errors: &ForecastErrors, skill: Skills<T>) -> Self {
        let of = |sums| ErrorFigures::of(sums, errors.rows);
        Self {
            rows: errors.rows,
            model: of(&errors.model),
            naive_today: of(&errors.naive_today),
            naive_moving_average: of(&errors.naive_moving_average),
            skill,
        }
    }
}

impl Performance<f64> {
    /// `None` where there are no rows.
    pub(crate) fn of(errors: &ForecastErrors) -> Option<Self> {
        let skill = || Skills::against(|naive| errors.skill(naive));
        (errors.rows > 0).then(|| Self::with_skill(errors, skill()))
    }
}

impl Performance<SkillInterval> {
    /// `None` where there are no dates.
    pub(crate) fn over_dates(daily: &[DailyErrors], bootstrap: &Bootstrap) -> Option<Self> {
        if daily.is_empty() {
            return None;
        }
        let total = ForecastErrors::total(daily.iter().map(|day| &day.errors));
        let skill = Skills::against(|naive| SkillInterval::of(daily, naive, bootstrap));
        Some(Self::with_skill(&total, skill))
    }
}

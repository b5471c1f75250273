//! Errors of three forecasts of the same rows, added up.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A forecast that needs no model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Naive {
    /// Tomorrow is as today.
    Today,
    /// Tomorrow is as the moving average.
    MovingAverage,
}

/// The errors of one forecast, summed in float64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ErrorSums {
    /// Of absolute errors, in the target's unit.
    pub absolute: f64,
    /// Of squared errors.
    pub squared: f64,
}

/// The errors of the model and of both naive forecasts on the same rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ForecastErrors {
    /// How many rows there are.
    pub rows: u64,
    /// Those of the model.
    pub model: ErrorSums,
    /// Those of [`Naive::Today`].
    pub naive_today: ErrorSums,
    /// Those of [`Naive::MovingAverage`].
    pub naive_moving_average: ErrorSums,
}

/// The errors of all rows of one date.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DailyErrors {
    /// The date, in days since 1970-01-01.
    pub date: i32,
    /// Its errors, of at least one row.
    pub errors: ForecastErrors,
}

impl fmt::Display for Naive {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Today => "the forecast that tomorrow is as today",
            Self::MovingAverage => "the forecast that tomorrow is as the moving average",
        })
    }
}

impl ErrorSums {
    pub(crate) fn of(forecast: f32, target: f32) -> Self {
        let error = f64::from(forecast) - f64::from(target);
        Self {
            absolute: error.abs(),
            squared: error * error,
        }
    }

    fn add(&mut self, other: &Self) {
        self.absolute += other.absolute;
        self.squared += other.squared;
    }
}

impl ForecastErrors {
    /// Those of one row, of which the model and both naive forecasts should say `target`; `None` where any of the four
    /// is not finite.
    pub(crate) fn of_row(
        target: f32,
        model: f32,
        naive_today: f32,
        naive_moving_average: f32,
    ) -> Option<Self> {
        let errors = Self {
            rows: 1,
            model: ErrorSums::of(model, target),
            naive_today: ErrorSums::of(naive_today, target),
            naive_moving_average: ErrorSums::of(naive_moving_average, target),
        };
        errors.is_finite().then_some(errors)
    }

    /// Whether all errors are finite: a float32 that is not makes an error that is not, and sums keep it.
    fn is_finite(&self) -> bool {
        let sums = [self.model, self.naive_today, self.naive_moving_average];
        sums.iter()
            .map(|sums| sums.absolute)
            .sum::<f64>()
            .is_finite()
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.model.add(&other.model);
        self.naive_today.add(&other.naive_today);
        self.naive_moving_average.add(&other.naive_moving_average);
    }

    /// The sum of all of `parts`, in their order.
    pub(crate) fn total<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut total = Self::default();
        for part in parts {
            total.add(part);
        }
        total
    }

    pub(crate) fn naive(&self, naive: Naive) -> &ErrorSums {
        match naive {
            Naive::Today => &self.naive_today,
            Naive::MovingAverage => &self.naive_moving_average,
        }
    }

    /// `1 - MAE(model) / MAE(naive)`: above 0 the model beats the naive forecast; `None` where that has no error.
    pub fn skill(&self, naive: Naive) -> Option<f64> {
        let naive = self.naive(naive).absolute;
        (naive > 0.0).then(|| 1.0 - self.model.absolute / naive)
    }
}

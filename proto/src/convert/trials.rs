//! The results of trials, there and back.

use model::forecast_errors::{ErrorSums, ForecastErrors};

use super::ConvertError;
use crate::session::AttemptId;
use crate::wire;

/// The result of an attempt as it is sent.
pub(super) fn trial_done(attempt: &AttemptId, errors: &ForecastErrors) -> wire::TrialDone {
    let sums = |sums: &ErrorSums| wire::ErrorSums {
        absolute: sums.absolute,
        squared: sums.squared,
    };
    wire::TrialDone {
        attempt: Some(attempt.into()),
        rows: errors.rows,
        model: Some(sums(&errors.model)),
        naive_today: Some(sums(&errors.naive_today)),
        naive_moving_average: Some(sums(&errors.naive_moving_average)),
    }
}

/// The result of an attempt as it came, whose sums are finite and not negative.
pub(super) fn done(message: wire::TrialDone) -> Result<(AttemptId, ForecastErrors), ConvertError> {
    let sums = |name: &'static str, sums: Option<wire::ErrorSums>| {
        let sums = sums.ok_or(ConvertError::Missing(name))?;
        let is_sum = |sum: f64| sum.is_finite() && sum >= 0.0;
        if !(is_sum(sums.absolute) && is_sum(sums.squared)) {
            return Err(ConvertError::NoSum(name));
        }
        Ok(ErrorSums {
            absolute: sums.absolute,
            squared: sums.squared,
        })
    };
    let errors = ForecastErrors {
        rows: message.rows,
        model: sums("model", message.model)?,
        naive_today: sums("naive_today", message.naive_today)?,
        naive_moving_average: sums("naive_moving_average", message.naive_moving_average)?,
    };
    Ok((message.attempt.try_into()?, errors))
}

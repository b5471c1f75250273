//! What stands between the trees and the prediction.

/// What a prediction is made of, once the trees have become one number and the base value is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// The number itself.
    Identity,
    /// A volume, where the number is the log ratio of tomorrow's to today's: `max(0, exp(number + log_today) - 1)`.
    /// NaN where the feature is.
    LogRatio {
        /// The column of the feature that holds `ln(1 + today's volume)`, counted from 0.
        log_today: u16,
    },
}

impl Link {
    /// The prediction for a row. Panics where the row does not have the feature.
    pub(crate) fn apply(self, number: f64, row: &[f32]) -> f64 {
        match self {
            Self::Identity => number,
            Self::LogRatio { log_today } => volume_of(number, row[usize::from(log_today)]),
        }
    }
}

/// The volume whose log ratio to today's is `number`, where `log_today` is ln(1 + today's): at least 0, or NaN.
pub(crate) fn volume_of(number: f64, log_today: f32) -> f64 {
    // libm rather than the platform's, so that the bits are the same on every machine.
    let volume = libm::exp(number + f64::from(log_today)) - 1.0;
    // `f64::max` would make 0 of NaN.
    if volume < 0.0 { 0.0 } else { volume }
}

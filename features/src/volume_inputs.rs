//! The features that say most of tomorrow's volume.

use crate::column::Column;
use crate::operation::Operation;
use crate::schema::Feature;

/// The name of the input that holds ln(1 + Volume) of the row itself.
pub const LOG_VOLUME: &str = "log_volume";

/// The inputs of the model `volume`, in order; `LOG_VOLUME` comes first.
///
/// Levels of volume are relative to the row's own, so that tickers of any size look alike. What each is worth is in
/// `bench/RESULTS.md`.
pub fn volume_inputs() -> Vec<Feature> {
    use Column as C;
    use Operation::{Lag, Mean, Std};
    vec![
        itself(LOG_VOLUME, C::LogVolume),
        relative("volume_day_before", Lag, 1),
        relative("volume_mean_5", Mean, 5),
        relative("volume_mean_20", Mean, 20),
        relative("volume_mean_60", Mean, 60),
        over("volume_deviation_10", C::LogVolume, Std, 10),
        itself("range", C::LogRange),
        over("range_mean_10", C::LogRange, Mean, 10),
        itself("return", C::LogReturn),
        itself("gap", C::LogGap),
        itself("price", C::LogPrice),
        itself("next_weekday", C::NextWeekday),
        itself("next_days_ahead", C::NextDaysAhead),
        itself("next_shortened", C::NextShortened),
        itself("next_month_end", C::NextMonthEnd),
        itself("next_expiry", C::NextExpiry),
    ]
}

fn over(name: &str, column: Column, operation: Operation, window: usize) -> Feature {
    Feature {
        name: name.to_owned(),
        column,
        operation,
        window,
        relative: false,
    }
}

/// The row's own value: a window of one row.
fn itself(name: &str, column: Column) -> Feature {
    over(name, column, Operation::Mean, 1)
}

/// Logarithms of volume over a window, less the row's own.
fn relative(name: &str, operation: Operation, window: usize) -> Feature {
    Feature {
        relative: true,
        ..over(name, Column::LogVolume, operation, window)
    }
}

#[cfg(test)]
mod tests {
    use super::{LOG_VOLUME, volume_inputs};
    use crate::schema::{FeatureSchema, Target};

    #[test]
    fn can_be_declared_and_begin_with_the_volume() {
        let inputs = volume_inputs();
        assert_eq!(inputs[0].name, LOG_VOLUME);
        let schema = FeatureSchema::declare(inputs, Target::default()).unwrap();
        assert_eq!(schema.longest_window(), 60);
    }
}

//! The columns that are derived from those of a price table.
//!
//! Logarithms are those of the `libm` crate, which is written in Rust alone: the library of a machine, which `f64::ln`
//! calls, may differ in the last bit from that of another.

use std::cell::LazyCell;
use std::iter::repeat_n;

use arrow_array::{Date32Array, Float64Array, Int64Array};

use crate::calendar::{Expiry, NextSession};
use crate::column::Column;
use crate::prices::{ColumnValues, PriceColumns};
use crate::schema::FeatureSchema;

/// The columns that a declaration names: those of the table as they are, and each derived one, made once.
pub(crate) struct NamedColumns<'a> {
    prices: &'a PriceColumns<'a>,
    derived: Vec<(Column, Float64Array)>,
}

impl<'a> NamedColumns<'a> {
    /// Makes the derived columns that the schema's features name, and no others.
    pub(crate) fn of(schema: &FeatureSchema, prices: &'a PriceColumns<'a>) -> Self {
        let is_named = |column: &Column| {
            let mut features = schema.features().iter();
            features.any(|feature| feature.column == *column)
        };
        let sessions = LazyCell::new(|| next_sessions(prices.date));
        let derived = Column::DERIVED.into_iter().filter(is_named);
        let derived = derived
            .filter_map(|column| Some((column, derive(column, prices, &sessions)?)))
            .collect();
        Self { prices, derived }
    }

    /// The values of a column that a feature or the target names.
    pub(crate) fn values(&self, column: Column) -> ColumnValues<'_> {
        if let Some(values) = self.prices.values(column) {
            return values;
        }
        let mut derived = self.derived.iter();
        let (_, values) = derived
            .find(|(derived, _)| *derived == column)
            .expect("a named column is of the table or was derived");
        ColumnValues::Floats(values)
    }
}

type Sessions = Vec<Option<NextSession>>;

/// The values of a derived column, as [`Column`] defines them; `None` for a column of the table.
fn derive(
    column: Column,
    prices: &PriceColumns<'_>,
    sessions: &LazyCell<Sessions, impl FnOnce() -> Sessions>,
) -> Option<Float64Array> {
    let of_sessions = |value: fn(NextSession) -> f64| {
        let sessions = sessions.iter();
        sessions.map(|session| session.map(value)).collect()
    };
    Some(match column {
        Column::Open
        | Column::High
        | Column::Low
        | Column::Close
        | Column::AdjClose
        | Column::Volume => return None,
        Column::LogVolume => log_counts(prices.volume),
        Column::LogPrice => logarithms(prices.close).collect(),
        Column::LogReturn => log_ratios(prices.adj_close, prices.adj_close, 1),
        Column::LogRange => log_ratios(prices.high, prices.low, 0),
        Column::LogGap => log_ratios(prices.open, prices.close, 1),
        Column::NextWeekday => of_sessions(|session| f64::from(session.weekday)),
        Column::NextDaysAhead => of_sessions(|session| f64::from(session.days_ahead)),
        Column::NextShortened => of_sessions(|session| f64::from(session.shortened)),
        Column::NextMonthEnd => of_sessions(|session| f64::from(session.month_end)),
        Column::NextExpiry => of_sessions(|session| match session.expiry {
            Expiry::None => 0.0,
            Expiry::Monthly => 1.0,
            Expiry::Quarterly => 2.0,
        }),
    })
}

fn next_sessions(dates: &Date32Array) -> Sessions {
    let dates = dates.iter();
    dates.map(|date| NextSession::after(date?)).collect()
}

fn log_counts(column: &Int64Array) -> Float64Array {
    let counts = column.iter();
    let counts = counts.map(|count| count.filter(|count| *count >= 0));
    counts
        .map(|count| Some(libm::log1p(count? as f64)))
        .collect()
}

/// The logarithm of each value; null where it is null or not positive.
fn logarithms(column: &Float64Array) -> impl Iterator<Item = Option<f64>> {
    let values = column.iter();
    let values = values.map(|value| value.filter(|value| *value > 0.0));
    values.map(|value| value.map(libm::log))
}

/// The logarithm of each value of `above` less that of `below` so many rows before; null where there is none.
fn log_ratios(above: &Float64Array, below: &Float64Array, rows_before: usize) -> Float64Array {
    let below = repeat_n(None, rows_before).chain(logarithms(below));
    let pairs = logarithms(above).zip(below);
    pairs.map(|(above, below)| Some(above? - below?)).collect()
}

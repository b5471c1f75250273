//! A table of any values, and the slow, obvious meaning of every feature of it: a row at a time.

use arrow_array::{
    Array, ArrowPrimitiveType, Date32Array, Float64Array, Int64Array, PrimitiveArray,
};
use chrono::NaiveDate;
use proptest::collection::vec;
use proptest::prelude::*;
use tickermill_features::calendar::Expiry;
use tickermill_features::column::Column;
use tickermill_features::operation::Operation;
use tickermill_features::prices::{ColumnValues, PriceColumns};
use tickermill_features::schema::Feature;

use crate::oracle::{self, floats, integers};
use crate::sessions::next_session;

type Meaning = (Operation, fn(&[f64]) -> f64, fn(&[i64]) -> f64);

const MEANINGS: [Meaning; 6] = [
    (Operation::Mean, oracle::float_mean, oracle::integer_mean),
    (
        Operation::Median,
        oracle::float_median,
        oracle::integer_median,
    ),
    (Operation::Sum, oracle::float_sum, oracle::integer_sum),
    (Operation::Min, oracle::float_min, oracle::integer_min),
    (Operation::Max, oracle::float_max, oracle::integer_max),
    (Operation::Std, oracle::float_std, oracle::integer_std),
];

/// The columns of a table, of any sign and with nulls, its dates too.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) date: Date32Array,
    /// Open, High, Low, Close and Adj Close.
    pub(crate) prices: [Float64Array; 5],
    pub(crate) volume: Int64Array,
}

impl Table {
    pub(crate) fn columns(&self) -> PriceColumns<'_> {
        let [open, high, low, close, adj_close] = &self.prices;
        PriceColumns {
            date: &self.date,
            open,
            high,
            low,
            close,
            adj_close,
            volume: &self.volume,
        }
    }

    pub(crate) fn slice(&self, start: usize, rows: usize) -> Self {
        Self {
            date: self.date.slice(start, rows),
            prices: self.prices.clone().map(|prices| prices.slice(start, rows)),
            volume: self.volume.slice(start, rows),
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.volume.len()
    }

    /// A derived column's value of a row.
    fn derived(&self, column: Column, row: usize) -> Option<f64> {
        let [open, high, low, close, adj_close] = &self.prices;
        let log = |column: &Float64Array, row: Option<usize>| {
            let price = value_at(column, row?)?;
            (price > 0.0).then(|| libm::log(price))
        };
        let (today, yesterday) = (Some(row), row.checked_sub(1));
        let next = || {
            let day = value_at(&self.date, row)?;
            Some(next_session(NaiveDate::from_epoch_days(day)?))
        };
        let one_if = |holds: bool| if holds { 1.0 } else { 0.0 };
        match column {
            Column::LogVolume => {
                let volume = value_at(&self.volume, row)?;
                (volume >= 0).then(|| libm::log1p(volume as f64))
            }
            Column::LogPrice => log(close, today),
            Column::LogReturn => Some(log(adj_close, today)? - log(adj_close, yesterday)?),
            Column::LogRange => Some(log(high, today)? - log(low, today)?),
            Column::LogGap => Some(log(open, today)? - log(close, yesterday)?),
            Column::NextWeekday => Some(f64::from(next()?.weekday)),
            Column::NextDaysAhead => Some(f64::from(next()?.days_ahead)),
            Column::NextShortened => Some(one_if(next()?.shortened)),
            Column::NextMonthEnd => Some(one_if(next()?.month_end)),
            Column::NextExpiry => match next()?.expiry {
                Expiry::None => Some(0.0),
                Expiry::Monthly => Some(1.0),
                Expiry::Quarterly => Some(2.0),
            },
            _ => panic!("{column} is of the table"),
        }
    }

    /// What a feature is to be.
    pub(crate) fn meaning(&self, feature: &Feature) -> Float64Array {
        let derived: Float64Array;
        let columns = self.columns();
        let (own, computed) = match columns.values(feature.column) {
            Some(ColumnValues::Floats(column)) => (column.clone(), of_floats(column, feature)),
            Some(ColumnValues::Integers(column)) => {
                (as_floats(column), of_integers(column, feature))
            }
            None => {
                let rows = 0..self.rows();
                derived = rows.map(|row| self.derived(feature.column, row)).collect();
                (derived.clone(), of_floats(&derived, feature))
            }
        };
        if !feature.relative {
            return computed;
        }
        let relative = |row| {
            let difference = value_at(&computed, row)? - value_at(&own, row)?;
            Some(difference).filter(|difference| difference.is_finite())
        };
        (0..self.rows()).map(relative).collect()
    }
}

pub(crate) fn value_at<T: ArrowPrimitiveType>(
    column: &PrimitiveArray<T>,
    row: usize,
) -> Option<T::Native> {
    column.is_valid(row).then(|| column.value(row))
}

fn as_floats(column: &Int64Array) -> Float64Array {
    column
        .iter()
        .map(|count| count.map(|count| count as f64))
        .collect()
}

fn of_floats(column: &Float64Array, feature: &Feature) -> Float64Array {
    match MEANINGS
        .into_iter()
        .find(|(operation, ..)| *operation == feature.operation)
    {
        Some((_, meaning, _)) => oracle::windows(column, feature.window, meaning),
        None => lagged(column, feature.window),
    }
}

fn of_integers(column: &Int64Array, feature: &Feature) -> Float64Array {
    match MEANINGS
        .into_iter()
        .find(|(operation, ..)| *operation == feature.operation)
    {
        Some((_, _, meaning)) => oracle::windows(column, feature.window, meaning),
        None => lagged(&as_floats(column), feature.window),
    }
}

fn lagged(column: &Float64Array, rows_back: usize) -> Float64Array {
    let rows = 0..column.len();
    rows.map(|row| value_at(column, row.checked_sub(rows_back)?))
        .collect()
}

/// Rising dates from 1960 to 2060 or so, some of them null.
fn dates(rows: usize) -> impl Strategy<Value = Date32Array> {
    let steps = vec((1_i32..9, proptest::bool::weighted(0.95)), rows);
    (-3_652..33_000, steps).prop_map(|(first, steps)| {
        let mut date = first;
        let days = steps.into_iter().map(|(step, is_known)| {
            date += step;
            is_known.then_some(date)
        });
        days.collect()
    })
}

pub(crate) fn tables(rows: usize) -> impl Strategy<Value = Table> {
    let prices = [(); 5].map(|()| floats(rows..rows + 1));
    (dates(rows), prices, integers(rows..rows + 1)).prop_map(|(date, prices, volume)| Table {
        date,
        prices,
        volume,
    })
}

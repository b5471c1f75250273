//! Borrowed access to the columns of a price table.

use arrow_array::{Date32Array, Float64Array, Int64Array};

use crate::column::Column;

/// The dates and numeric columns of one ticker: equally long, and sorted by date.
#[derive(Clone, Copy, Debug)]
pub struct PriceColumns<'a> {
    /// Values of `Date`, each the day of its row.
    pub date: &'a Date32Array,
    /// Values of `Open`.
    pub open: &'a Float64Array,
    /// Values of `High`.
    pub high: &'a Float64Array,
    /// Values of `Low`.
    pub low: &'a Float64Array,
    /// Values of `Close`.
    pub close: &'a Float64Array,
    /// Values of `Adj Close`.
    pub adj_close: &'a Float64Array,
    /// Values of `Volume`.
    pub volume: &'a Int64Array,
}

impl<'a> PriceColumns<'a> {
    /// The values of a column of the table; `None` for a derived one.
    pub const fn values(&self, column: Column) -> Option<ColumnValues<'a>> {
        Some(match column {
            Column::Open => ColumnValues::Floats(self.open),
            Column::High => ColumnValues::Floats(self.high),
            Column::Low => ColumnValues::Floats(self.low),
            Column::Close => ColumnValues::Floats(self.close),
            Column::AdjClose => ColumnValues::Floats(self.adj_close),
            Column::Volume => ColumnValues::Integers(self.volume),
            _ => return None,
        })
    }
}

/// The values of one column, by type.
#[derive(Clone, Copy, Debug)]
pub enum ColumnValues<'a> {
    /// Prices, or a derived column.
    Floats(&'a Float64Array),
    /// Counts.
    Integers(&'a Int64Array),
}

impl ColumnValues<'_> {
    /// Number of rows, nulls included.
    pub fn rows(&self) -> usize {
        match self {
            Self::Floats(values) => values.values().len(),
            Self::Integers(values) => values.values().len(),
        }
    }
}

//! The numeric columns of a price table, and borrowed access to their values.

use std::fmt;

use arrow_array::{Float64Array, Int64Array};
use arrow_schema::DataType;
use serde::{Deserialize, Serialize};

/// A numeric column of a price table. Its serialised name is the name of the column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Column {
    /// First price of the day.
    Open,
    /// Highest price of the day.
    High,
    /// Lowest price of the day.
    Low,
    /// Last price of the day.
    Close,
    /// Last price, adjusted for splits and dividends.
    #[serde(rename = "Adj Close")]
    AdjClose,
    /// Shares traded in the day: the only integer column.
    Volume,
}

impl Column {
    /// All columns, in the order of the table.
    pub const ALL: [Self; 6] = [
        Self::Open,
        Self::High,
        Self::Low,
        Self::Close,
        Self::AdjClose,
        Self::Volume,
    ];

    /// The name of the column in files and schemas.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::High => "High",
            Self::Low => "Low",
            Self::Close => "Close",
            Self::AdjClose => "Adj Close",
            Self::Volume => "Volume",
        }
    }

    /// The type of the column: int64 for `Volume`, float64 for the prices.
    pub const fn data_type(self) -> DataType {
        match self {
            Self::Volume => DataType::Int64,
            _ => DataType::Float64,
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The numeric columns of one ticker: equally long, and sorted by date.
#[derive(Clone, Copy, Debug)]
pub struct PriceColumns<'a> {
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
    /// The values of one column.
    pub const fn values(&self, column: Column) -> ColumnValues<'a> {
        match column {
            Column::Open => ColumnValues::Floats(self.open),
            Column::High => ColumnValues::Floats(self.high),
            Column::Low => ColumnValues::Floats(self.low),
            Column::Close => ColumnValues::Floats(self.close),
            Column::AdjClose => ColumnValues::Floats(self.adj_close),
            Column::Volume => ColumnValues::Integers(self.volume),
        }
    }
}

/// The values of one column, by type.
#[derive(Clone, Copy, Debug)]
pub enum ColumnValues<'a> {
    /// A column of prices.
    Floats(&'a Float64Array),
    /// A column of counts.
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

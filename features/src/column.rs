//! The columns that features are computed from: those of a price table, and those derived from them.

use std::fmt;

use arrow_schema::DataType;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A numeric column of a price table, or one that is derived from its columns. Serialised as its name.
///
/// Logarithms are natural. Every value of a derived column depends on one row, or on that and the row before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
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
    AdjClose,
    /// Shares traded in the day: the only integer column.
    Volume,
    /// ln(1 + Volume); null where Volume is negative.
    LogVolume,
    /// ln(Close); null where Close is not positive.
    LogPrice,
    /// ln(Adj Close) less that of the row before; null in the first row, and where either price is not positive.
    LogReturn,
    /// ln(High) - ln(Low); null where either is not positive. Negative where High is below Low.
    LogRange,
    /// ln(Open) less ln(Close) of the row before; null in the first row, and where either price is not positive.
    LogGap,
    /// The weekday of the next session by [`crate::calendar`], as all columns below: 0 for Monday to 4 for Friday.
    NextWeekday,
    /// Calendar days until the next session, at least 1.
    NextDaysAhead,
    /// 1 where the next session closes early, else 0.
    NextShortened,
    /// 1 where the next session is the last of its month, else 0.
    NextMonthEnd,
    /// What expires on the next session: 0 for nothing, 1 for monthly options, 2 for those of a quarter.
    NextExpiry,
}

impl Column {
    /// The columns of a price table, in its order.
    pub const TABLE: [Self; 6] = [
        Self::Open,
        Self::High,
        Self::Low,
        Self::Close,
        Self::AdjClose,
        Self::Volume,
    ];

    /// The derived columns, in the order in which messages list them.
    pub const DERIVED: [Self; 10] = [
        Self::LogVolume,
        Self::LogPrice,
        Self::LogReturn,
        Self::LogRange,
        Self::LogGap,
        Self::NextWeekday,
        Self::NextDaysAhead,
        Self::NextShortened,
        Self::NextMonthEnd,
        Self::NextExpiry,
    ];

    /// All columns, those of the table first.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::TABLE.into_iter().chain(Self::DERIVED)
    }

    /// The column of this name; `None` where there is none.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::all().find(|column| column.name() == name)
    }

    /// The name of the column in files, schemas and declarations.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::High => "High",
            Self::Low => "Low",
            Self::Close => "Close",
            Self::AdjClose => "Adj Close",
            Self::Volume => "Volume",
            Self::LogVolume => "log_volume",
            Self::LogPrice => "log_price",
            Self::LogReturn => "log_return",
            Self::LogRange => "log_range",
            Self::LogGap => "log_gap",
            Self::NextWeekday => "next_weekday",
            Self::NextDaysAhead => "next_days_ahead",
            Self::NextShortened => "next_shortened",
            Self::NextMonthEnd => "next_month_end",
            Self::NextExpiry => "next_expiry",
        }
    }

    /// The type of the column: int64 for `Volume`, float64 for all others.
    pub const fn data_type(self) -> DataType {
        match self {
            Self::Volume => DataType::Int64,
            _ => DataType::Float64,
        }
    }

    /// Whether the column is derived from those of the table.
    pub const fn is_derived(self) -> bool {
        !matches!(
            self,
            Self::Open | Self::High | Self::Low | Self::Close | Self::AdjClose | Self::Volume
        )
    }

    /// The columns of the table that its values are made of: a column of the table is made of itself alone, and what is
    /// made of dates reads none.
    pub const fn reads(self) -> &'static [Self] {
        match self {
            Self::Open => &[Self::Open],
            Self::High => &[Self::High],
            Self::Low => &[Self::Low],
            Self::Close | Self::LogPrice => &[Self::Close],
            Self::AdjClose | Self::LogReturn => &[Self::AdjClose],
            Self::Volume | Self::LogVolume => &[Self::Volume],
            Self::LogRange => &[Self::High, Self::Low],
            Self::LogGap => &[Self::Open, Self::Close],
            Self::NextWeekday
            | Self::NextDaysAhead
            | Self::NextShortened
            | Self::NextMonthEnd
            | Self::NextExpiry => &[],
        }
    }

    /// How many rows a value is made of, the current one included.
    pub const fn rows_needed(self) -> usize {
        match self {
            Self::LogReturn | Self::LogGap => 2,
            _ => 1,
        }
    }

    /// Whether a value can be below zero in the tables that readers hand out: adjusted prices are in real data, and
    /// logarithms of prices and of their ratios are.
    pub const fn can_be_negative(self) -> bool {
        matches!(
            self,
            Self::AdjClose | Self::LogPrice | Self::LogReturn | Self::LogRange | Self::LogGap
        )
    }
}

/// The names of columns as messages list them.
pub fn names_of(columns: impl IntoIterator<Item = Column>) -> String {
    let names: Vec<&str> = columns.into_iter().map(Column::name).collect();
    names.join(", ")
}

impl fmt::Display for Column {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl From<Column> for &'static str {
    fn from(column: Column) -> Self {
        column.name()
    }
}

impl TryFrom<String> for Column {
    type Error = UnknownColumn;

    fn try_from(name: String) -> Result<Self, UnknownColumn> {
        Self::of_name(&name).ok_or(UnknownColumn { name })
    }
}

/// A name that is of no column.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("column `{name}` is unknown: use one of {}", names_of(Column::all()))]
pub struct UnknownColumn {
    /// The name as declared.
    pub name: String,
}

//! The panel: the rows of many tickers, coded small enough to learn from all of them at once.

use crate::matrix::repeated_name;
use features::grid;
use thiserror::Error;

/// The columns of a [`Panel`]. Row `i` of each belongs to row `i` of the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PanelColumns {
    /// One list for each input: [`grid::code`] of its value in each row.
    pub codes: Vec<Vec<u8>>,
    /// The names of the inputs.
    pub input_names: Vec<String>,
    /// The tickers, ascending.
    pub symbols: Vec<String>,
    /// The position of each row's ticker in `symbols`.
    pub ticker: Vec<u32>,
    /// The date of each row, in days since 1970-01-01.
    pub date: Vec<i32>,
    /// The volume of the row's day.
    pub today: Vec<f32>,
    /// The moving average of the volume on the row's day.
    pub moving_average: Vec<f32>,
    /// The volume of the next day.
    pub target: Vec<f32>,
}

/// The rows that boosted trees learn from and are judged on, ascending by (symbol, date).
///
/// A row takes 20 bytes and one for each input. Volumes are finite and not negative. It may have no rows, but has an
/// input.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    columns: PanelColumns,
}

/// Why columns do not make a [`Panel`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PanelError {
    /// No input, or more than a tree can refer to.
    #[error("the panel has {inputs} inputs, and needs between 1 and {limit}", limit = u16::MAX)]
    InputCount {
        /// How many there are.
        inputs: usize,
    },
    /// Names and inputs differ in number.
    #[error("{names} names were given for {inputs} inputs: give one name for each input")]
    NameCount {
        /// How many names there are.
        names: usize,
        /// How many inputs there are.
        inputs: usize,
    },
    /// Two inputs of one name.
    #[error("input `{name}` is given twice: rename one")]
    RepeatedName {
        /// The name.
        name: String,
    },
    /// More rows than positions of 32 bits.
    #[error("{rows} rows are more than the {limit} that can be numbered: take fewer tickers", limit = u32::MAX)]
    TooManyRows {
        /// How many there are.
        rows: usize,
    },
    /// A column that is longer or shorter than the dates.
    #[error(
        "column `{column}` has {rows} rows where there are {expected} dates: give all of them the same rows"
    )]
    UnequalLength {
        /// The column or the input.
        column: String,
        /// Its length.
        rows: usize,
        /// The number of dates.
        expected: usize,
    },
    /// A code beyond the grid.
    #[error("input `{input}` has no code of the grid in row {row}: code it again")]
    Code {
        /// The input.
        input: String,
        /// The row, counted from 0.
        row: usize,
    },
    /// A volume that is not a number, infinite or negative.
    #[error(
        "column `{column}` has no finite volume of at least 0 in row {row}: leave out rows with a missing volume"
    )]
    Volume {
        /// The column.
        column: &'static str,
        /// The row, counted from 0.
        row: usize,
    },
    /// A row of a ticker that is not there.
    #[error("row {row} belongs to ticker {ticker}, and there are {symbols} symbols")]
    Ticker {
        /// The row, counted from 0.
        row: usize,
        /// The position of its ticker.
        ticker: u32,
        /// How many symbols there are.
        symbols: usize,
    },
    /// Symbols or rows that do not ascend.
    #[error("{what} {position} does not come after the one before: sort by symbol and date")]
    Order {
        /// `symbol` or `row`.
        what: &'static str,
        /// Its position, counted from 0.
        position: usize,
    },
}

impl Panel {
    /// Puts the columns side by side.
    ///
    /// Errors where lengths or names do not fit together, a volume is not finite or negative, a code lies beyond the
    /// grid, or rows do not ascend by (symbol, date), each once.
    pub fn new(columns: PanelColumns) -> Result<Self, PanelError> {
        check_inputs(&columns)?;
        check_rows(&columns)?;
        let rows = columns.date.len();
        check_volumes("today", &columns.today, rows)?;
        check_volumes("moving_average", &columns.moving_average, rows)?;
        check_volumes("target", &columns.target, rows)?;
        Ok(Self { columns })
    }

    /// The columns, as they were given.
    pub fn columns(&self) -> &PanelColumns {
        &self.columns
    }

    /// The number of rows, zero included.
    pub fn row_count(&self) -> usize {
        self.columns.date.len()
    }

    /// The logarithm of a row's volume: `ln(1 + today)`, which turns a label into tomorrow's volume.
    ///
    /// Panics beyond [`Panel::row_count`].
    pub fn offset(&self, row: usize) -> f32 {
        log_volume(self.columns.today[row]) as f32
    }

    /// What trees learn of a row: `ln(1 + target) - ln(1 + today)`, taken in float64 and rounded once.
    ///
    /// Panics beyond [`Panel::row_count`].
    pub fn label(&self, row: usize) -> f32 {
        (log_volume(self.columns.target[row]) - log_volume(self.columns.today[row])) as f32
    }
}

/// By libm rather than the platform, so that the bits are the same on every machine.
fn log_volume(volume: f32) -> f64 {
    libm::log1p(f64::from(volume))
}

fn check_inputs(columns: &PanelColumns) -> Result<(), PanelError> {
    let (inputs, names) = (columns.codes.len(), columns.input_names.len());
    if inputs == 0 || inputs > usize::from(u16::MAX) {
        return Err(PanelError::InputCount { inputs });
    }
    if names != inputs {
        return Err(PanelError::NameCount { names, inputs });
    }
    if let Some(name) = repeated_name(&columns.input_names) {
        return Err(PanelError::RepeatedName {
            name: name.to_owned(),
        });
    }
    let highest_code = grid::edges().len();
    for (name, codes) in columns.input_names.iter().zip(&columns.codes) {
        check_length(name, codes.len(), columns.date.len())?;
        let beyond = codes
            .iter()
            .position(|code| usize::from(*code) > highest_code);
        if let Some(row) = beyond {
            let input = name.clone();
            return Err(PanelError::Code { input, row });
        }
    }
    Ok(())
}

fn check_rows(columns: &PanelColumns) -> Result<(), PanelError> {
    let rows = columns.date.len();
    if u32::try_from(rows).is_err() {
        return Err(PanelError::TooManyRows { rows });
    }
    check_length("ticker", columns.ticker.len(), rows)?;
    let symbols = columns.symbols.len();
    for (row, ticker) in columns.ticker.iter().copied().enumerate() {
        if ticker as usize >= symbols {
            return Err(PanelError::Ticker {
                row,
                ticker,
                symbols,
            });
        }
    }
    let unsorted_symbol = columns
        .symbols
        .windows(2)
        .position(|pair| pair[0] >= pair[1]);
    let unsorted_row = (1..rows).find(|row| {
        let key = |row: usize| (columns.ticker[row], columns.date[row]);
        key(*row - 1) >= key(*row)
    });
    match (unsorted_symbol, unsorted_row) {
        (Some(pair), _) => Err(PanelError::Order {
            what: "symbol",
            position: pair + 1,
        }),
        (None, Some(position)) => Err(PanelError::Order {
            what: "row",
            position,
        }),
        (None, None) => Ok(()),
    }
}

fn check_volumes(column: &'static str, values: &[f32], rows: usize) -> Result<(), PanelError> {
    check_length(column, values.len(), rows)?;
    let no_volume = |value: &f32| !(value.is_finite() && *value >= 0.0);
    match values.iter().position(no_volume) {
        Some(row) => Err(PanelError::Volume { column, row }),
        None => Ok(()),
    }
}

fn check_length(column: &str, rows: usize, expected: usize) -> Result<(), PanelError> {
    if rows == expected {
        return Ok(());
    }
    Err(PanelError::UnequalLength {
        column: column.to_owned(),
        rows,
        expected,
    })
}

#[cfg(test)]
mod tests;

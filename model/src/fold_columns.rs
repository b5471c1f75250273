//! The columns of a panel that decide its folds.

use crate::panel::PanelColumns;

/// What [`folds`](crate::walk_forward::folds) cuts a panel by. Row `i` of each column belongs to row `i` of the others,
/// and rows ascend by (ticker, date).
#[derive(Clone, Copy, Debug)]
pub struct FoldColumns<'a> {
    /// The date of each row, in days since 1970-01-01.
    pub dates: &'a [i32],
    /// The position of each row's ticker in `symbols`.
    pub tickers: &'a [u32],
    /// The tickers.
    pub symbols: &'a [String],
    /// The volume of each row's day, finite and not negative. It decides nothing but strata.
    pub today: &'a [f32],
}

impl<'a> FoldColumns<'a> {
    /// Those of a panel.
    pub fn of(columns: &'a PanelColumns) -> Self {
        Self {
            dates: &columns.date,
            tickers: &columns.ticker,
            symbols: &columns.symbols,
            today: &columns.today,
        }
    }

    /// Panics where columns differ in length or have more than 2^32 - 1 rows.
    pub(crate) fn assert_rows(&self) {
        let rows = self.dates.len();
        assert_eq!(rows, self.tickers.len(), "every row has a ticker");
        assert_eq!(rows, self.today.len(), "every row has a volume");
        assert!(u32::try_from(rows).is_ok(), "rows are numbered by 32 bits");
    }
}

//! Rows out of order, and dates that come more than once.

use crate::table::PriceTable;

/// A table in strictly rising order of date, and what became of the other rows.
pub(super) struct Settled {
    pub(super) table: PriceTable,
    /// Rows equal to the one after them.
    pub(super) merged: u64,
    /// The offsets of rows that a later one of the same date, with other values, replaced.
    pub(super) replaced: Vec<usize>,
}

/// Sorts rows by date and keeps the last line of each date. `offsets` are those of the rows, rising.
pub(super) fn settle_repeated_dates(table: &PriceTable, offsets: &[usize]) -> Settled {
    let mut order: Vec<usize> = (0..table.rows()).collect();
    order.sort_by_key(|row| table.date[*row]); // stable: lines of one date stay in their order
    let mut settled = Settled {
        table: PriceTable::with_capacity(table.rows()),
        merged: 0,
        replaced: Vec::new(),
    };
    for (place, row) in order.iter().enumerate() {
        match order.get(place + 1) {
            Some(next) if table.date[*next] == table.date[*row] => {
                if table.same_row(*row, *next) {
                    settled.merged += 1;
                } else {
                    settled.replaced.push(offsets[*row]);
                }
            }
            _ => settled.table.push_row_of(table, *row),
        }
    }
    settled
}

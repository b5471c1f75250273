//! Reading one ticker's price file.

mod date;
mod header;
mod line;
mod number;
mod reader;
mod repeated;

pub use date::{days_since_epoch, iso_date};
pub use reader::{PriceFile, read_price_file};

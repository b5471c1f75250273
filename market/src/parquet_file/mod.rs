//! Parquet as this program writes it: one row group, and one data page a column.

mod chunk;
mod file;
mod page;
mod value;

pub use file::encode;

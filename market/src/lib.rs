//! Price tables: where they lie, how they are read, written and accounted for, and synthetic ones.

pub mod audit;
pub mod csv;
pub mod feature_file;
pub mod feature_rows;
pub mod layout;
pub mod ledger;
pub mod panel;
pub mod rows;
pub mod sample;
pub mod securities;
pub mod store;
pub mod symbol;
pub mod synth;
pub mod table;

mod parquet_file;
mod splitmix;

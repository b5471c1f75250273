//! Faults planted on purpose, and what a reader must make of each.

mod cell_faults;
mod fault;
mod faulty_market;
mod file_faults;
mod line_faults;
mod price_table;

pub use fault::{FaultKind, Outcome, PlantedFault};
pub(crate) use faulty_market::FaultyMarket;

//! A synthetic market in the Kaggle layout: seeded, of any size, with faults if asked for.

mod ages;
mod calendar;
mod chance;
mod error;
mod faults;
mod listing;
mod market;
mod names;
mod price;
mod price_file;
mod price_rows;
mod profile;
mod symbols;
#[cfg(test)]
mod tests;
mod volume;

pub use error::SynthError;
pub use faults::{FaultKind, Outcome, PlantedFault};
pub use market::{SAMPLE, SyntheticMarket, Written, write_market};

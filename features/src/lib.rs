//! Rolling features: the declared schema and the kernels that compute it. Pure: values in, values out.
//!
//! A window of `w` rows is the current row and the `w - 1` before it. Every value depends on the rows of its window
//! alone, and on the row before them where its column is derived from two rows. It is the same bit for bit however the
//! rows are cut into batches.

pub mod calendar;
pub mod column;
pub mod compute;
pub mod declare;
pub mod deviation;
pub mod extremes;
pub mod grid;
pub mod mean;
pub mod median;
pub mod operation;
pub mod prices;
pub mod relative;
pub mod schema;
pub mod shift;
pub mod sum;
pub mod volume_inputs;

mod derive;
mod order;
mod rolling;

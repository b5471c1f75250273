//! What the end-to-end tests stand on: the real binary, price folders to run it on, and readers of what it writes.

pub mod digest;
pub mod fault_proxy;
pub mod feature_files;
pub mod flight_server;
pub mod market;
pub mod process;
pub mod python;
pub mod quarantine;
pub mod s3_server;
pub mod skip;
pub mod tickermill;
pub mod workplace;

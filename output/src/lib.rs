//! The output store: where things lie in it, the documents that runs leave there, and how they are read.

pub mod commit;
pub mod document;
pub mod models;
pub mod outcome;
pub mod paths;
pub mod reading;
pub mod rollback;
pub mod runs;
pub mod tuning;
pub mod turn;
pub mod version;

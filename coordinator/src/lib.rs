//! A coordinator: plans a run, has its shards computed, and brings it to its end.

pub mod epoch;
pub mod history;
pub mod job;
pub mod outcome;
pub mod paths;
pub mod plan;
pub mod planning;
pub mod prune;
pub mod reading;
pub mod run;
pub mod service;

mod accounts;
mod commit;
mod dispatch;
mod narrator;
mod placement;
mod publish;
mod resume;
mod sample;
mod summary;
mod train;

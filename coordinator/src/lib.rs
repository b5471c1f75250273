//! A coordinator: plans a run, has its shards computed, and brings it to its end.

pub mod cancel;
pub mod epoch;
pub mod event_log;
pub mod history;
pub mod job;
pub mod metrics;
pub mod plan;
pub mod planning;
pub mod prune;
pub mod registry;
pub mod run;
pub mod server;
pub mod service;
pub mod submission;
pub mod tune;

mod accounts;
mod actor;
mod audit;
mod beside;
mod dispatch;
mod feature_shards;
mod load;
mod means;
mod members;
mod membership;
mod models;
mod narrator;
mod placement;
mod publish;
mod queue;
mod remote;
mod request;
mod resume;
mod rows;
mod run_error;
#[cfg(test)]
mod simulation;
mod summary;
mod train;
mod trial_shards;
mod tuning_plan;
mod tuning_rounds;
mod volume;
mod workbench;

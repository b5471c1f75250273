//! A worker: computes shards of runs and of tunings, in the coordinator's own process or in one that dials it.

pub mod in_process;
pub mod join;
pub mod metrics;

mod attempt;
mod computing;
mod deliver;
mod fetch;
mod hands;
#[cfg(test)]
mod invented;
mod panels;
mod pool;
mod session;
mod shard;
mod ticker;
mod trial;
mod work;

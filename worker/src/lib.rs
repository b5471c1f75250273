//! A worker: computes shards, in the coordinator's own process or in one that dials it.

pub mod in_process;
pub mod join;
pub mod metrics;

mod computing;
mod deliver;
mod session;
mod shard;
mod ticker;

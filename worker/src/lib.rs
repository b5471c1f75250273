//! A worker: computes shards.

pub mod in_process;
mod shard;
mod ticker;

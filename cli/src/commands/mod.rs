//! The commands, one file each.

pub(crate) mod audit;
pub(crate) mod cancel;
pub(crate) mod certs;
pub(crate) mod config;
pub(crate) mod coordinator;
pub(crate) mod health;
pub(crate) mod models;
pub(crate) mod plan;
pub(crate) mod predictor;
pub(crate) mod prune;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod shell;
pub(crate) mod synth;
pub(crate) mod tune;
pub(crate) mod watch;
pub(crate) mod worker;

mod follow;
mod here;
mod office;

pub(crate) use office::ListenError;

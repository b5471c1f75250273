//! The commands, one file each.

pub(crate) mod config;
pub(crate) mod plan;
pub(crate) mod prune;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod shell;
pub(crate) mod synth;

mod office;

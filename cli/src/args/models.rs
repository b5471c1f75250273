//! What is asked of models.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::given;
use crate::config::FlagValue;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ModelsCommand {
    #[command(flatten)]
    pub(crate) list: ModelsArgs,
    /// What to do instead of listing them
    #[command(subcommand)]
    pub(crate) question: Option<ModelsQuestion>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelsQuestion {
    /// Show the card of a version: what it was made of, and how good it is
    Show {
        /// The model's name
        name: String,
        /// The version [default: the live one]
        version: Option<String>,
        #[command(flatten)]
        models: ModelsArgs,
    },
    /// Show the figures of two versions side by side, and whether they were tested on the same rows
    Compare {
        /// The model's name
        name: String,
        /// The version
        version: String,
        /// The version to compare it with [default: the live one]
        other: Option<String>,
        #[command(flatten)]
        models: ModelsArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ModelsArgs {
    /// The output whose models are meant: a folder or s3://… [default: out]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<String>,
    /// A configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print JSON on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

impl ModelsArgs {
    /// The flags that set keys of the configuration.
    pub(crate) fn flag_values(&self) -> Vec<FlagValue> {
        given([("out", "--out", &self.out)])
    }
}

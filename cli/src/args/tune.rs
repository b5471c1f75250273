//! What a search of parameters is told.

use std::path::PathBuf;

use clap::Args;

use super::given;
use crate::config::FlagValue;

#[derive(Debug, Args)]
pub(crate) struct TuneArgs {
    /// The completed run whose rows are learnt from: its id, or `latest`
    #[arg(default_value = "latest")]
    pub(crate) run: String,
    /// Sets of parameters to try; the configured one is the first of them [default: 24]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) trials: Option<String>,
    /// Decides which parameters are drawn; rows to train on and tickers that never train are those of a run [default: 42]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) seed: Option<String>,
    /// The output of the run: a folder or s3://… [default: out]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<String>,
    /// Have a coordinator do it, with its workers and its output
    #[arg(long, value_name = "URL", conflicts_with_all = ["out", "workers"])]
    pub(crate) coordinator: Option<String>,
    /// Workers, a thread each [default: the number of cores]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) workers: Option<String>,
    /// A configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print one line of JSON on stdout, and everything else on stderr
    #[arg(long)]
    pub(crate) json: bool,
}

impl TuneArgs {
    /// The flags that set keys of the configuration.
    pub(crate) fn flag_values(&self) -> Vec<FlagValue> {
        given([
            ("tune.trials", "--trials", &self.trials),
            ("tune.seed", "--seed", &self.seed),
            ("out", "--out", &self.out),
            ("run.workers", "--workers", &self.workers),
        ])
    }
}

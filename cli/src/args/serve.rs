//! What the processes that serve are told.

use std::path::PathBuf;

use clap::Args;
use coordinator::job::is_model_name;

use super::given;
use crate::config::FlagValue;

/// What every process that serves is told.
#[derive(Debug, Args)]
pub(crate) struct ServiceArgs {
    /// Listen beyond loopback without encryption: whoever reaches the process can ask everything, and read everything
    #[arg(long)]
    pub(crate) insecure: bool,
    /// The address on which operators ask for /livez, /readyz and /metrics; port 0 for any that is free [default: none]
    #[arg(long, value_name = "IP:PORT")]
    pub(crate) metrics: Option<String>,
    /// A configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

impl ServiceArgs {
    fn insecure(&self) -> Option<String> {
        self.insecure.then(|| "true".to_owned())
    }
}

#[derive(Debug, Args)]
pub(crate) struct CoordinatorArgs {
    /// Where everything is written: a folder or s3://… [default: out]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<String>,
    /// The address to listen on; port 0 for any that is free [default: 127.0.0.1:7070]
    #[arg(long, value_name = "IP:PORT")]
    pub(crate) listen: Option<String>,
    /// A root below which data may lie that clients name: a folder or s3://…; can be given more than once. Without any,
    /// every path on loopback, and none elsewhere
    #[arg(long, value_name = "DIR")]
    pub(crate) allow_root: Vec<String>,
    /// The name under which the output is held; one that is started again with it takes over at once
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
}

impl CoordinatorArgs {
    /// The flags that set keys of the configuration.
    pub(crate) fn flag_values(&self) -> Vec<FlagValue> {
        given([
            ("out", "--out", &self.out),
            ("cluster.listen", "--listen", &self.listen),
            ("operations.listen", "--metrics", &self.service.metrics),
            ("tls.insecure", "--insecure", &self.service.insecure()),
        ])
    }
}

#[derive(Debug, Args)]
pub(crate) struct WorkerArgs {
    /// The coordinator
    #[arg(long, value_name = "URL")]
    pub(crate) coordinator: String,
    /// Shards to compute at a time, a thread each [default: the number of cores]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) slots: Option<String>,
    /// The worker's name, for people [default: the host and the process]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
}

impl WorkerArgs {
    /// The flags that set keys of the configuration.
    pub(crate) fn flag_values(&self) -> Vec<FlagValue> {
        given([
            ("run.workers", "--slots", &self.slots),
            ("operations.listen", "--metrics", &self.service.metrics),
            ("tls.insecure", "--insecure", &self.service.insecure()),
        ])
    }
}

#[derive(Debug, Args)]
pub(crate) struct PredictorArgs {
    /// The output whose models are served: a folder or s3://… [default: out]
    #[arg(long, value_name = "DIR")]
    pub(crate) models: Option<String>,
    /// The address to listen on; port 0 for any that is free [default: 127.0.0.1:8080]
    #[arg(long, value_name = "IP:PORT")]
    pub(crate) listen: Option<String>,
    /// The model that /predict answers with, where a request names none [default: the first by name]
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// A tree ensemble of any origin to serve besides, under a name, in place of the store's of that name; can be given
    /// more than once. Without --models these alone are served
    #[arg(long, value_name = "NAME=FILE", value_parser = named_file)]
    pub(crate) onnx: Vec<NamedFile>,
    /// Threads that answer [default: one less than the cores, at least one]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) threads: Option<String>,
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
}

/// A file under a name.
#[derive(Debug, Clone)]
pub(crate) struct NamedFile {
    pub(crate) name: String,
    pub(crate) file: PathBuf,
}

fn named_file(text: &str) -> Result<NamedFile, String> {
    let (name, file) = text
        .split_once('=')
        .ok_or("expected NAME=FILE, such as volume=model.onnx")?;
    if !is_model_name(name) {
        return Err(format!(
            "`{name}` is not a name of letters, digits, - and _"
        ));
    }
    Ok(NamedFile {
        name: name.to_owned(),
        file: PathBuf::from(file),
    })
}

impl PredictorArgs {
    /// The flags that set keys of the configuration.
    pub(crate) fn flag_values(&self) -> Vec<FlagValue> {
        given([
            ("out", "--models", &self.models),
            ("predictor.listen", "--listen", &self.listen),
            ("predictor.model", "--model", &self.model),
            ("predictor.threads", "--threads", &self.threads),
            ("operations.listen", "--metrics", &self.service.metrics),
            ("tls.insecure", "--insecure", &self.service.insecure()),
        ])
    }
}

//! The command line.

mod models;
mod serve;
mod tune;

pub(crate) use models::{ModelsArgs, ModelsCommand, ModelsQuestion};
pub(crate) use serve::{CoordinatorArgs, NamedFile, PredictorArgs, WorkerArgs};
pub(crate) use tune::TuneArgs;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::FlagValue;
use crate::log::LogFormat;

/// Turns a folder of per-ticker price files into rolling features, a trained volume model and a prediction service.
#[derive(Debug, Parser)]
#[command(
    version,
    arg_required_else_help = true,
    after_help = "Exit status: 0 done, 1 failed, 2 bad usage or configuration, 3 stopped by a data-quality limit, 130 interrupted."
)]
pub(crate) struct Cli {
    /// The form of log lines: text for people, json for log collectors
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORM",
        env = "TICKERMILL_LOG_FORMAT",
        default_value = "text",
        hide_possible_values = true
    )]
    pub(crate) log_format: LogFormat,
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Do the whole job: features, model, reports
    #[command(
        after_help = "Without --data the run uses data/sample, a small synthetic market, which it makes where it is not there.\n\
        An interrupted run goes on when the same command is given again; an unchanged one has nothing to do.\n\
        Two models are trained: `volume`, boosted trees on rows of all tickers, and `volume-forest`, a forest on two features.\n\
        Every key of the configuration can be set as a variable too, such as TICKERMILL__MODEL__TREES=200."
    )]
    Run(RunArgs),
    /// Say what a run would do, and why, without doing it
    Plan(PlanArgs),
    /// Prove that no feature looks ahead
    #[command(
        after_help = "The history of some tickers is cut at some dates, drawn by the seed: what comes after goes, and then is replaced by noise.\n\
        The declared features, and the inputs of the volume model, are computed again each time. Every value up to the cut has to\n\
        stay the same, bit for bit. A feature whose values change is named, with how many rows ahead it looks at least.\n\
        Exit status 1 where one looks ahead. Every run that trains a model does the same with a few of its tickers."
    )]
    Audit(AuditArgs),
    /// Search better parameters of the boosted trees, on the rows of a completed run
    #[command(
        after_help = "Sets of parameters are drawn by the seed from the ranges of [tune]. All are tried on few rows; the best third goes on to\n\
        three times as many, until three are left or fewer. A set is as good as the mean of its skills in the folds of [volume]\n\
        but the last one, which then tests the best set beside the configured one.\n\
        An interrupted tuning goes on when the same command is given again; one that is done is told at once. It changes\n\
        neither the run nor a model: it prints what to put into the configuration."
    )]
    Tune(TuneArgs),
    /// Hold an output, take workers and jobs in, and run one job after another
    #[command(
        after_help = "It goes on with what an earlier coordinator of the same output left unfinished. SIGTERM stops what runs where it is;\n\
        the next start goes on with it."
    )]
    Coordinator(CoordinatorArgs),
    /// Compute shards for a coordinator, until told to stop
    #[command(
        after_help = "The worker dials the coordinator, and again whenever it is gone: it can be started first, and needs no port.\n\
        The data and the output have to be reachable under the same paths or URLs as for the coordinator.\n\
        SIGTERM finishes what is in hand, or gives it back after cluster.drain_ms."
    )]
    Worker(WorkerArgs),
    /// Serve the published models over HTTP, and load new ones as they come
    #[command(
        after_help = "GET /predict?vol_moving_avg=12345&adj_close_rolling_med=25 or ?symbol=AAPL answers a number; / is a page to look at, /docs one\n\
        to try everything. Without a model in the output it says that it is not ready, and waits for the first one.\n\
        SIGTERM answers what is in hand, has clients connect elsewhere, and ends."
    )]
    Predictor(PredictorArgs),
    /// Ask a process whether it is well: done where it answers with success
    #[command(
        after_help = "For health checks in places without a shell. It trusts what tls.ca says."
    )]
    Health {
        /// What to ask, such as http://127.0.0.1:9090/readyz [default: /livez on the port for operators that is configured]
        url: Option<String>,
        /// A configuration file (TOML)
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Make a private authority, and a certificate for each role by it
    #[command(
        after_help = "DIR gets ca.pem and ca.key, where it has none, and ROLE.pem and ROLE.key for coordinator, worker, predictor, client and\n\
        scaler; those that are there are replaced. Give each process ca.pem and its own two files, and keep ca.key elsewhere."
    )]
    Certs(CertsArgs),
    /// List the models of an output with their versions, and which are live; show one, or compare two
    Models(ModelsCommand),
    /// Make a version of a model live, whatever runs publish, until it is released
    Promote {
        /// The model's name
        name: String,
        /// The version, as `tickermill models` lists it
        version: String,
        #[command(flatten)]
        models: ModelsArgs,
    },
    /// Make the version live that was published before the live one, until it is released
    Rollback {
        /// The model's name
        name: String,
        #[command(flatten)]
        models: ModelsArgs,
    },
    /// Let go of a promoted version: the one that was published last is live again
    Release {
        /// The model's name
        name: String,
        #[command(flatten)]
        models: ModelsArgs,
    },
    /// List the runs of an output, the newest first
    Runs(HistoryArgs),
    /// Show one run
    Show {
        /// The run's id, or `latest`
        run: String,
        #[command(flatten)]
        history: HistoryArgs,
    },
    /// Follow a run or a tuning of a coordinator to its end
    Watch {
        /// The run's id, or the name of a submission [default: what runs now]
        run: Option<String>,
        /// The coordinator
        #[arg(long, value_name = "URL")]
        coordinator: String,
        /// A configuration file (TOML)
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Print each event as a line of JSON on stdout
        #[arg(long)]
        json: bool,
    },
    /// End an unfinished run for good, or stop a coordinator's tuning, whose trials are kept
    Cancel {
        /// The run's id, or the name of a submission that waits
        run: String,
        #[command(flatten)]
        history: HistoryArgs,
    },
    /// Drop old runs; the latest, and any that a live model comes from, stay
    Prune(PruneArgs),
    /// Make a synthetic market of any size
    Synth(SynthArgs),
    /// Show the configuration in force, and where each value came from
    Config(PlanArgs),
    /// Print a script that completes commands in a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a folder
    Man {
        /// The folder
        folder: PathBuf,
    },
}

impl Command {
    /// Whether the process serves until it is told to stop.
    pub(crate) fn serves(&self) -> bool {
        matches!(
            self,
            Self::Coordinator(_) | Self::Worker(_) | Self::Predictor(_)
        )
    }
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) plan: PlanArgs,
    /// Have a coordinator run it, with its workers and its output
    #[arg(long, value_name = "URL", conflicts_with_all = ["out", "workers"])]
    pub(crate) coordinator: Option<String>,
    /// Let the version of a judged model go live though it is refused; its card says so
    #[arg(long, conflicts_with = "no_train")]
    pub(crate) promote_anyway: bool,
}

#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(crate) struct PlanArgs {
    /// The price files: a folder or s3://…, with stocks/*.csv and etfs/*.csv, or *.csv
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<String>,
    /// Where everything is written: a folder or s3://… [default: out]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<String>,
    /// A configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Workers, a thread each [default: the number of cores]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) workers: Option<String>,
    /// Rows of the windows of features that declare none [default: 30]
    #[arg(long, value_name = "ROWS", allow_negative_numbers = true)]
    pub(crate) window: Option<String>,
    /// Features alone, no model
    #[arg(long)]
    pub(crate) no_train: bool,
    /// The forest alone, no boosted trees: a sixth of the time, and memory that does not grow with the rows
    #[arg(long)]
    pub(crate) no_volume: bool,
    /// A new run of everything, though nothing changed
    #[arg(long)]
    pub(crate) force: bool,
    /// Hash price files rather than trust their size and time
    #[arg(long)]
    pub(crate) verify: bool,
    /// Print one line of JSON on stdout, and everything else on stderr
    #[arg(long)]
    pub(crate) json: bool,
}

impl PlanArgs {
    fn volume(&self) -> Option<String> {
        self.no_volume.then(|| "false".to_owned())
    }

    /// The flags that set keys of the configuration.
    pub(crate) fn flag_values(&self) -> Vec<FlagValue> {
        given([
            ("data", "--data", &self.data),
            ("out", "--out", &self.out),
            ("run.workers", "--workers", &self.workers),
            ("features.window", "--window", &self.window),
            ("volume.train", "--no-volume", &self.volume()),
        ])
    }
}

#[derive(Debug, Args)]
pub(crate) struct CertsArgs {
    /// The folder
    pub(crate) dir: PathBuf,
    /// A name or an address under which the coordinator and the predictor are dialled; can be given more than once.
    /// localhost is always among them
    #[arg(long = "name", value_name = "HOST")]
    pub(crate) names: Vec<String>,
    /// For how many days the certificates are good
    #[arg(long, value_name = "N", default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub(crate) days: u32,
}

/// The flags among these that are given.
fn given<const N: usize>(
    flags: [(&'static str, &'static str, &Option<String>); N],
) -> Vec<FlagValue> {
    let given = |(key, flag, value): (&'static str, &'static str, &Option<String>)| {
        value.clone().map(|value| FlagValue { key, flag, value })
    };
    flags.into_iter().filter_map(given).collect()
}

#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// The output whose runs are meant: a folder or s3://… [default: out]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<String>,
    /// The coordinator whose runs are meant
    #[arg(long, value_name = "URL", conflicts_with = "out")]
    pub(crate) coordinator: Option<String>,
    /// A configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print JSON on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

impl HistoryArgs {
    /// The flags that set keys of the configuration.
    pub(crate) fn flag_values(&self) -> Vec<FlagValue> {
        given([("out", "--out", &self.out)])
    }
}

#[derive(Debug, Args)]
pub(crate) struct PruneArgs {
    /// How many of the newest runs stay
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) keep: u32,
    /// Say what would go, and drop nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The output whose runs are meant: a folder or s3://… [default: out]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<String>,
    /// A configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print JSON on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

impl PruneArgs {
    /// The flags that set keys of the configuration.
    pub(crate) fn flag_values(&self) -> Vec<FlagValue> {
        given([("out", "--out", &self.out)])
    }
}

#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// The price files: a folder or s3://…, with stocks/*.csv and etfs/*.csv, or *.csv
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<String>,
    /// How many tickers are audited; all where there are fewer
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) tickers: u32,
    /// At how many dates their histories are cut
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) cuts: u32,
    /// Decides which tickers and dates [default: 42]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) seed: Option<String>,
    /// A configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print one line of JSON on stdout, and everything else on stderr
    #[arg(long)]
    pub(crate) json: bool,
}

impl AuditArgs {
    /// The flags that set keys of the configuration.
    pub(crate) fn flag_values(&self) -> Vec<FlagValue> {
        given([
            ("data", "--data", &self.data),
            ("seed", "--seed", &self.seed),
        ])
    }
}

#[derive(Debug, Args)]
pub(crate) struct SynthArgs {
    /// The folder to write, which must not hold a market yet
    pub(crate) out: PathBuf,
    /// How many tickers
    #[arg(long, value_name = "N", default_value_t = market::synth::SAMPLE.tickers)]
    pub(crate) tickers: usize,
    /// Rows of a ticker on average; listings differ in age
    #[arg(long, value_name = "N", default_value_t = market::synth::SAMPLE.rows_per_ticker)]
    pub(crate) rows_per_ticker: usize,
    /// Equal seeds give equal bytes
    #[arg(long, value_name = "S", default_value_t = market::synth::SAMPLE.seed)]
    pub(crate) seed: u64,
    /// Plant every fault that a reader must cope with, in tickers of their own
    #[arg(long)]
    pub(crate) faults: bool,
}

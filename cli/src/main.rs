//! The `tickermill` command.

mod args;
mod client;
mod commands;
mod config;
mod exit;
mod progress;
mod report;
mod settings;
mod stdout;

use std::io::IsTerminal;
use std::process::ExitCode;

use args::{Cli, Command};
use clap::Parser;
use tracing_subscriber::filter::{EnvFilter, LevelFilter};

fn main() -> ExitCode {
    let cli = Cli::parse();
    start_logging(&cli.command);
    let checked = faults::check_environment().map_err(anyhow::Error::from);
    match checked.and_then(|()| dispatch(cli.command)) {
        Ok(exit) => exit,
        Err(error) => exit::report(&error),
    }
}

fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run(args) => commands::run::run(&args),
        Command::Plan(args) => commands::plan::plan(&args),
        Command::Runs(args) => commands::runs::list(&args),
        Command::Show { run, history } => commands::runs::show(&run, &history),
        Command::Coordinator(args) => commands::coordinator::coordinator(&args),
        Command::Worker(args) => commands::worker::worker(&args),
        Command::Predictor(args) => commands::predictor::predictor(&args),
        Command::Models(args) => commands::models::list(&args),
        Command::Promote {
            name,
            version,
            models,
        } => commands::models::promote(&name, &version, &models),
        Command::Release { name, models } => commands::models::release(&name, &models),
        Command::Watch {
            run,
            coordinator,
            json,
        } => commands::watch::watch(run.as_deref(), &coordinator, json),
        Command::Cancel { run, history } => commands::cancel::cancel(&run, &history),
        Command::Prune(args) => commands::prune::prune(&args),
        Command::Synth(args) => commands::synth::synth(&args),
        Command::Config(args) => commands::config::show(&args),
        Command::Completions { shell } => Ok(commands::shell::completions(shell)),
        Command::Man { folder } => commands::shell::manual(&folder),
    }
}

/// What a library says of its own threads is not for users.
const QUIET: &str = "actix_server=warn";

/// Warnings of the libraries and of our own go to stderr, and of a process that serves what it does, with the time;
/// `RUST_LOG` asks for more.
fn start_logging(command: &Command) {
    let serves = matches!(
        command,
        Command::Coordinator(_) | Command::Worker(_) | Command::Predictor(_)
    );
    let level = if serves {
        LevelFilter::INFO
    } else {
        LevelFilter::WARN
    };
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(format!("{level},{QUIET}")));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    if serves {
        log.init();
    } else {
        log.without_time().init();
    }
}

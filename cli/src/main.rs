//! The `tickermill` command.

mod args;
mod commands;
mod config;
mod exit;
mod output;
mod progress;
mod report;
mod settings;

use std::process::ExitCode;

use args::{Cli, Command};
use clap::Parser;

fn main() -> ExitCode {
    let cli = Cli::parse();
    start_logging();
    match dispatch(cli.command) {
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
        Command::Prune {
            keep,
            dry_run,
            history,
        } => commands::prune::prune(keep as usize, dry_run, &history),
        Command::Synth(args) => commands::synth::synth(&args),
        Command::Config(args) => commands::config::show(&args),
        Command::Completions { shell } => Ok(commands::shell::completions(shell)),
        Command::Man { folder } => commands::shell::manual(&folder),
    }
}

/// Warnings of the libraries and of our own go to stderr; `RUST_LOG` asks for more.
fn start_logging() {
    let filter = tracing_subscriber::EnvFilter::builder()
        .with_default_directive(tracing_subscriber::filter::LevelFilter::WARN.into())
        .from_env_lossy();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .without_time()
        .init();
}

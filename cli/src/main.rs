//! The `tickermill` command.

mod args;
mod card_report;
mod client;
mod commands;
mod comparison_report;
mod config;
mod exit;
mod log;
mod progress;
mod report;
mod settings;
mod stdout;
mod tune_report;

use std::process::ExitCode;

use args::{Cli, Command};
use clap::Parser;

fn main() -> ExitCode {
    let cli = Cli::parse();
    log::start(cli.log_format, cli.command.serves());
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
        Command::Audit(args) => commands::audit::audit(&args),
        Command::Tune(args) => commands::tune::tune(&args),
        Command::Runs(args) => commands::runs::list(&args),
        Command::Show { run, history } => commands::runs::show(&run, &history),
        Command::Coordinator(args) => commands::coordinator::coordinator(&args),
        Command::Worker(args) => commands::worker::worker(&args),
        Command::Predictor(args) => commands::predictor::predictor(&args),
        Command::Health { url, config } => commands::health::health(url, config.as_deref()),
        Command::Certs(args) => commands::certs::certs(&args),
        Command::Models(args) => commands::models::models(&args),
        Command::Promote {
            name,
            version,
            models,
        } => commands::models::promote(&name, &version, &models),
        Command::Rollback { name, models } => commands::models::rollback(&name, &models),
        Command::Release { name, models } => commands::models::release(&name, &models),
        Command::Watch {
            run,
            coordinator,
            config,
            json,
        } => commands::watch::watch(run.as_deref(), &coordinator, config.as_deref(), json),
        Command::Cancel { run, history } => commands::cancel::cancel(&run, &history),
        Command::Prune(args) => commands::prune::prune(&args),
        Command::Synth(args) => commands::synth::synth(&args),
        Command::Config(args) => commands::config::show(&args),
        Command::Completions { shell } => Ok(commands::shell::completions(shell)),
        Command::Man { folder } => commands::shell::manual(&folder),
    }
}

//! `tickermill tune`: better parameters of the boosted trees, searched in this process or by a coordinator.

use std::process::ExitCode;

use anyhow::Context;
use coordinator::submission::Task;
use coordinator::tune::{FEWEST_FOLDS, TuneRequest};
use market::store::Store;
use output::tuning::Tuning;

use crate::args::TuneArgs;
use crate::client::Client;
use crate::config::ConfigError;
use crate::settings::Settings;
use crate::stdout::say;
use crate::{exit, tune_report};

use super::follow::{submit_and_follow, tuning_of};
use super::here::work_here;
use super::office;

/// What stands for the newest completed run.
const LATEST: &str = "latest";

pub(crate) fn tune(args: &TuneArgs) -> anyhow::Result<ExitCode> {
    let result = match &args.coordinator {
        Some(url) => tune_there(url, args),
        None => tune_here(args),
    };
    match &result {
        Ok(tuning) if args.json => {
            eprint!("{}", tune_report::tuning(tuning));
            say!("{}", serde_json::to_string(tuning)?);
        }
        Ok(tuning) => crate::stdout::write(format_args!("{}", tune_report::tuning(tuning))),
        Err(error) if args.json => {
            let failure = serde_json::json!({ "tuning": null, "status": exit::word(error), "reason": exit::message(error) });
            say!("{failure}");
        }
        Err(_) => {}
    }
    result.map(|_| ExitCode::SUCCESS)
}

fn tune_there(url: &str, args: &TuneArgs) -> anyhow::Result<Tuning> {
    let settings = office::settings(args.config.as_deref(), args.flag_values())?;
    let mut request = request(&settings, args)?;
    if request.run == LATEST {
        // Another may be by the time that a lost connection has it submitted again.
        request.run = latest_of(url, &settings)?;
    }
    let task = Task::Tune(request);
    let ending = submit_and_follow(url, &settings, "", &task)?;
    Ok(tuning_of(ending)?)
}

/// The id of the latest run of a coordinator.
fn latest_of(url: &str, settings: &Settings) -> anyhow::Result<String> {
    let trust = office::trust(settings)?;
    let list = async { Client::dial(url, &trust).await?.list(None).await };
    let runs = office::runtime()?.block_on(list)?;
    let latest = runs.into_iter().find(|run| run.latest);
    let latest = latest.and_then(|run| run.run_id);
    let latest = latest.context("there is no completed run at the coordinator yet: `tickermill run --coordinator URL` makes one")?;
    Ok(latest.to_string())
}

fn tune_here(args: &TuneArgs) -> anyhow::Result<Tuning> {
    let settings = office::settings(args.config.as_deref(), args.flag_values())?;
    let request = request(&settings, args)?;
    let out = Store::open(&settings.out)?;
    let claimant = office::claimant(&settings)?;
    // The rows are taken from the feature files of the run: no price file is read, so that any store will do for them.
    let data = out.clone();
    work_here(&settings, data, out, async |means| {
        coordinator::tune::tune(&request, means, &claimant).await
    })
}

fn request(settings: &Settings, args: &TuneArgs) -> anyhow::Result<TuneRequest> {
    if settings.volume.folds.folds < FEWEST_FOLDS {
        let key = "volume.folds";
        let origin = settings.origin(key);
        let problem = format!(
            "{key} ({origin}): the last fold checks what the others chose: set {FEWEST_FOLDS} at least"
        );
        let problems = vec![problem];
        return Err(ConfigError { problems }.into());
    }
    Ok(TuneRequest {
        run: args.run.clone(),
        volume: settings.volume.clone(),
        search: settings.search.clone(),
    })
}

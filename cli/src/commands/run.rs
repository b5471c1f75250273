//! `tickermill run`: the whole job, in this process or by a coordinator.

use std::process::ExitCode;

use coordinator::submission::Task;
use market::store::Store;
use output::outcome::Summary;

use crate::args::RunArgs;
use crate::stdout::say;
use crate::{exit, report};

use super::follow::{submit_and_follow, summary_of};
use super::here::work_here;
use super::office;

pub(crate) fn run(args: &RunArgs) -> anyhow::Result<ExitCode> {
    let result = match &args.coordinator {
        Some(url) => run_there(url, args),
        None => run_here(args),
    };
    report_result(result, args.plan.json)
}

/// Prints how a run ended, and gives the exit status.
fn report_result(result: anyhow::Result<Summary>, as_json: bool) -> anyhow::Result<ExitCode> {
    match &result {
        Ok(summary) if as_json => {
            eprint!("{}", report::summary(summary));
            say!("{}", serde_json::to_string(summary)?);
        }
        Ok(summary) => crate::stdout::write(format_args!("{}", report::summary(summary))),
        Err(error) if as_json => {
            let failure = serde_json::json!({ "run_id": null, "status": exit::word(error), "reason": exit::message(error) });
            say!("{failure}");
        }
        Err(_) => {}
    }
    Ok(exit::of_status(result?.status))
}

fn run_there(url: &str, args: &RunArgs) -> anyhow::Result<Summary> {
    let settings = office::settings_of_job(args)?;
    let data = office::open_data(&settings)?.locate("");
    let task = Task::Run(office::request(&settings, &args.plan)?);
    let ending = submit_and_follow(url, &settings, &data, &task)?;
    Ok(summary_of(ending)?)
}

fn run_here(args: &RunArgs) -> anyhow::Result<Summary> {
    let settings = office::settings_of_job(args)?;
    let data = office::open_data(&settings)?;
    let out = Store::open_or_create(&settings.out)?;
    let request = office::request(&settings, &args.plan)?;
    let claimant = office::claimant(&settings)?;
    work_here(&settings, data, out, async |means| {
        coordinator::run::run(&request, means, &claimant).await
    })
}

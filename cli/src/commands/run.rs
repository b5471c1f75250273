//! `tickermill run`: the whole job, in this process or by a coordinator.

use std::process::ExitCode;
use std::sync::Arc;

use coordinator::run::{Means, Patience, RunError, Stop};
use market::store::Store;
use output::outcome::Summary;
use proto::id::WorkerId;
use proto::link::{Roster, WorkerLink};
use tokio::sync::watch;
use worker::in_process::InProcessWorker;

use crate::args::RunArgs;
use crate::settings::Settings;
use crate::stdout::say;
use crate::{exit, progress, report};

use super::{follow, office};

pub(crate) fn run(args: &RunArgs) -> anyhow::Result<ExitCode> {
    let result = match &args.coordinator {
        Some(url) => follow::submit_and_follow(url, args),
        None => run_here(args),
    };
    report_result(result, args.plan.json)
}

/// Prints how a run ended, and gives the exit status.
pub(super) fn report_result(
    result: anyhow::Result<Summary>,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
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

fn run_here(args: &RunArgs) -> anyhow::Result<Summary> {
    let settings = office::settings_of_job(args)?;
    let data = office::open_data(&settings)?;
    let out = Store::open_or_create(&settings.out)?;
    let runtime = office::runtime()?;
    let (stop, stopped) = watch::channel(Stop::No);
    let (workers, roster) = watch::channel(Roster::from([]));
    let means = means(&settings, data, out, roster, stopped)?;
    workers.send_replace(in_process_workers(&settings, &means));
    let request = office::request(&settings, &args.plan)?;
    let claimant = office::claimant(&settings)?;
    let summary = runtime.block_on(async {
        let interrupt = move || {
            stop.send_replace(Stop::Interrupt);
        };
        let at_once = || {
            eprintln!("error: {}", RunError::Interrupted);
            exit::INTERRUPTED.into()
        };
        tokio::spawn(office::stop_on_signal(interrupt, at_once));
        coordinator::run::run(&request, &means, &claimant).await
    });
    office::finish_kernels(&means.pool);
    runtime.shutdown_background();
    Ok(summary?)
}

fn means(
    settings: &Settings,
    data: Store,
    out: Store,
    workers: watch::Receiver<Roster>,
    stop: watch::Receiver<Stop>,
) -> anyhow::Result<Means> {
    Ok(Means {
        data,
        out,
        workers,
        patience: Patience::default(),
        pool: office::pool(settings.workers.get())?,
        observer: Arc::new(progress::Progress::new()),
        stop,
    })
}

/// Workers of a slot each, which share the threads.
fn in_process_workers(settings: &Settings, means: &Means) -> Roster {
    let link = |number: usize| -> Arc<dyn WorkerLink> {
        let id = WorkerId(format!("in-process-{number}"));
        let (data, out) = (means.data.clone(), means.out.clone());
        Arc::new(InProcessWorker::new(id, data, out, Arc::clone(&means.pool)))
    };
    (0..settings.workers.get()).map(link).collect()
}

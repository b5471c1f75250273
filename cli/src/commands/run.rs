//! `tickermill run`: the whole job in one process.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use coordinator::epoch::Holder;
use coordinator::outcome::Summary;
use coordinator::run::{Means, RunError};
use market::store::Store;
use proto::id::WorkerId;
use proto::link::WorkerLink;
use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::watch;
use worker::in_process::InProcessWorker;

use crate::args::RunArgs;
use crate::output::say;
use crate::settings::Settings;
use crate::{exit, progress, report};

use super::office;

pub(crate) fn run(args: &RunArgs) -> anyhow::Result<ExitCode> {
    let result = run_to_summary(args);
    match &result {
        Ok(summary) if args.json => {
            eprint!("{}", report::summary(summary));
            say!("{}", serde_json::to_string(summary)?);
        }
        Ok(summary) => crate::output::write(format_args!("{}", report::summary(summary))),
        Err(error) if args.json => {
            let status = if matches!(error.downcast_ref(), Some(RunError::Interrupted)) {
                "interrupted"
            } else {
                "failed"
            };
            let failure = serde_json::json!({ "run_id": null, "status": status, "reason": exit::message(error) });
            say!("{failure}");
        }
        Err(_) => {}
    }
    Ok(exit::of_status(result?.status))
}

fn run_to_summary(args: &RunArgs) -> anyhow::Result<Summary> {
    let settings = office::settings_of_run(args)?;
    let data = office::open_data(&settings)?;
    let out = Store::open_or_create(&settings.out)?;
    let runtime = office::runtime()?;
    let (stop, stopped) = watch::channel(false);
    let means = means(&settings, data, out, stopped)?;
    let request = office::request(&settings, args);
    let summary = runtime.block_on(async {
        tokio::spawn(stop_on_signal(stop));
        coordinator::run::run(&request, &means).await
    });
    // What was given up is finished where it was begun: a process that ends amid a file leaves its staged form behind.
    means.pool.broadcast(|_| ());
    runtime.shutdown_background();
    Ok(summary?)
}

fn means(
    settings: &Settings,
    data: Store,
    out: Store,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<Means> {
    let pool = Arc::new(pool(settings.workers.get())?);
    let link = |number: usize| -> Arc<dyn WorkerLink> {
        let id = WorkerId(format!("in-process-{number}"));
        Arc::new(InProcessWorker::new(
            id,
            data.clone(),
            out.clone(),
            Arc::clone(&pool),
        ))
    };
    Ok(Means {
        links: (0..settings.workers.get()).map(link).collect(),
        data,
        out,
        pool,
        observer: Arc::new(progress::Progress::new()),
        holder: holder()?,
        lease: settings.lease,
        stop,
    })
}

fn pool(threads: usize) -> anyhow::Result<ThreadPool> {
    let name = |thread| format!("kernel-{thread}");
    ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(name)
        .build()
        .context("cannot start threads")
}

/// Under which the output is held: no two living processes share the name.
pub(super) fn holder() -> anyhow::Result<Holder> {
    let host = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).context("the system has no random numbers")?;
    Ok(Holder {
        name: format!("process {} on {host}", std::process::id()),
        nonce: format!("{:032x}", u128::from_le_bytes(nonce)),
    })
}

/// Asks the run to stop at the first SIGINT or SIGTERM; ends the process at the second.
async fn stop_on_signal(stop: watch::Sender<bool>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return; // without handlers the signals end the process, and the run resumes as well
    };
    for first in [true, false] {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if first {
            stop.send_replace(true);
        }
    }
    let error = RunError::Interrupted;
    eprintln!("error: {error}");
    std::process::exit(130);
}

//! Working in this process: its workers, and its end when the user wants one.

use std::sync::Arc;

use coordinator::run::{Means, Patience, RunError, Stop};
use market::store::Store;
use proto::id::WorkerId;
use proto::link::{Roster, WorkerLink};
use tokio::sync::watch;
use worker::in_process::InProcessWorker;

use crate::settings::Settings;
use crate::{exit, progress};

use super::office;

/// Has `work` done to its end with workers of this process. A first SIGINT or SIGTERM stops it where it is, a second one ends
/// the process.
pub(super) fn work_here<T>(
    settings: &Settings,
    data: Store,
    out: Store,
    work: impl AsyncFnOnce(&Means) -> Result<T, RunError>,
) -> anyhow::Result<T> {
    let runtime = office::runtime()?;
    let (stop, stopped) = watch::channel(Stop::No);
    let (workers, roster) = watch::channel(Roster::from([]));
    let means = Means {
        data,
        out,
        workers: roster,
        patience: Patience::default(),
        pool: office::pool(settings.workers.get())?,
        observer: Arc::new(progress::Progress::new()),
        stop: stopped,
    };
    workers.send_replace(in_process_workers(settings, &means));
    let done = runtime.block_on(async {
        let interrupt = move || {
            stop.send_replace(Stop::Interrupt);
        };
        let at_once = || {
            eprintln!("error: {}", RunError::Interrupted);
            exit::INTERRUPTED.into()
        };
        tokio::spawn(office::stop_on_signal(interrupt, at_once));
        work(&means).await
    });
    office::finish_kernels(&means.pool);
    runtime.shutdown_background();
    Ok(done?)
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

//! `tickermill worker`: a process that computes shards for a coordinator.

use std::process::ExitCode;

use tokio::sync::watch;
use worker::join::{Joining, work};

use crate::args::WorkerArgs;

use super::office;

pub(crate) fn worker(args: &WorkerArgs) -> anyhow::Result<ExitCode> {
    let settings = office::settings(args.config.as_deref(), args.flag_values())?;
    let slots = settings.workers.get();
    let joining = Joining {
        coordinator: args.coordinator.trim_end_matches('/').to_owned(),
        name: args
            .name
            .clone()
            .unwrap_or_else(|| format!("{}-{}", office::host(), std::process::id())),
        slots: slots as u32,
        drain: settings.cluster.drain,
    };
    let pool = office::pool(slots)?;
    let runtime = office::runtime()?;
    let worked = runtime.block_on(async {
        let (stop, drain) = watch::channel(false);
        let begin = move || {
            tracing::info!("stopping: what is in hand is finished, or given back");
            stop.send_replace(true);
        };
        tokio::spawn(office::stop_on_signal(begin, || 1));
        work(&joining, &pool, drain).await
    });
    office::finish_kernels(&pool);
    runtime.shutdown_background();
    worked?;
    Ok(ExitCode::SUCCESS)
}

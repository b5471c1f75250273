//! `tickermill worker`: a process that computes shards for a coordinator.

use std::process::ExitCode;
use std::sync::Arc;

use tokio::sync::watch;
use worker::join::{Joining, work};
use worker::metrics::Metrics;

use crate::args::WorkerArgs;

use super::office;

pub(crate) fn worker(args: &WorkerArgs) -> anyhow::Result<ExitCode> {
    let settings = office::settings(args.service.config.as_deref(), args.flag_values())?;
    let slots = settings.workers.get();
    let joining = Joining {
        coordinator: args.coordinator.trim_end_matches('/').to_owned(),
        trust: office::trust(&settings)?,
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
        let metrics = Arc::new(Metrics::new(joining.slots));
        office::answer_operators(&settings, &joining.trust, Arc::clone(&metrics) as _)?;
        let (stop, drain) = watch::channel(false);
        let begin = move || {
            tracing::info!("stopping: what is in hand is finished, or given back");
            stop.send_replace(true);
        };
        tokio::spawn(office::stop_on_signal(begin, || 1));
        Ok::<_, anyhow::Error>(work(&joining, &pool, &metrics, drain).await?)
    });
    office::finish_kernels(&pool);
    runtime.shutdown_background();
    worked?;
    Ok(ExitCode::SUCCESS)
}

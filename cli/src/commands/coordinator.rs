//! `tickermill coordinator`: a process that holds an output and has workers compute.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use coordinator::metrics::Metrics;
use coordinator::server::{Coordinator, Terms};
use market::store::Store;
use tokio::sync::watch;

use crate::args::CoordinatorArgs;
use crate::log;
use crate::settings::Settings;

use super::office;

/// The exit status of a process that ends because its code broke.
const BROKEN: i32 = 70;

pub(crate) fn coordinator(args: &CoordinatorArgs) -> anyhow::Result<ExitCode> {
    let settings = office::settings(args.service.config.as_deref(), args.flag_values())?;
    let terms = terms(args, &settings)?;
    let scheme = office::may_listen(terms.listen, &settings, &terms.trust)?;
    let out = Store::open_or_create(&settings.out)?;
    let location = out.locate("");
    let pool = office::pool(settings.workers.get())?;
    end_on_panic();
    office::raise_file_limit();
    let runtime = office::runtime()?;
    runtime.block_on(async {
        let (stop, stopped) = watch::channel(false);
        let begin = move || {
            tracing::info!("stopping: what runs goes on at the next start");
            stop.send_replace(true);
        };
        tokio::spawn(office::stop_on_signal(begin, || 1));
        let waiting = |holder: &str| tracing::info!("waiting for {holder}, which holds the output");
        let metrics = Arc::new(Metrics::new());
        office::answer_operators(&settings, &terms.trust, Arc::clone(&metrics) as _)?;
        let mut stopped_before = stopped.clone();
        let coordinator = tokio::select! {
            built = Coordinator::build(terms, out, pool, metrics, waiting) => built?,
            Ok(_) = stopped_before.wait_for(|stop| *stop) => return Ok(()),
        };
        log::announce(&format!(
            "coordinator listens on {scheme}://{} and holds {location} (epoch {})",
            coordinator.address(),
            coordinator.epoch()
        ));
        coordinator
            .serve(stopped)
            .await
            .map_err(anyhow::Error::from)
    })?;
    runtime.shutdown_background();
    Ok(ExitCode::SUCCESS)
}

fn terms(args: &CoordinatorArgs, settings: &Settings) -> anyhow::Result<Terms> {
    let cluster = &settings.cluster;
    let mut claimant = office::claimant(settings)?;
    if let Some(name) = &args.name {
        claimant.holder.name.clone_from(name);
    }
    let roots = args.allow_root.iter().map(|root| allowed_root(root));
    Ok(Terms {
        listen: cluster.listen,
        trust: office::trust(settings)?,
        allowed_roots: roots.collect::<anyhow::Result<_>>()?,
        claimant,
        members: cluster.members,
        patience: cluster.patience,
        max_queued: cluster.max_queued,
        max_connections: cluster.max_connections,
    })
}

/// A root with all links followed, as data is; a URL as it is.
fn allowed_root(root: &str) -> anyhow::Result<PathBuf> {
    if root.contains("://") {
        return Ok(PathBuf::from(root));
    }
    std::fs::canonicalize(root).with_context(|| format!("cannot allow the root {root}"))
}

/// Has a panic anywhere end the process: whoever supervises it starts it again, and it goes on from the store.
fn end_on_panic() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tell(panic);
        std::process::exit(BROKEN);
    }));
}

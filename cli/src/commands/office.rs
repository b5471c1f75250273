//! What commands share: settings from arguments, stores, a runtime.

use std::path::Path;

use anyhow::Context;
use coordinator::run::Request;
use market::store::Store;
use market::synth::{SAMPLE, write_market};

use crate::args::{HistoryArgs, RunArgs};
use crate::config::Sources;
use crate::settings::Settings;

/// Where the market lies that is used where no other is named.
const SAMPLE_FOLDER: &str = "data/sample";

/// Threads for sockets and timers; files are read and written on threads of their own, kernels run on the pool.
const RUNTIME_THREADS: usize = 2;

pub(super) fn settings_of_run(args: &RunArgs) -> anyhow::Result<Settings> {
    let sources = Sources::load(args.config.as_deref(), args.flag_values())?;
    Ok(Settings::read(sources, !args.no_train)?)
}

pub(super) fn settings_of_history(args: &HistoryArgs) -> anyhow::Result<Settings> {
    let sources = Sources::load(args.config.as_deref(), args.flag_values())?;
    Ok(Settings::read(sources, true)?)
}

pub(super) fn request(settings: &Settings, args: &RunArgs) -> Request {
    Request {
        job: settings.job.clone(),
        force: args.force,
        verify: args.verify,
        limits: settings.limits,
    }
}

pub(super) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder
        .worker_threads(RUNTIME_THREADS)
        .enable_all()
        .build()
        .context("cannot start threads")
}

/// The data set's store. Without one the sample is used, and made where it is not there.
pub(super) fn open_data(settings: &Settings) -> anyhow::Result<Store> {
    if let Some(data) = &settings.data {
        return Ok(Store::open(data)?);
    }
    let folder = Path::new(SAMPLE_FOLDER);
    if !folder.join(market::securities::SECURITY_LIST).exists() {
        eprintln!(
            "no --data: making a synthetic market of {} tickers in {SAMPLE_FOLDER}",
            SAMPLE.tickers
        );
        write_market(folder, &SAMPLE, &|_| ())?;
    }
    Ok(Store::open(SAMPLE_FOLDER)?)
}

//! `tickermill predictor`: a process that serves models.

use std::process::ExitCode;

use anyhow::Context;
use market::store::Store;
use predictor::server::{ModelFile, Predictor};
use tokio::sync::watch;

use crate::args::{NamedFile, PredictorArgs};
use crate::log;
use crate::settings::Settings;

use super::office;

pub(crate) fn predictor(args: &PredictorArgs) -> anyhow::Result<ExitCode> {
    let settings = office::settings(args.service.config.as_deref(), args.flag_values())?;
    // Files alone need no store, unless one is named.
    let needs_store = args.onnx.is_empty() || args.models.is_some();
    let out = needs_store
        .then(|| Store::open(&settings.out))
        .transpose()?;
    let files = args.onnx.iter().map(model_file);
    let files = files.collect::<anyhow::Result<Vec<_>>>()?;
    let pool = office::pool(settings.workers.get())?;
    office::raise_file_limit();
    let runtime = office::runtime()?;
    let served = runtime.block_on(serve(&settings, out, files, pool));
    runtime.shutdown_background();
    served?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(
    settings: &Settings,
    out: Option<Store>,
    files: Vec<ModelFile>,
    pool: std::sync::Arc<rayon::ThreadPool>,
) -> anyhow::Result<()> {
    let location = out.as_ref().map(|out| out.locate(""));
    let trust = office::trust(settings)?;
    let scheme = office::may_listen(settings.predictor.listen, settings, &trust)?;
    let terms = settings.predictor.clone();
    let (stop, stopped) = watch::channel(false);
    let begin = move || {
        tracing::info!("stopping: what is in hand is answered");
        stop.send_replace(true);
    };
    tokio::spawn(office::stop_on_signal(begin, || 1));
    let mut stopped_before = stopped.clone();
    let predictor = tokio::select! {
        built = Predictor::build(terms, trust.clone(), out, files, pool) => built?,
        Ok(_) = stopped_before.wait_for(|stop| *stop) => return Ok(()),
    };
    let address = predictor.address();
    let live: Vec<String> = predictor
        .live()
        .iter()
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    let of = location.map_or(String::new(), |location| format!(" of {location}"));
    let models = if live.is_empty() {
        "no model yet".to_owned()
    } else {
        live.join(", ")
    };
    office::answer_operators(settings, &trust, predictor.operated())?;
    log::announce(&format!(
        "predictor listens on {scheme}://{address} and serves {models}{of}"
    ));
    Ok(predictor.serve(stopped).await?)
}

fn model_file(named: &NamedFile) -> anyhow::Result<ModelFile> {
    let onnx = std::fs::read(&named.file)
        .with_context(|| format!("cannot read {}", named.file.display()))?;
    Ok(ModelFile {
        name: named.name.clone(),
        onnx,
    })
}

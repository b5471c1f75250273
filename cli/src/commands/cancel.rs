//! `tickermill cancel`: an unfinished run ends for good, or a tuning stops.

use std::process::ExitCode;

use coordinator::cancel::cancel_unfinished;
use coordinator::epoch::Epoch;
use market::store::Store;
use proto::id::RunId;

use crate::args::HistoryArgs;
use crate::client::Client;
use crate::stdout::say;

use super::office;

pub(crate) fn cancel(run: &str, args: &HistoryArgs) -> anyhow::Result<ExitCode> {
    let settings = office::settings_of_history(args)?;
    let runtime = office::runtime()?;
    let cancelled = if let Some(url) = &args.coordinator {
        let trust = office::trust(&settings)?;
        runtime.block_on(async { Client::dial(url, &trust).await?.cancel(run).await })?
    } else {
        let id = RunId::parse(run).map_err(coordinator::history::HistoryError::from)?;
        let out = Store::open(&settings.out)?;
        let claimant = office::claimant(&settings)?;
        runtime.block_on(async {
            let waiting = |holder: &str| eprintln!("waiting for {holder}, which holds the output");
            let epoch = Epoch::claim(&out, &claimant, waiting).await?;
            let cancelled = cancel_unfinished(&epoch, &out, &id).await;
            epoch.release().await;
            cancelled.map_err(anyhow::Error::from)
        })?;
        id.to_string()
    };
    if args.json {
        say!(
            "{}",
            serde_json::json!({ "run_id": cancelled, "status": "cancelled" })
        );
    } else if cancelled.is_empty() {
        say!("{run} is cancelled: it had not begun");
    } else {
        say!("{cancelled} is cancelled");
    }
    Ok(ExitCode::SUCCESS)
}

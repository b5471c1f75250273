//! `tickermill watch`: the events of a coordinator's run, as they come.

use std::path::Path;
use std::process::ExitCode;

use coordinator::event_log::Ending;
use proto::event::RunEvent;

use crate::client::{Client, ClientError, News, Place};
use crate::exit;
use crate::stdout::say;

use super::follow::summary_of;
use super::office;

pub(crate) fn watch(
    run: Option<&str>,
    url: &str,
    config: Option<&Path>,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let trust = office::trust(&office::settings(config, Vec::new())?)?;
    let ending = office::runtime()?.block_on(async {
        let mut client = Client::dial(url, &trust).await?;
        let run = match run {
            Some(run) => run.to_owned(),
            None => what_runs(&mut client).await?,
        };
        let mut place = Place::default();
        let mut watching = client.watch(&run, place).await?;
        loop {
            match client.next(&mut watching, &mut place).await? {
                News::Event(event) if as_json => say!("{}", proto::convert::to_json(&event)),
                News::Event(RunEvent::Advanced { .. }) => {}
                News::Event(event) => say!("{event}"),
                News::Ended(ending) => return Ok::<Ending, anyhow::Error>(ending),
            }
        }
    })?;
    if let Ending::Tuned(tuning) = &ending {
        eprintln!("tuning {} of run {} completed", tuning.tuning, tuning.run);
        return Ok(ExitCode::SUCCESS);
    }
    let summary = summary_of(ending)?;
    eprintln!("run {} {}", summary.run_id, summary.status.describe());
    Ok(exit::of_status(summary.status))
}

async fn what_runs(client: &mut Client) -> Result<String, ClientError> {
    let runs = client.list(None).await?;
    let running = runs.into_iter().find(|run| run.status == "running");
    // A tuning has no run of its own: it is known by its submission.
    let name = running.and_then(|run| run.run_id.map(|run| run.to_string()).or(run.submission));
    name.ok_or_else(|| ClientError::Stopped("nothing runs now: `runs` lists what did".to_owned()))
}

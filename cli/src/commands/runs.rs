//! `tickermill runs` and `tickermill show`.

use std::process::ExitCode;

use coordinator::history::{self, RunInfo};
use market::store::Store;
use output::tuning::Check;

use crate::args::HistoryArgs;
use crate::client::Client;
use crate::report::{self, grouped};
use crate::stdout::say;

use super::office;

pub(crate) fn list(args: &HistoryArgs) -> anyhow::Result<ExitCode> {
    let settings = office::settings_of_history(args)?;
    let runtime = office::runtime()?;
    let (runs, place) = if let Some(url) = &args.coordinator {
        let trust = office::trust(&settings)?;
        let runs = runtime.block_on(async { Client::dial(url, &trust).await?.list(None).await })?;
        (runs, url.clone())
    } else {
        let out = Store::open(&settings.out)?;
        (runtime.block_on(history::list(&out))?, out.locate(""))
    };
    if args.json {
        for run in &runs {
            say!("{}", json(run));
        }
        return Ok(ExitCode::SUCCESS);
    }
    if runs.is_empty() {
        eprintln!("there are no runs in {place} yet: `tickermill run` makes one");
        return Ok(ExitCode::SUCCESS);
    }
    say!(
        "{:<20} {:<22} {:>8} {:>13} {:>9} {:>8}",
        "RUN",
        "STATUS",
        "SYMBOLS",
        "ROWS",
        "SECONDS",
        "SKILL"
    );
    for run in &runs {
        print_line(run);
    }
    Ok(ExitCode::SUCCESS)
}

fn print_line(run: &RunInfo) {
    let name = run.run_id.as_ref().map(ToString::to_string);
    let name = name.or_else(|| run.submission.clone()).unwrap_or_default();
    let Some(summary) = &run.summary else {
        say!("{name:<20} {:<22} {:>8}", run.status, run.tickers);
        return;
    };
    let mark = if run.latest { " (latest)" } else { "" };
    let skill = summary.model.as_ref().and_then(|model| model.skill);
    say!(
        "{name:<20} {:<22} {:>8} {:>13} {:>9.2} {:>8}{mark}",
        run.status,
        summary.symbols,
        grouped(summary.rows_written),
        summary.seconds.get("total").copied().unwrap_or_default(),
        skill.map_or("-".to_owned(), |skill| format!("{skill:+.3}")),
    );
}

pub(crate) fn show(run: &str, args: &HistoryArgs) -> anyhow::Result<ExitCode> {
    let settings = office::settings_of_history(args)?;
    let runtime = office::runtime()?;
    let run = if let Some(url) = &args.coordinator {
        let trust = office::trust(&settings)?;
        let list = async { Client::dial(url, &trust).await?.list(Some(run)).await };
        let mut runs = runtime.block_on(list)?;
        anyhow::ensure!(!runs.is_empty(), "there is no run {run}");
        runs.remove(0)
    } else {
        let out = Store::open(&settings.out)?;
        runtime.block_on(history::show(&out, run))?
    };
    if args.json {
        say!("{}", json(&run));
        return Ok(ExitCode::SUCCESS);
    }
    match (&run.summary, &run.run_id) {
        (Some(summary), _) => {
            crate::stdout::write(format_args!("{}", report::summary(summary)));
            for warning in &summary.warnings {
                say!("  warning   {warning}");
            }
            for (stage, seconds) in &summary.seconds {
                say!("  {stage:<9} {seconds:>9.3} s");
            }
        }
        (None, Some(id)) if run.status == "running" => {
            say!("run {id} is running: `watch` follows it");
        }
        (None, Some(id)) => {
            say!("run {id} is unfinished: run the same job again to go on");
        }
        (None, None) => {}
    }
    say!("  data      {}", run.data);
    for feature in &run.features {
        say!("  feature   {feature}");
    }
    for tuning in &run.tunings {
        let Check { chosen, configured } = tuning.check;
        say!(
            "  tuning    {}: chose trial {} of {}: skill {chosen:+.4} in the last fold, configured {configured:+.4}",
            tuning.tuning,
            tuning.chosen,
            tuning.trials
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// The summary of a run that ended, with what was tuned on its features; of another what is known of it.
fn json(run: &RunInfo) -> serde_json::Value {
    match &run.summary {
        Some(summary) => {
            let mut json = serde_json::to_value(summary).expect("a summary has a JSON form");
            if !run.tunings.is_empty() {
                json["tunings"] = serde_json::json!(run.tunings);
            }
            json
        }
        None => serde_json::json!({
            "run_id": run.run_id,
            "submission": run.submission,
            "status": run.status,
            "data": run.data,
        }),
    }
}

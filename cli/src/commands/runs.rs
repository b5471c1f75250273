//! `tickermill runs` and `tickermill show`.

use std::process::ExitCode;

use coordinator::history::{self, PastRun};
use market::store::Store;
use proto::id::RunId;

use crate::args::HistoryArgs;
use crate::output::say;
use crate::report::{self, grouped};

use super::office;

pub(crate) fn list(args: &HistoryArgs) -> anyhow::Result<ExitCode> {
    let settings = office::settings_of_history(args)?;
    let out = Store::open(&settings.out)?;
    let (runs, latest) = office::runtime()?.block_on(async {
        let runs = history::runs(&out).await?;
        Ok::<_, history::HistoryError>((runs, history::latest(&out).await?))
    })?;
    if args.json {
        for past in &runs {
            say!("{}", json(past));
        }
        return Ok(ExitCode::SUCCESS);
    }
    if runs.is_empty() {
        eprintln!(
            "there are no runs in {} yet: `tickermill run` makes one",
            out.locate("")
        );
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
    for past in &runs {
        let mark = if latest
            .as_ref()
            .is_some_and(|latest| latest.run_id == past.run)
        {
            " (latest)"
        } else {
            ""
        };
        let Some(outcome) = &past.outcome else {
            say!(
                "{:<20} {:<22} {:>8}",
                past.run,
                "unfinished",
                past.plan.dataset.tickers.len()
            );
            continue;
        };
        let summary = &outcome.summary;
        let skill = summary.model.as_ref().and_then(|model| model.skill);
        say!(
            "{:<20} {:<22} {:>8} {:>13} {:>9.2} {:>8}{mark}",
            past.run,
            summary.status.describe(),
            summary.symbols,
            grouped(summary.rows_written),
            summary.seconds.get("total").copied().unwrap_or_default(),
            skill.map_or("-".to_owned(), |skill| format!("{skill:+.3}")),
        );
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn show(run: &str, args: &HistoryArgs) -> anyhow::Result<ExitCode> {
    let settings = office::settings_of_history(args)?;
    let out = Store::open(&settings.out)?;
    let past = office::runtime()?.block_on(async {
        let run = match run {
            "latest" => match history::latest(&out).await? {
                Some(latest) => latest.run_id,
                None => anyhow::bail!("there is no completed run in {} yet", out.locate("")),
            },
            run => RunId::parse(run)?,
        };
        Ok(history::get(&out, &run).await?)
    })?;
    if args.json {
        say!("{}", json(&past));
        return Ok(ExitCode::SUCCESS);
    }
    match &past.outcome {
        Some(outcome) => {
            crate::output::write(format_args!("{}", report::summary(&outcome.summary)));
            for warning in &outcome.summary.warnings {
                say!("  warning   {warning}");
            }
            for (stage, seconds) in &outcome.summary.seconds {
                say!("  {stage:<9} {seconds:>9.3} s");
            }
        }
        None => say!(
            "run {} is unfinished: run the same job again to go on",
            past.run
        ),
    }
    say!("  data      {}", past.plan.data);
    for feature in past.plan.job.recipe.schema.features() {
        say!(
            "  feature   {} = {} of {} over {} rows",
            feature.name,
            feature.operation.name(),
            feature.column,
            feature.window
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// The summary of a run that ended; of another its id and status.
fn json(past: &PastRun) -> serde_json::Value {
    match &past.outcome {
        Some(outcome) => serde_json::to_value(&outcome.summary).expect("a summary has a JSON form"),
        None => {
            serde_json::json!({ "run_id": past.run, "status": "unfinished", "data": past.plan.data })
        }
    }
}

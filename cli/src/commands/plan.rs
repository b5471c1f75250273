//! `tickermill plan`: what a run would do.

use std::collections::BTreeMap;
use std::process::ExitCode;

use coordinator::planning::{Preview, preview};
use market::store::{OpenStoreError, Store};

use crate::args::PlanArgs;
use crate::report::grouped;
use crate::stdout::say;

use super::office;

/// Tickers named for a reason; the others are counted.
const NAMED: usize = 10;

pub(crate) fn plan(args: &PlanArgs) -> anyhow::Result<ExitCode> {
    let settings = office::settings_of_run(args)?;
    let data = office::open_data(&settings)?;
    let out = match Store::open(&settings.out) {
        Ok(out) => Some(out),
        Err(OpenStoreError::NoFolder(_)) => None, // nothing was run yet
        Err(error) => return Err(error.into()),
    };
    let request = office::request(&settings, args)?;
    let workers = settings.workers.get();
    let preview = office::runtime()?.block_on(preview(&request, &data, out.as_ref(), workers))?;
    if args.json {
        say!("{}", json(&preview));
    } else {
        print_plan(&preview);
    }
    Ok(ExitCode::SUCCESS)
}

fn print_plan(preview: &Preview) {
    let bytes: u64 = preview.compute.iter().map(|(_, bytes, _)| bytes).sum();
    match &preview.newest {
        Some(newest) if preview.unchanged => say!(
            "nothing to do: run {} is completed and nothing changed",
            newest.run
        ),
        Some(newest) if newest.outcome.is_none() => say!("run {} goes on", newest.run),
        _ => say!("a new run"),
    }
    say!(
        "  compute   {} tickers, {} bytes of price files, in {} shards",
        grouped(preview.compute.len() as u64),
        grouped(bytes),
        preview.shards
    );
    for (why, symbols) in by_reason(preview) {
        let more = symbols.len().saturating_sub(NAMED);
        let named = symbols[..symbols.len() - more].join(" ");
        let more = if more > 0 {
            format!(" and {} more", grouped(more as u64))
        } else {
            String::new()
        };
        say!("            {why}: {named}{more}");
    }
    say!(
        "  carry     {} tickers over from earlier runs",
        grouped(preview.carry as u64)
    );
    if preview.done_before > 0 {
        say!(
            "  keep      {} tickers that are done",
            grouped(preview.done_before as u64)
        );
    }
    for file in &preview.dataset.set_aside {
        say!("  set aside {}: {}", file.path, file.fault);
    }
}

fn by_reason(preview: &Preview) -> BTreeMap<&'static str, Vec<String>> {
    let mut reasons: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for (symbol, _, why) in &preview.compute {
        reasons
            .entry(why.describe())
            .or_default()
            .push(symbol.to_string());
    }
    reasons
}

fn json(preview: &Preview) -> serde_json::Value {
    let compute = preview.compute.iter();
    let compute: Vec<_> = compute
        .map(|(symbol, bytes, why)| serde_json::json!({ "symbol": symbol, "bytes": bytes, "why": why }))
        .collect();
    serde_json::json!({
        "newest_run": preview.newest.as_ref().map(|newest| newest.run.to_string()),
        "unchanged": preview.unchanged,
        "compute": compute,
        "shards": preview.shards,
        "carry_over": preview.carry,
        "done_before": preview.done_before,
        "set_aside": preview.dataset.set_aside.iter().map(|file| &file.path).collect::<Vec<_>>(),
    })
}

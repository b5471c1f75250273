//! `tickermill audit`: whether a feature looks ahead.

use std::process::ExitCode;

use features::schema::FeatureSchema;
use market::audit::{
    AuditPlan, AuditReport, AuditedTicker, FeatureAudit, Verdict, audit_declared, draw_symbols,
};
use market::csv::{iso_date, read_price_file};
use market::layout::discover;
use market::store::Store;
use market::symbol::Symbol;

use crate::args::AuditArgs;
use crate::report::grouped;
use crate::settings::Settings;
use crate::stdout::say;

use super::office;

pub(crate) fn audit(args: &AuditArgs) -> anyhow::Result<ExitCode> {
    let settings = office::settings(args.config.as_deref(), args.flag_values())?;
    let data = office::open_data(&settings)?;
    let declarations = declarations(&settings)?;
    let pool = office::pool(settings.workers.get())?;
    let tickers = read_tickers(&data, args.tickers as usize, settings.seed);
    let tickers = office::runtime()?.block_on(tickers)?;
    let plan = AuditPlan {
        cuts: args.cuts as usize,
        seed: settings.seed,
    };
    let mut reports = Vec::with_capacity(declarations.len());
    for (of, schema) in &declarations {
        let report = pool.install(|| audit_declared(schema, &tickers, &plan))?;
        reports.push((of.as_str(), report));
    }
    let (_, first) = &reports[0];
    let cuts = first.cuts.clone(); // those of all, for the tickers and the plan decide them
    if cuts.is_empty() {
        let location = data.locate("");
        anyhow::bail!("{location} has no ticker of two rows among those drawn: nothing to audit");
    }
    let leaks = reports.iter().map(|(_, report)| report.leaks().count());
    let leaks: usize = leaks.sum();
    if args.json {
        say!("{}", json(&tickers, &cuts, &reports, leaks));
    } else {
        print_reports(&tickers, &cuts, &reports, leaks);
    }
    Ok(if leaks == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What is audited, each with its name: the features, and the inputs of boosted trees, whether they are trained or not.
fn declarations(settings: &Settings) -> anyhow::Result<[(String, FeatureSchema); 2]> {
    let features = settings.job.recipe.schema.clone();
    let inputs = settings.volume.declare(&features)?;
    let model = &settings.volume.name;
    Ok([
        ("features".to_owned(), features),
        (format!("inputs of {model}"), inputs),
    ])
}

/// The prices of at most `count` tickers, drawn by the seed. Files that a run would quarantine are told and left out.
async fn read_tickers(data: &Store, count: usize, seed: u64) -> anyhow::Result<Vec<AuditedTicker>> {
    let files = discover(data).await?.tickers;
    let symbols: Vec<Symbol> = files.iter().map(|file| file.symbol.clone()).collect();
    let drawn = draw_symbols(&symbols, count, seed);
    let mut tickers = Vec::with_capacity(drawn.len());
    for file in files {
        if drawn.binary_search(&file.symbol).is_err() {
            continue;
        }
        let (bytes, _) = data.read_with_fingerprint(&file.path).await?;
        match read_price_file(&bytes) {
            Ok(read) => tickers.push(AuditedTicker {
                symbol: file.symbol,
                prices: read.table.into_arrays(),
            }),
            Err(fault) => eprintln!("{} is left out: {fault}", file.path),
        }
    }
    Ok(tickers)
}

fn print_reports(
    tickers: &[AuditedTicker],
    cuts: &[i32],
    reports: &[(&str, AuditReport)],
    leaks: usize,
) {
    let features = reports.iter().flat_map(|(_, report)| &report.features);
    let width = features.map(|audited| audited.name.len()).max();
    let width = width.unwrap_or_default();
    for (of, report) in reports {
        say!("{of}");
        for FeatureAudit { name, verdict } in &report.features {
            match verdict {
                Verdict::Passed => say!("  {name:<width$}  ok"),
                Verdict::Unseen => say!("  {name:<width$}  no value before any cut: not audited"),
                Verdict::Looks(leak) => say!("  {name:<width$}  LEAK: {leak}"),
            }
        }
    }
    let rows: usize = tickers.iter().map(|ticker| ticker.prices.rows()).sum();
    let dates: Vec<String> = cuts.iter().copied().map(iso_date).collect();
    let unseen = count_unseen(reports);
    if unseen > 0 {
        say!("{unseen} could not be audited: take more or longer histories");
    }
    let found = match leaks {
        0 if unseen > 0 => "no audited feature looks ahead".to_owned(),
        0 => "no feature looks ahead".to_owned(),
        1 => "1 feature looks ahead".to_owned(),
        leaks => format!("{leaks} features look ahead"),
    };
    say!(
        "{found}: {} tickers, {} rows, cut after {}",
        tickers.len(),
        grouped(rows as u64),
        dates.join(", ")
    );
}

fn json(
    tickers: &[AuditedTicker],
    cuts: &[i32],
    reports: &[(&str, AuditReport)],
    leaks: usize,
) -> serde_json::Value {
    let mut features = Vec::new();
    for (of, report) in reports {
        let audited = report.features.iter();
        features.extend(audited.map(|audited| feature_json(of, audited)));
    }
    serde_json::json!({
        "passed": leaks == 0,
        "not_audited": count_unseen(reports),
        "tickers": tickers.iter().map(|ticker| &ticker.symbol).collect::<Vec<_>>(),
        "cuts": cuts.iter().copied().map(iso_date).collect::<Vec<_>>(),
        "features": features,
    })
}

/// Features that no ticker had a value of before any cut.
fn count_unseen(reports: &[(&str, AuditReport)]) -> usize {
    let features = reports.iter().flat_map(|(_, report)| &report.features);
    features
        .filter(|audited| audited.verdict == Verdict::Unseen)
        .count()
}

fn feature_json(of: &str, audited: &FeatureAudit) -> serde_json::Value {
    let (verdict, leak) = match &audited.verdict {
        Verdict::Passed => ("ok", None),
        Verdict::Unseen => ("not_audited", None),
        Verdict::Looks(leak) => ("leak", Some(leak)),
    };
    let leak = leak.map(|leak| {
        serde_json::json!({
            "symbol": leak.symbol,
            "date": iso_date(leak.date),
            "cut": iso_date(leak.cut),
            "reach_rows": leak.reach_rows,
            "whole_history": leak.whole_history,
        })
    });
    serde_json::json!({ "of": of, "feature": audited.name, "verdict": verdict, "leak": leak })
}

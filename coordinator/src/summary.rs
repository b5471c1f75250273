//! Building a run's summary.

use std::collections::BTreeMap;

use market::store::Store;
use output::outcome::{ModelSummary, Outcome, Status, Summary};
use output::paths;
use proto::event::Stage;

use crate::accounts::Accounts;
use crate::narrator::Narrator;
use crate::plan::Plan;

/// The summary of a run that nothing is known of yet but that it has not completed.
pub(crate) fn blank_summary(plan: &Plan, out: &Store) -> Summary {
    Summary {
        run_id: plan.run.clone(),
        status: Status::Failed,
        reason: None,
        unchanged: false,
        symbols: 0,
        symbols_short: 0,
        rows_read: 0,
        rows_written: 0,
        rows_discarded: 0,
        rows_merged: 0,
        rows_quarantined: 0,
        files_quarantined: 0,
        bytes_read: 0,
        dataset_digest: String::new(),
        data: plan.data.clone(),
        run_dir: out.locate(&paths::run(&plan.run)),
        features_dir: out.locate(&paths::features(&plan.run)),
        recomputed: 0,
        carried_over: 0,
        resumed: 0,
        model: None,
        model_reason: None,
        models: Vec::new(),
        seconds: BTreeMap::new(),
        warnings: Vec::new(),
    }
}

pub(crate) fn add_accounts(summary: &mut Summary, accounts: &Accounts) {
    summary.symbols = accounts.symbols;
    summary.symbols_short = accounts.symbols_short;
    summary.rows_read = accounts.counts.read;
    summary.rows_written = accounts.counts.written;
    summary.rows_discarded = accounts.counts.discarded;
    summary.rows_merged = accounts.counts.merged;
    summary.rows_quarantined = accounts.counts.quarantined;
    summary.files_quarantined = accounts.files_quarantined;
    summary.dataset_digest.clone_from(&accounts.dataset_digest);
    summary.warnings = accounts.warnings();
}

/// Tells a summary, and those who watch, what the user should know.
pub(crate) fn add_warning(summary: &mut Summary, narrator: &Narrator, warning: String) {
    narrator.warn(warning.as_str());
    summary.warnings.push(warning);
}

/// What a completed run's summary says when nothing had to be done.
pub(crate) fn unchanged(done: Outcome, narrator: &Narrator) -> Summary {
    let mut summary = done.summary;
    summary.unchanged = true;
    summary.carried_over = summary.recomputed + summary.carried_over + summary.resumed;
    summary.recomputed = 0;
    summary.resumed = 0;
    summary.bytes_read = 0;
    summary.seconds = seconds(&narrator.stages(), narrator.elapsed());
    summary
}

/// Adds stages to the seconds of a summary.
pub(crate) fn seconds(
    stages: &[(Stage, std::time::Duration)],
    total: std::time::Duration,
) -> BTreeMap<String, f64> {
    let rounded = |duration: std::time::Duration| (duration.as_secs_f64() * 1e6).round() / 1e6;
    let mut seconds: BTreeMap<String, f64> = BTreeMap::new();
    for (stage, took) in stages {
        *seconds.entry(stage.name().to_owned()).or_default() += rounded(*took);
    }
    seconds.insert("total".to_owned(), rounded(total));
    seconds
}

/// What the user should know of how a model was judged.
pub(crate) fn warnings_of(model: &ModelSummary) -> Vec<String> {
    let name = &model.name;
    let held_back = model.held_back.iter();
    let held_back = held_back.map(|reason| format!("`{name}` does not go live: {reason}"));
    let anyway = model.promoted_anyway.iter();
    let anyway =
        anyway.map(|reason| format!("`{name}` goes live anyway, as you wanted it: {reason}"));
    let not_compared = model.not_compared.iter();
    let not_compared = not_compared.map(|reason| format!("`{name}`: {reason}"));
    held_back.chain(anyway).chain(not_compared).collect()
}

//! The whole job, from top to bottom: discover, plan, features, audit, sample, train, publish.

use std::collections::BTreeSet;
use std::sync::Arc;

use market::layout::{Dataset, discover};
use market::rows::ModelRows;
use market::store::{Store, StoreError};
use market::symbol::Symbol;
use proto::event::{RunEvent, Stage, Unit};
use proto::id::{RunId, ShardId};
use proto::record::{TickerRecord, TickerResult};

use crate::accounts::Accounts;
pub use crate::accounts::QualityLimits;
use crate::audit::{audit_features, warn_of_unseen, withhold_models};
use crate::cancel::cancelled_summary;
use crate::dispatch::Dispatch;
pub use crate::dispatch::Patience;
use crate::epoch::{Claimant, Epoch, EpochError};
use crate::feature_shards::FeatureShards;
use crate::history::{self, PastRun};
pub use crate::means::{Means, Stop};
use crate::models::train_models;
use crate::narrator::Narrator;
use crate::plan::Plan;
use crate::planning;
use crate::publish;
pub use crate::request::Request;
use crate::resume::{can_carry_over, carry_over, take_up};
use crate::rows::all_rows;
pub use crate::run_error::RunError;
use crate::summary::seconds;
use crate::summary::{add_accounts, blank_summary, unchanged};
use output::commit::read_commits;
use output::outcome::{Outcome, Status, Summary};
use output::paths;

/// Runs a job to its end, or finds that it has been. The output is claimed for it, and let go of in the end.
///
/// The summary tells how it ended: completed, or failed with a reason. An error leaves a run that can be resumed.
pub async fn run(
    request: &Request,
    means: &Means,
    claimant: &Claimant,
) -> Result<Summary, RunError> {
    let narrator = Narrator::new(Arc::clone(&means.observer));
    let dataset = discover_data(means, &narrator).await?;
    if let Some(done) = find_completed(request, means, &dataset).await?
        && !publish::pointers_are_behind(&means.out, &done).await?
    {
        return Ok(unchanged(done, &narrator));
    }
    let waiting = |holder: &str| {
        narrator.tell(&RunEvent::Waiting {
            holder: holder.to_owned(),
        });
    };
    let epoch = Epoch::claim(&means.out, claimant, waiting).await?;
    let result = run_while_held(&epoch, request, means, dataset, &narrator).await;
    epoch.release().await;
    result
}

/// As [`run`], for a coordinator, which holds the output itself.
pub async fn run_held(
    epoch: &Epoch,
    request: &Request,
    means: &Means,
) -> Result<Summary, RunError> {
    let narrator = Narrator::new(Arc::clone(&means.observer));
    let dataset = discover_data(means, &narrator).await?;
    run_while_held(epoch, request, means, dataset, &narrator).await
}

async fn discover_data(means: &Means, narrator: &Narrator) -> Result<Dataset, RunError> {
    let _stage = narrator.stage(Stage::Discover, None);
    faults::reached("before-discover", "").await;
    Ok(discover(&means.data).await?)
}

/// Runs a job until it ends, the output is lost, or a person stops it.
async fn run_while_held(
    epoch: &Epoch,
    request: &Request,
    means: &Means,
    dataset: Dataset,
    narrator: &Narrator,
) -> Result<Summary, RunError> {
    tokio::select! {
        result = run_under(epoch, request, means, dataset, narrator) => result,
        lost = epoch.lost() => Err(lost.into()),
        () = stopped(means, Stop::Interrupt) => Err(RunError::Interrupted),
    }
}

/// Returns when a person wants the run to stop in this way; else never.
pub(crate) async fn stopped(means: &Means, how: Stop) {
    let mut stop = means.stop.clone();
    if stop.wait_for(|stop| *stop == how).await.is_err() {
        std::future::pending::<()>().await; // nobody is left to stop it
    }
}

/// Runs a job while the output is held.
async fn run_under(
    epoch: &Epoch,
    request: &Request,
    means: &Means,
    dataset: Dataset,
    narrator: &Narrator,
) -> Result<Summary, RunError> {
    means.out.sweep_root();
    means.out.sweep(paths::MODELS);
    // Another may have completed this very job while this one waited for it.
    if let Some(done) = find_completed(request, means, &dataset).await? {
        publish::move_pointers(&means.out, epoch, &done).await?;
        return Ok(unchanged(done, narrator));
    }
    let planned = {
        let _stage = narrator.stage(Stage::Plan, None);
        tokio::select! {
            planned = plan_or_resume(epoch, request, means, dataset, narrator) => planned?,
            () = stopped(means, Stop::Cancel) => return Err(RunError::Cancelled),
        }
    };
    let (plan, resumed) = planned;
    faults::reached("after-plan", "").await;
    let result = tokio::select! {
        result = run_planned(epoch, request, means, &plan, resumed, narrator) => result,
        () = stopped(means, Stop::Cancel) => cancel(epoch, means, &plan, narrator).await,
    };
    if !matches!(result, Err(RunError::Epoch(_))) {
        // The run is another's, who may have completed it, where the output was taken over.
        let log = paths::log(&plan.run);
        narrator.write_log(&means.out, &log).await?;
    }
    result
}

/// Ends a run for good, unless it came to its end meanwhile.
async fn cancel(
    epoch: &Epoch,
    means: &Means,
    plan: &Plan,
    narrator: &Narrator,
) -> Result<Summary, RunError> {
    let summary = cancelled_summary(plan, &means.out);
    let cancelled = finish(epoch, means, summary, narrator).await;
    let Err(RunError::Epoch(EpochError::Store(StoreError::Different { .. }))) = &cancelled else {
        return cancelled;
    };
    let past = history::get(&means.out, &plan.run).await?;
    match past.outcome {
        Some(outcome) if outcome.summary.status == Status::Completed => {
            publish::move_pointers(&means.out, epoch, &outcome).await?;
            Ok(outcome.summary)
        }
        _ => cancelled,
    }
}

/// What this start of a run has to do, and what was done before.
struct Resumed {
    /// Records of tickers whose shards are committed, or that are carried over.
    records: Vec<TickerRecord>,
    /// Shards yet to be computed.
    shards: Vec<ShardId>,
    /// Tickers that an earlier start had computed.
    done_before: usize,
}

async fn run_planned(
    epoch: &Epoch,
    request: &Request,
    means: &Means,
    plan: &Plan,
    resumed: Resumed,
    narrator: &Narrator,
) -> Result<Summary, RunError> {
    let Resumed {
        records: earlier,
        shards,
        done_before,
    } = resumed;
    let mut summary = blank_summary(plan, &means.out);
    summary.carried_over = plan.carried.len() as u64;
    summary.resumed = done_before as u64;

    let (computed, sent) = match features(epoch, means, plan, &shards, narrator).await {
        Err(RunError::Dispatch(error)) if error.ends_the_run() => {
            summary.reason = Some(error.to_string());
            return finish(epoch, means, summary, narrator).await;
        }
        result => result?,
    };
    summary.recomputed = computed.len() as u64;
    summary.bytes_read = computed
        .iter()
        .map(|record| record.input.fingerprint.size)
        .sum();

    let unsent = symbols_with_files(&earlier);
    let records = by_symbol(earlier, computed);
    let accounts = Accounts::of(
        &plan.dataset,
        &records,
        plan.job.recipe.schema.longest_window(),
    );
    write_accounts(&means.out, plan, &accounts).await?;
    add_accounts(&mut summary, &accounts);
    for warning in &summary.warnings {
        narrator.warn(warning.as_str());
    }
    if let Some(reason) = accounts.beyond(&request.limits) {
        summary.status = Status::FailedQuality;
        let where_to_look = means.out.locate(&paths::quarantine(&plan.run));
        summary.reason = Some(format!(
            "{reason}: look into {where_to_look}, or raise the limit"
        ));
        return finish(epoch, means, summary, narrator).await;
    }

    faults::reached("after-features", "").await;
    let written = symbols_with_files(&records);
    match audit_features(means, plan, &records, narrator).await? {
        Err(leak) => withhold_models(&plan.job, &leak, &mut summary, narrator),
        Ok(unseen) => {
            warn_of_unseen(&unseen, &mut summary, narrator);
            let rows = all_rows(means, plan, sent, &unsent, &written, narrator).await?;
            drop((records, accounts)); // training takes the most memory, and they are no longer needed
            train_models(means, plan, rows, &mut summary, narrator).await?;
        }
    }
    summary.status = Status::Completed;
    finish(epoch, means, summary, narrator).await
}

/// The outcome of this very job, where it is completed and nothing speaks against it.
async fn find_completed(
    request: &Request,
    means: &Means,
    dataset: &Dataset,
) -> Result<Option<Outcome>, RunError> {
    let (newest, _) = history::newest_of(&means.out, &request.job.key(dataset)).await?;
    let Some(PastRun {
        run,
        plan,
        outcome: Some(outcome),
    }) = newest
    else {
        return Ok(None);
    };
    if outcome.summary.status != Status::Completed || !is_for(&plan, request) {
        return Ok(None);
    }
    if request.verify && inputs_differ(means, dataset, &run).await? {
        return Ok(None);
    }
    Ok(Some(outcome))
}

/// Whether a run of the same job is what the request asks for: a wish for a new run has its own.
fn is_for(plan: &Plan, request: &Request) -> bool {
    request.force.is_none() || request.force == plan.forced_by
}

/// Whether some price file has other bytes than those that a commit of the run was made from.
async fn inputs_differ(means: &Means, dataset: &Dataset, run: &RunId) -> Result<bool, RunError> {
    let digests = planning::hash_inputs(&means.data, dataset).await?;
    let records = read_commits(&means.out, run).await?;
    let differs = |record: &TickerRecord| {
        digests.get(record.input.symbol.as_str()) != Some(&record.input_blake3)
    };
    Ok(records.iter().any(differs))
}

/// The unfinished run of this job, checked, or a new one, claimed.
async fn plan_or_resume(
    epoch: &Epoch,
    request: &Request,
    means: &Means,
    dataset: Dataset,
    narrator: &Narrator,
) -> Result<(Plan, Resumed), RunError> {
    let (newest, number) = history::newest_of(&means.out, &request.job.key(&dataset)).await?;
    let unfinished = match newest {
        Some(PastRun {
            run,
            plan,
            outcome: None,
        }) if is_for(&plan, request) => {
            let stale = !can_carry_over(&means.out, &plan).await?
                || request.verify && inputs_differ(means, &dataset, &run).await?;
            (!stale).then_some(plan)
        }
        _ => None,
    };
    let plan = if let Some(plan) = unfinished {
        means.out.sweep(&paths::run(&plan.run));
        plan
    } else {
        let plan = planning::plan(request, means, dataset, epoch.next_turn(), number).await?;
        let json = serde_json::to_vec(&plan).expect("our own types have a JSON form");
        means
            .out
            .create(&paths::plan(&plan.run), json.into())
            .await?;
        plan
    };
    let mut records = carry_over(&means.out, &plan).await?;
    let carried = records.len();
    let (committed, shards) = take_up(&means.out, &plan).await?;
    let done_before = committed.len();
    records.extend(committed);
    let to_compute = shards
        .iter()
        .map(|shard| plan.shards[shard.0 as usize].tickers.len())
        .sum();
    narrator.tell(&RunEvent::Planned {
        run: plan.run.clone(),
        to_compute,
        to_carry: carried,
        done_before,
        shards: shards.len(),
    });
    Ok((
        plan,
        Resumed {
            records,
            shards,
            done_before,
        },
    ))
}

/// Has shards computed; returns their records and the rows that workers sent.
async fn features(
    epoch: &Epoch,
    means: &Means,
    plan: &Plan,
    shards: &[ShardId],
    narrator: &Narrator,
) -> Result<(Vec<TickerRecord>, ModelRows), RunError> {
    let bytes = shards
        .iter()
        .map(|shard| plan.shards[shard.0 as usize].bytes())
        .sum();
    let _stage = narrator.stage(Stage::Features, Some((bytes, Unit::Bytes)));
    let request = plan.row_request();
    let mut rows = ModelRows::new(&request);
    let work = FeatureShards {
        plan,
        epoch: epoch.number(),
        request: &request,
        out: &means.out,
    };
    let dispatch = Dispatch::of(means, narrator);
    let records = work.compute(&dispatch, shards, &mut rows).await?;
    Ok((records, rows))
}

/// Ends a run: everything is synced, then the outcome is written, then, for a completed run, the pointers move.
async fn finish(
    epoch: &Epoch,
    means: &Means,
    mut summary: Summary,
    narrator: &Narrator,
) -> Result<Summary, RunError> {
    faults::reached("before-publish", "").await;
    let stage = narrator.stage(Stage::Publish, None);
    let out = means.out.clone();
    let synced = tokio::task::spawn_blocking(move || out.sync()).await;
    synced.expect("syncing does not panic")?;
    drop(stage);
    summary.seconds = seconds(&narrator.stages(), narrator.elapsed());
    let outcome = Outcome {
        ended: epoch.next_turn(),
        summary,
    };
    publish::write_outcome(&means.out, epoch, &outcome).await?;
    faults::reached("after-outcome", "").await;
    if outcome.summary.status == Status::Completed {
        publish::move_pointers(&means.out, epoch, &outcome).await?;
    }
    faults::reached("after-publish", "").await;
    Ok(outcome.summary)
}

async fn write_accounts(out: &Store, plan: &Plan, accounts: &Accounts) -> Result<(), StoreError> {
    out.create(&paths::quarantine(&plan.run), accounts.quarantine_parquet())
        .await?;
    out.create(&paths::quality(&plan.run), accounts.quality_json())
        .await?;
    out.create(&paths::manifest(&plan.run), accounts.manifest_json())
        .await?;
    Ok(())
}

/// The symbols of records that have a feature file.
fn symbols_with_files(records: &[TickerRecord]) -> Vec<Symbol> {
    let written = records
        .iter()
        .filter(|record| matches!(record.result, TickerResult::Written { .. }));
    written.map(|record| record.input.symbol.clone()).collect()
}

/// All records by rising symbol, each once.
fn by_symbol(earlier: Vec<TickerRecord>, computed: Vec<TickerRecord>) -> Vec<TickerRecord> {
    let mut records: Vec<TickerRecord> = earlier.into_iter().chain(computed).collect();
    records.sort_by(|left, right| left.input.symbol.cmp(&right.input.symbol));
    let symbols: BTreeSet<&Symbol> = records.iter().map(|record| &record.input.symbol).collect();
    assert_eq!(symbols.len(), records.len(), "every ticker has one record");
    records
}

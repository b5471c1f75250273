//! Gathering what a plan is decided from: earlier runs, digests of inputs, the state of files.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt, stream};
use market::layout::{Dataset, DiscoverError, discover};
use market::store::{Store, StoreError};
use market::symbol::Symbol;
use proto::id::RunId;
use proto::record::TickerRecord;

use crate::history::{self, HistoryError, PastRun};
use crate::plan::{
    Decision, InputDigests, KnownTicker, Plan, Why, cut_shards, decide, is_same_file,
};
use crate::resume::check_files;
use crate::run::{Means, Request};
use output::outcome::Status;
use output::turn::Turn;

/// Price files hashed at a time.
const FILES_IN_HAND: usize = 8;

/// Slots that shards are cut for at least: workers may yet come.
const SLOTS_UNSEEN: usize = 2;

/// Why a run could not be planned.
#[derive(Debug, thiserror::Error)]
pub enum PlanningError {
    /// A file cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Earlier runs cannot be read.
    #[error(transparent)]
    History(#[from] HistoryError),
}

/// Why a run could not be looked ahead at.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// There is nothing to run on.
    #[error(transparent)]
    Discover(#[from] DiscoverError),
    /// What it would do could not be decided.
    #[error(transparent)]
    Planning(#[from] PlanningError),
}

impl From<StoreError> for PreviewError {
    fn from(error: StoreError) -> Self {
        Self::Planning(error.into())
    }
}

impl From<HistoryError> for PreviewError {
    fn from(error: HistoryError) -> Self {
        Self::Planning(error.into())
    }
}

/// Plans a new run: tickers that an earlier run has whole are carried over, the others are cut into shards.
pub(crate) async fn plan(
    request: &Request,
    means: &Means,
    dataset: Dataset,
    planned: Turn,
    number: u64,
) -> Result<Plan, PlanningError> {
    let mut decision =
        decide_from_history(request, &means.data, Some(&means.out), &dataset).await?;
    compute_what_is_damaged(&means.out, &mut decision).await?;
    let workers = means.workers.borrow().clone();
    let slots: usize = workers.iter().map(|link| link.slots()).sum();
    let tickers = decision
        .compute
        .into_iter()
        .map(|(ticker, _)| ticker)
        .collect();
    Ok(Plan {
        run: RunId {
            job: request.job.key(&dataset),
            number,
        },
        planned,
        data: means.data.locate(""),
        job: request.job.clone(),
        forced_by: request.force.clone(),
        limits: request.limits,
        dataset,
        carried: decision.carry,
        shards: cut_shards(tickers, slots.max(SLOTS_UNSEEN)),
    })
}

/// BLAKE3 of every price file, by symbol.
pub(crate) async fn hash_inputs(
    data: &Store,
    dataset: &Dataset,
) -> Result<InputDigests, PlanningError> {
    let digests = stream::iter(&dataset.tickers)
        .map(async |ticker| {
            let (bytes, _) = data.read_with_fingerprint(&ticker.path).await?;
            let hash =
                tokio::task::spawn_blocking(move || blake3::hash(&bytes).to_hex().to_string());
            let digest = hash.await.expect("hashing does not panic");
            Ok::<_, StoreError>((ticker.symbol.to_string(), digest))
        })
        .buffer_unordered(FILES_IN_HAND)
        .try_collect()
        .await?;
    Ok(digests)
}

async fn decide_from_history(
    request: &Request,
    data: &Store,
    out: Option<&Store>,
    dataset: &Dataset,
) -> Result<Decision, PlanningError> {
    if request.force.is_some() {
        let forced = dataset
            .tickers
            .iter()
            .map(|ticker| (ticker.clone(), Why::Forced))
            .collect();
        return Ok(Decision {
            compute: forced,
            carry: Vec::new(),
        });
    }
    let digests = if request.verify {
        Some(hash_inputs(data, dataset).await?)
    } else {
        None
    };
    let digests = digests.as_ref();
    let known: BTreeMap<String, KnownTicker> = match out {
        Some(out) => {
            let is_current =
                |ticker: &_, record: &TickerRecord| is_same_file(ticker, record, digests);
            history::known_tickers(out, &request.job.recipe_digest(), dataset, is_current).await?
        }
        None => BTreeMap::new(),
    };
    Ok(decide(dataset, &known, digests))
}

/// Moves tickers whose files in the earlier run are not as they were written from those carried over to those computed.
async fn compute_what_is_damaged(out: &Store, decision: &mut Decision) -> Result<(), StoreError> {
    let carried = std::mem::take(&mut decision.carry);
    let records: Vec<_> = carried
        .iter()
        .map(|carried| (&carried.from, &carried.record))
        .collect();
    let whole = check_files(out, &records).await?;
    for (carried, whole) in carried.into_iter().zip(whole) {
        if whole {
            decision.carry.push(carried);
        } else {
            decision
                .compute
                .push((carried.record.input, Why::FilesDamaged));
        }
    }
    decision
        .compute
        .sort_by(|left, right| left.0.symbol.cmp(&right.0.symbol));
    Ok(())
}

/// What a run would do, without doing it: which tickers it would compute and why, and which it would carry over.
#[derive(Debug)]
pub struct Preview {
    /// The data set as found.
    pub dataset: Dataset,
    /// The newest run of this job, if there is one.
    pub newest: Option<PastRun>,
    /// Whether nothing would be done.
    pub unchanged: bool,
    /// Tickers that would be computed, with the reason, by rising symbol.
    pub compute: Vec<(Symbol, u64, Why)>,
    /// Tickers whose shards are committed by the unfinished run that would go on.
    pub done_before: usize,
    /// Tickers that would be carried over.
    pub carry: usize,
    /// Shards that the computed tickers would be cut into.
    pub shards: usize,
}

/// Looks what a run would do. Writes nothing. Files of earlier runs are taken to be whole, which a run checks.
pub async fn preview(
    request: &Request,
    data: &Store,
    out: Option<&Store>,
    workers: usize,
) -> Result<Preview, PreviewError> {
    let dataset = discover(data).await?;
    let newest = match out {
        Some(out) => history::newest_of(out, &request.job.key(&dataset)).await?.0,
        None => None,
    };
    let decision = decide_from_history(request, data, out, &dataset).await?;
    let mut preview = Preview {
        unchanged: false,
        compute: Vec::new(),
        done_before: 0,
        carry: decision.carry.len(),
        shards: 0,
        newest,
        dataset,
    };
    match &preview.newest {
        Some(PastRun {
            outcome: Some(outcome),
            ..
        }) if request.force.is_none()
            && outcome.summary.status == Status::Completed
            && decision.compute.is_empty() =>
        {
            preview.unchanged = true;
        }
        Some(PastRun {
            run,
            plan,
            outcome: None,
        }) if request.force.is_none() => {
            let out = out.expect("a run was found in it");
            preview.carry = plan.carried.len();
            for (shard, tickers) in plan.shards() {
                if out
                    .fingerprint_of(&output::paths::commit(run, shard))
                    .await?
                    .is_some()
                {
                    preview.done_before += tickers.tickers.len();
                    continue;
                }
                preview.shards += 1;
                let tickers = tickers.tickers.iter();
                preview.compute.extend(
                    tickers.map(|ticker| {
                        (ticker.symbol.clone(), ticker.fingerprint.size, Why::Resumed)
                    }),
                );
            }
        }
        _ => {
            let tickers = decision
                .compute
                .iter()
                .map(|(ticker, _)| ticker.clone())
                .collect();
            preview.shards = if decision.compute.is_empty() {
                0
            } else {
                cut_shards(tickers, workers).len()
            };
            let compute = decision.compute.into_iter();
            preview.compute = compute
                .map(|(ticker, why)| (ticker.symbol, ticker.fingerprint.size, why))
                .collect();
        }
    }
    preview.compute.sort();
    Ok(preview)
}

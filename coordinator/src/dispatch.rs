//! Having shards computed: placement decides, links compute, each result is committed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::{AbortHandle, abortable};
use futures::stream::FuturesUnordered;
use market::rows::{ModelRows, RowRequest};
use market::store::{Store, StoreError};
use market::symbol::Symbol;
use proto::event::{RunEvent, Stage};
use proto::id::{ShardId, WorkerId};
use proto::link::{FailureKind, Roster, ShardError, ShardProgress, ShardResult, WorkerLink};
use proto::record::TickerRecord;
use proto::ticket::ShardTicket;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::narrator::Narrator;
use crate::placement::{Assignment, MAX_FAILURES, Placement, Verdict};
use crate::plan::Plan;
use output::commit::commit_shard;
use output::paths;

/// News of progress that may wait to be told; workers of this process wait beyond, others leave it out.
const PROGRESS_QUEUE: usize = 256;
/// How often stragglers are looked for, and whether anyone is there.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long a run waits for what may not come.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a worker, where there is none.
    pub no_workers: Duration,
    /// For an attempt that takes longer than others, before its shard is copied to an idle worker.
    pub straggler: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            no_workers: Duration::from_mins(1),
            straggler: Duration::from_secs(1),
        }
    }
}

/// Why the shards of a run were not all computed.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The run can never complete: another attempt would end alike.
    #[error("{0}")]
    Final(ShardError),
    /// A shard failed every time.
    #[error(
        "shard {shard} failed {MAX_FAILURES} times, the last time with: {source}{}",
        suspicion(suspects)
    )]
    GivenUp {
        /// The shard.
        shard: ShardId,
        /// The tickers that every worker that was lost with the shard had in hand.
        suspects: BTreeSet<Symbol>,
        /// Its last failure.
        source: ShardError,
    },
    /// There was nobody to compute.
    #[error(
        "no workers: none was there for {} s: start some with `tickermill worker`, then run again; what is done is kept",
        waited.as_secs_f64()
    )]
    NoWorkers {
        /// How long the run waited.
        waited: Duration,
    },
    /// The run can go on once a person has made room, or given leave.
    #[error("{0}")]
    Stopped(ShardError),
    /// A commit could not be written.
    #[error(transparent)]
    Commit(#[from] StoreError),
}

impl DispatchError {
    /// Whether the run can never complete.
    pub(crate) fn ends_the_run(&self) -> bool {
        match self {
            Self::Final(_) | Self::GivenUp { .. } | Self::NoWorkers { .. } => true,
            Self::Stopped(_) => false,
            Self::Commit(error) => matches!(error, StoreError::Different { .. }),
        }
    }
}

/// The tickers that may have cost workers their lives, appended to the error's text.
fn suspicion(suspects: &BTreeSet<Symbol>) -> String {
    if suspects.is_empty() {
        return String::new();
    }
    let suspects: Vec<&str> = suspects.iter().map(Symbol::as_str).collect();
    format!(
        "; each lost worker was computing {}: look into it, or take it out of the data",
        suspects.join(" and ")
    )
}

/// What is computed, and by whom.
pub(crate) struct Dispatch<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) epoch: u64,
    pub(crate) request: &'a RowRequest,
    pub(crate) out: &'a Store,
    pub(crate) workers: watch::Receiver<Roster>,
    pub(crate) patience: Patience,
    pub(crate) narrator: &'a Narrator,
}

/// How an attempt ended.
enum Attempted {
    /// The shard is committed, by this attempt or another one before.
    Committed(ShardResult),
    Failed(ShardError),
    CommitFailed(StoreError),
}

impl Dispatch<'_> {
    /// Computes and commits `shards`. Returns their records, in no order of meaning; their rows are added to `rows`.
    pub(crate) async fn compute(
        &self,
        shards: &[ShardId],
        rows: &mut ModelRows,
    ) -> Result<Vec<TickerRecord>, DispatchError> {
        let weighed = shards
            .iter()
            .map(|shard| (*shard, self.plan.shards[shard.0 as usize].bytes()));
        let started = Instant::now();
        let mut placement = Placement::new(weighed, self.patience.straggler);
        let mut workers = self.workers.clone();
        let mut links = self.meet_workers(&mut workers, &mut placement, Duration::ZERO);
        let mut progress = Progress::default();
        let mut suspects = BTreeMap::new();
        let (tell, mut told) = mpsc::channel(PROGRESS_QUEUE);
        let mut due: Vec<Assignment> = Vec::new();
        let mut running = FuturesUnordered::new();
        let mut handles: BTreeMap<(ShardId, u32), AbortHandle> = BTreeMap::new();
        let mut records = Vec::new();
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !placement.is_done() {
            // A worker that is lost is left out before the failure of its attempts is heard, which may have come first.
            if workers.has_changed().unwrap_or(false) {
                links = self.meet_workers(&mut workers, &mut placement, started.elapsed());
            }
            due.extend(std::iter::from_fn(|| placement.assign(started.elapsed())));
            for assignment in due.drain(..) {
                self.narrator.tell(&given(&assignment));
                let link = Arc::clone(&links[&assignment.worker]);
                // A shard that cost a worker its life is watched closely.
                let careful = suspects.contains_key(&assignment.shard);
                let attempt = self.attempt(link, self.ticket(&assignment, careful), tell.clone());
                let (attempt, handle) = abortable(attempt);
                handles.insert((assignment.shard, assignment.attempt), handle);
                running.push(async move { (assignment, attempt.await) });
            }
            tokio::select! {
                biased;
                Ok(()) = workers.changed() => {
                    links = self.meet_workers(&mut workers, &mut placement, started.elapsed());
                }
                Some(news) = told.recv() => progress.heard(self.narrator, news),
                Some((assignment, attempted)) = running.next() => {
                    let now = started.elapsed();
                    handles.remove(&(assignment.shard, assignment.attempt));
                    let Ok(attempted) = attempted else {
                        placement.failed(now, &assignment, false); // another one was committed
                        continue;
                    };
                    match attempted {
                        Attempted::Committed(result) => {
                            result.receipt.committed();
                            let (first, in_vain) = placement.committed(now, &assignment);
                            if !first {
                                continue;
                            }
                            self.narrator.tell(&committed(&assignment));
                            for attempt in in_vain {
                                handles[&(assignment.shard, attempt)].abort();
                            }
                            let input_bytes = self.plan.shards[assignment.shard.0 as usize].bytes();
                            progress.heard(self.narrator, ShardProgress { shard: assignment.shard, input_bytes });
                            records.extend(result.records);
                            rows.merge(result.rows);
                        }
                        Attempted::Failed(error) => {
                            self.weigh_failure(&mut placement, now, &assignment, error, &mut suspects)?;
                        }
                        Attempted::CommitFailed(error) => return Err(error.into()),
                    }
                }
                _ = looks.tick() => {
                    let now = started.elapsed();
                    due.extend(std::iter::from_fn(|| placement.assign_copy(now)));
                    let waited = self.patience.no_workers;
                    if placement.deserted(now).is_some_and(|deserted| deserted >= waited) {
                        return Err(DispatchError::NoWorkers { waited });
                    }
                }
            }
        }
        Ok(records)
    }

    /// Tells placement who is there, and returns their links.
    fn meet_workers(
        &self,
        workers: &mut watch::Receiver<Roster>,
        placement: &mut Placement,
        now: Duration,
    ) -> BTreeMap<WorkerId, Arc<dyn WorkerLink>> {
        let roster = Arc::clone(&workers.borrow_and_update());
        let was_deserted = placement.deserted(now).is_some();
        let accepting = roster.iter().map(|link| (link.id().clone(), link.slots()));
        let (joined, left) = placement.workers_are(now, accepting);
        for (worker, slots) in joined {
            self.narrator
                .tell(&RunEvent::WorkerJoined { worker, slots });
        }
        for worker in left {
            self.narrator.tell(&RunEvent::WorkerLeft { worker });
        }
        if roster.is_empty() && !was_deserted {
            let grace = self.patience.no_workers;
            self.narrator.tell(&RunEvent::NoWorkers { grace });
        }
        let link = |link: &Arc<dyn WorkerLink>| (link.id().clone(), Arc::clone(link));
        roster.iter().map(link).collect()
    }

    /// One attempt at a shard, to its commit. A commit that is there already is the same one.
    async fn attempt(
        &self,
        link: Arc<dyn WorkerLink>,
        ticket: ShardTicket,
        progress: mpsc::Sender<ShardProgress>,
    ) -> Attempted {
        let shard = ticket.shard;
        let result = match link.compute(ticket, progress).await {
            Ok(result) => result,
            Err(error) => return Attempted::Failed(error),
        };
        faults::reached("before-commit", shard).await;
        match commit_shard(self.out, &self.plan.run, shard, &result.records).await {
            Ok(()) => {
                faults::reached("after-commit", shard).await;
                Attempted::Committed(result)
            }
            Err(error) => Attempted::CommitFailed(error),
        }
    }

    fn ticket(&self, assignment: &Assignment, careful: bool) -> ShardTicket {
        ShardTicket {
            run: self.plan.run.clone(),
            epoch: self.epoch,
            shard: assignment.shard,
            attempt: assignment.attempt,
            data: self.plan.data.clone(),
            tickers: self.plan.shards[assignment.shard.0 as usize]
                .tickers
                .clone(),
            recipe: self.plan.job.recipe.clone(),
            features_folder: paths::features(&self.plan.run),
            raw_folder: paths::raw(&self.plan.run),
            rows: self.request.clone(),
            careful,
        }
    }

    /// Whether a failed attempt ends the run, stops it, or is made again.
    fn weigh_failure(
        &self,
        placement: &mut Placement,
        now: Duration,
        assignment: &Assignment,
        error: ShardError,
        suspects: &mut BTreeMap<ShardId, BTreeSet<Symbol>>,
    ) -> Result<(), DispatchError> {
        let kind = error.kind();
        match kind {
            FailureKind::InputChanged | FailureKind::Nondeterminism => {
                return Err(DispatchError::Final(error));
            }
            FailureKind::NeedsPerson => return Err(DispatchError::Stopped(error)),
            FailureKind::Retryable | FailureKind::HandedBack => {}
        }
        let shard = assignment.shard;
        if let ShardError::WorkerLost { symbols, .. } = &error {
            let symbols: BTreeSet<Symbol> = symbols.iter().cloned().collect();
            suspects
                .entry(shard)
                .and_modify(|suspects| suspects.retain(|symbol| symbols.contains(symbol)))
                .or_insert(symbols);
        }
        let (attempt, worker) = (assignment.attempt, assignment.worker.clone());
        let reason = error.to_string();
        let counts = kind == FailureKind::Retryable;
        self.narrator.tell(&if counts {
            RunEvent::AttemptFailed {
                shard,
                attempt,
                worker,
                reason,
            }
        } else {
            RunEvent::ShardHandedBack {
                shard,
                attempt,
                worker,
                reason,
            }
        });
        match placement.failed(now, assignment, counts) {
            Verdict::TryAgain => Ok(()),
            Verdict::GiveUp => Err(DispatchError::GivenUp {
                shard,
                suspects: suspects.remove(&shard).unwrap_or_default(),
                source: error,
            }),
        }
    }
}

/// How far each shard is. Attempts count from their beginning, so what one repeats is not told again.
#[derive(Default)]
struct Progress {
    furthest: BTreeMap<ShardId, u64>,
}

impl Progress {
    fn heard(&mut self, narrator: &Narrator, news: ShardProgress) {
        let furthest = self.furthest.entry(news.shard).or_default();
        if news.input_bytes > *furthest {
            narrator.advance(Stage::Features, news.input_bytes - *furthest);
            *furthest = news.input_bytes;
        }
    }
}

fn given(assignment: &Assignment) -> RunEvent {
    RunEvent::ShardGiven {
        shard: assignment.shard,
        attempt: assignment.attempt,
        worker: assignment.worker.clone(),
        copy: assignment.copy,
    }
}

fn committed(assignment: &Assignment) -> RunEvent {
    RunEvent::ShardCommitted {
        shard: assignment.shard,
        attempt: assignment.attempt,
        worker: assignment.worker.clone(),
    }
}

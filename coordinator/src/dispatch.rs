//! Having shards computed: placement decides, links compute, each result is committed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::{AbortHandle, Abortable};
use futures::stream::FuturesUnordered;
use market::store::StoreError;
use market::symbol::Symbol;
use proto::event::{RunEvent, Stage};
use proto::id::{ShardId, WorkerId};
use proto::link::{FailureKind, Roster, ShardError, ShardProgress, WorkerLink};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::means::Means;
use crate::narrator::Narrator;
use crate::placement::{Assignment, MAX_FAILURES, Placement, Verdict};

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

/// What shards are of, and how one is computed.
pub(crate) trait Work {
    /// What is known of a shard when it is committed.
    type Done;

    /// The stage whose progress its shards make.
    const STAGE: Stage;

    /// How heavy a shard is beside the others: the heaviest is given out first.
    fn weight(&self, shard: ShardId) -> u64;

    /// The steps of the stage that a shard is.
    fn steps(&self, shard: ShardId) -> u64;

    /// One attempt at a shard, to its commit. A commit that is there already is the same one. `careful` where the shard cost
    /// a worker its life before.
    async fn attempt(
        &self,
        link: Arc<dyn WorkerLink>,
        assignment: &Assignment,
        careful: bool,
        progress: mpsc::Sender<ShardProgress>,
    ) -> Attempted<Self::Done>;
}

/// How an attempt ended.
pub(crate) enum Attempted<T> {
    /// The shard is committed, by this attempt or another one before.
    Committed(T),
    /// It came to nothing.
    Failed(ShardError),
    /// It was computed and could not be committed.
    CommitFailed(StoreError),
}

/// Who computes, and who is told.
pub(crate) struct Dispatch<'a> {
    pub(crate) workers: watch::Receiver<Roster>,
    pub(crate) patience: Patience,
    pub(crate) narrator: &'a Narrator,
}

impl<'a> Dispatch<'a> {
    /// By the workers of a run, or of a tuning.
    pub(crate) fn of(means: &Means, narrator: &'a Narrator) -> Self {
        Self {
            workers: means.workers.clone(),
            patience: means.patience,
            narrator,
        }
    }

    /// Computes and commits `shards`. What is known of each is handed to `take_in` once, in no order of meaning.
    pub(crate) async fn compute<W: Work>(
        &self,
        work: &W,
        shards: &[ShardId],
        mut take_in: impl FnMut(ShardId, W::Done),
    ) -> Result<(), DispatchError> {
        let weighed = shards.iter().map(|shard| (*shard, work.weight(*shard)));
        let started = Instant::now();
        let mut placement = Placement::new(weighed, self.patience.straggler);
        let mut workers = self.workers.clone();
        let mut links = self.meet_workers(&mut workers, &mut placement, Duration::ZERO);
        let mut progress = Progress::of(W::STAGE);
        let mut suspects = BTreeMap::new();
        let (tell, mut told) = mpsc::channel(PROGRESS_QUEUE);
        let mut due: Vec<Assignment> = Vec::new();
        let mut running = FuturesUnordered::new();
        let mut handles: BTreeMap<(ShardId, u32), AbortHandle> = BTreeMap::new();
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
                let tell = tell.clone();
                let (handle, registration) = AbortHandle::new_pair();
                handles.insert((assignment.shard, assignment.attempt), handle);
                running.push(async move {
                    let attempt = work.attempt(link, &assignment, careful, tell);
                    let attempted = Abortable::new(attempt, registration).await;
                    (assignment, attempted)
                });
            }
            tokio::select! {
                biased;
                Ok(()) = workers.changed() => {
                    links = self.meet_workers(&mut workers, &mut placement, started.elapsed());
                }
                Some(news) = told.recv() => progress.heard(self.narrator, news),
                Some((assignment, attempted)) = running.next() => {
                    let now = started.elapsed();
                    let shard = assignment.shard;
                    handles.remove(&(shard, assignment.attempt));
                    let Ok(attempted) = attempted else {
                        placement.failed(now, &assignment, false); // another one was committed
                        continue;
                    };
                    match attempted {
                        Attempted::Committed(done) => {
                            let (first, in_vain) = placement.committed(now, &assignment);
                            if !first {
                                continue;
                            }
                            self.narrator.tell(&committed(&assignment));
                            for attempt in in_vain {
                                handles[&(shard, attempt)].abort();
                            }
                            progress.heard(self.narrator, ShardProgress { shard, input_bytes: work.steps(shard) });
                            take_in(shard, done);
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
        Ok(())
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
struct Progress {
    stage: Stage,
    furthest: BTreeMap<ShardId, u64>,
}

impl Progress {
    fn of(stage: Stage) -> Self {
        Self {
            stage,
            furthest: BTreeMap::new(),
        }
    }

    fn heard(&mut self, narrator: &Narrator, news: ShardProgress) {
        let furthest = self.furthest.entry(news.shard).or_default();
        if news.input_bytes > *furthest {
            narrator.advance(self.stage, news.input_bytes - *furthest);
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

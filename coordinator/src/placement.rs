//! Placement: which worker computes which shard. Pure: the time and what happened in, decisions out.
//!
//! Every decision costs the logarithm of the shards and workers, but for copies of stragglers, which look at the attempts
//! that are running.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proto::id::{ShardId, WorkerId};

/// How often a shard fails before its run does.
pub(crate) const MAX_FAILURES: u32 = 4;
/// On how many workers a shard fails before it stays with those, where one is left: a shard that breaks workers should not
/// break them all.
const MAX_WORKERS: usize = 3;
/// How long a shard that failed waits for a worker that suits it better, before it goes to whoever is free.
const WAITS_FOR_BETTER: Duration = Duration::from_secs(10);
/// An attempt that takes longer than this many times what the others took for their bytes is a straggler.
const STRAGGLER_FACTOR: f64 = 1.5;
/// Durations that the usual rate is the median of: the newest.
const RATES_KEPT: usize = 101;

/// The shards of a run that are yet to be committed, and who computes them.
#[derive(Debug)]
pub(crate) struct Placement {
    shards: BTreeMap<ShardId, ShardState>,
    /// Shards that nobody computes, the largest first.
    waiting: BTreeSet<(Reverse<u64>, ShardId)>,
    workers: BTreeMap<WorkerId, WorkerState>,
    /// Workers with a free slot, those with the most first.
    free: BTreeSet<(Reverse<usize>, WorkerId)>,
    /// Attempts in progress, by shard and number.
    running: BTreeMap<(ShardId, u32), Running>,
    /// Nanoseconds for a byte of the newest committed attempts.
    rates: Vec<f64>,
    committed: usize,
    /// Since when there are neither workers nor attempts.
    deserted_since: Option<Duration>,
    copy_after: Duration,
}

#[derive(Debug)]
struct ShardState {
    bytes: u64,
    attempts: u32,
    failures: u32,
    failed_at: Duration,
    failed_on: BTreeSet<WorkerId>,
    running: BTreeSet<u32>,
}

#[derive(Debug, Clone, Copy)]
struct WorkerState {
    slots: usize,
    busy: usize,
    /// Whether it takes shards. One that does not is kept until its last attempt ends.
    accepts: bool,
}

#[derive(Debug)]
struct Running {
    worker: WorkerId,
    since: Duration,
}

/// A shard is given to a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) shard: ShardId,
    pub(crate) worker: WorkerId,
    pub(crate) attempt: u32,
    /// Whether another attempt, which takes long, goes on.
    pub(crate) copy: bool,
}

/// What a failed attempt means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The shard is given out again, or is being computed by another attempt.
    TryAgain,
    /// It failed too often.
    GiveUp,
}

impl Placement {
    /// Shards with their bytes. No attempt younger than `copy_after` is a straggler.
    pub(crate) fn new(
        shards: impl IntoIterator<Item = (ShardId, u64)>,
        copy_after: Duration,
    ) -> Self {
        let state = |bytes| ShardState {
            bytes,
            attempts: 0,
            failures: 0,
            failed_at: Duration::ZERO,
            failed_on: BTreeSet::new(),
            running: BTreeSet::new(),
        };
        let shards: BTreeMap<ShardId, ShardState> = shards
            .into_iter()
            .map(|(shard, bytes)| (shard, state(bytes)))
            .collect();
        Self {
            waiting: shards
                .iter()
                .map(|(shard, state)| (Reverse(state.bytes), *shard))
                .collect(),
            shards,
            workers: BTreeMap::new(),
            free: BTreeSet::new(),
            running: BTreeMap::new(),
            rates: Vec::new(),
            committed: 0,
            deserted_since: None,
            copy_after,
        }
    }

    /// Whether every shard is committed.
    pub(crate) fn is_done(&self) -> bool {
        self.shards.is_empty()
    }

    /// Says which workers take shards, with their slots. One that is left out takes no more; its attempts go on until they
    /// are told to have ended. Returns those that are new, and those that were there.
    pub(crate) fn workers_are(
        &mut self,
        now: Duration,
        workers: impl IntoIterator<Item = (WorkerId, usize)>,
    ) -> (Vec<(WorkerId, usize)>, Vec<WorkerId>) {
        let accepting: BTreeMap<WorkerId, usize> = workers.into_iter().collect();
        let gone = |(id, worker): (&WorkerId, &WorkerState)| {
            (worker.accepts && !accepting.contains_key(id)).then(|| id.clone())
        };
        let left: Vec<WorkerId> = self.workers.iter().filter_map(gone).collect();
        for id in &left {
            self.change_worker(id, |worker| worker.accepts = false);
        }
        let mut joined = Vec::new();
        for (id, slots) in accepting {
            if !self.workers.get(&id).is_some_and(|worker| worker.accepts) {
                joined.push((id.clone(), slots));
            }
            self.workers.entry(id.clone()).or_insert(WorkerState {
                slots,
                busy: 0,
                accepts: false,
            });
            self.change_worker(&id, |worker| (worker.slots, worker.accepts) = (slots, true));
        }
        self.notice_desertion(now);
        (joined, left)
    }

    /// The next assignment: the largest waiting shard, to the worker with the most free slots, preferably to one that it
    /// has not failed on, for which it waits a while. `None` where no slot is free or no shard waits for what is.
    pub(crate) fn assign(&mut self, now: Duration) -> Option<Assignment> {
        let (shard, worker) = self.choose(now)?;
        Some(self.give(now, shard, worker, false))
    }

    fn choose(&self, now: Duration) -> Option<(ShardId, WorkerId)> {
        let (_, freest) = self.free.first()?;
        for (_, shard) in &self.waiting {
            let state = &self.shards[shard];
            let spared = state.failed_on.len() >= MAX_WORKERS;
            let suits = |worker: &WorkerId| state.failed_on.contains(worker) == spared;
            if let Some((_, worker)) = self.free.iter().find(|(_, worker)| suits(worker)) {
                return Some((*shard, worker.clone()));
            }
            // One bad worker that is always free would else fail a shard to the end while the good ones are busy.
            let mut others = self.workers.iter();
            let waits = now.saturating_sub(state.failed_at) < WAITS_FOR_BETTER
                && others.any(|(worker, state)| state.accepts && suits(worker));
            if !waits {
                return Some((*shard, freest.clone()));
            }
        }
        None
    }

    /// A copy of a straggler's shard for an idle worker, once no shard waits for one: the attempt that is furthest behind first,
    /// one copy a shard.
    pub(crate) fn assign_copy(&mut self, now: Duration) -> Option<Assignment> {
        if self.free.is_empty() || self.choose(now).is_some() {
            return None;
        }
        let usual = self.usual_rate()?;
        let lateness = |(id, running): (&(ShardId, u32), &Running)| {
            let state = &self.shards[&id.0];
            let took = now.saturating_sub(running.since);
            let usual = usual * state.bytes.max(1) as f64;
            let late = took.as_nanos() as f64 / usual;
            let straggles =
                late > STRAGGLER_FACTOR && took >= self.copy_after && state.running.len() == 1;
            straggles.then(|| (late, id.0, running.worker.clone()))
        };
        let late = self.running.iter().filter_map(lateness);
        let mut late: Vec<_> = late.collect();
        late.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1)));
        for (_, shard, slow) in late {
            let elsewhere = |worker: &&(Reverse<usize>, WorkerId)| {
                worker.1 != slow && !self.shards[&shard].failed_on.contains(&worker.1)
            };
            if let Some((_, worker)) = self.free.iter().find(elsewhere) {
                let worker = worker.clone();
                return Some(self.give(now, shard, worker, true));
            }
        }
        None
    }

    /// The attempt's shard is committed. Returns whether it is the first time, and the attempts at it that go on in vain.
    pub(crate) fn committed(&mut self, now: Duration, assignment: &Assignment) -> (bool, Vec<u32>) {
        let since = self.end(now, assignment);
        let Some(state) = self.shards.remove(&assignment.shard) else {
            return (false, Vec::new());
        };
        self.waiting
            .remove(&(Reverse(state.bytes), assignment.shard));
        if let Some(since) = since {
            let took = now.saturating_sub(since).as_nanos() as f64;
            let rate = took / state.bytes.max(1) as f64;
            if self.rates.len() < RATES_KEPT {
                self.rates.push(rate);
            } else {
                self.rates[self.committed % RATES_KEPT] = rate;
            }
        }
        self.committed += 1;
        (true, state.running.into_iter().collect())
    }

    /// The attempt came to nothing; `counts` is false where the shard was not tried, or is committed by another.
    pub(crate) fn failed(
        &mut self,
        now: Duration,
        assignment: &Assignment,
        counts: bool,
    ) -> Verdict {
        self.end(now, assignment);
        let Some(state) = self.shards.get_mut(&assignment.shard) else {
            return Verdict::TryAgain; // another attempt was committed
        };
        if counts {
            state.failures += 1;
            state.failed_at = now;
            state.failed_on.insert(assignment.worker.clone());
        }
        if state.running.is_empty() {
            self.waiting
                .insert((Reverse(state.bytes), assignment.shard));
        }
        if state.failures >= MAX_FAILURES {
            Verdict::GiveUp
        } else {
            Verdict::TryAgain
        }
    }

    /// How long there have been neither workers nor attempts; `None` where there are.
    pub(crate) fn deserted(&self, now: Duration) -> Option<Duration> {
        self.deserted_since.map(|since| now.saturating_sub(since))
    }

    fn give(&mut self, now: Duration, shard: ShardId, worker: WorkerId, copy: bool) -> Assignment {
        let state = self.shards.get_mut(&shard).expect("the shard is not done");
        state.attempts += 1;
        let attempt = state.attempts;
        state.running.insert(attempt);
        self.waiting.remove(&(Reverse(state.bytes), shard));
        let running = Running {
            worker: worker.clone(),
            since: now,
        };
        self.running.insert((shard, attempt), running);
        self.change_worker(&worker, |worker| worker.busy += 1);
        Assignment {
            shard,
            worker,
            attempt,
            copy,
        }
    }

    /// The attempt is over. Returns when it began; `None` where it was over before.
    fn end(&mut self, now: Duration, assignment: &Assignment) -> Option<Duration> {
        let Assignment {
            shard,
            worker,
            attempt,
            ..
        } = assignment;
        let running = self.running.remove(&(*shard, *attempt))?;
        if let Some(state) = self.shards.get_mut(shard) {
            state.running.remove(attempt);
        }
        self.change_worker(worker, |worker| worker.busy -= 1);
        self.notice_desertion(now);
        Some(running.since)
    }

    /// Changes a worker and keeps its place among the free ones; forgets it when it neither takes shards nor has any.
    fn change_worker(&mut self, id: &WorkerId, change: impl FnOnce(&mut WorkerState)) {
        let Some(worker) = self.workers.get_mut(id) else {
            return;
        };
        self.free.remove(&(Reverse(worker.free()), id.clone()));
        change(worker);
        if worker.free() > 0 {
            self.free.insert((Reverse(worker.free()), id.clone()));
        }
        if !worker.accepts && worker.busy == 0 {
            self.workers.remove(id);
        }
    }

    fn notice_desertion(&mut self, now: Duration) {
        let deserted = self.workers.is_empty();
        self.deserted_since = deserted.then(|| self.deserted_since.unwrap_or(now));
    }

    /// The median of nanoseconds for a byte; `None` while nothing is committed.
    fn usual_rate(&self) -> Option<f64> {
        let mut rates = self.rates.clone();
        rates.sort_by(f64::total_cmp);
        rates.get(rates.len() / 2).copied()
    }
}

impl WorkerState {
    fn free(&self) -> usize {
        if self.accepts {
            self.slots.saturating_sub(self.busy)
        } else {
            0
        }
    }
}

#[cfg(test)]
#[path = "placement/tests.rs"]
mod tests;

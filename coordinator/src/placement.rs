//! Placement: which worker computes which shard. Pure: messages in, decisions out.

use std::collections::{BTreeMap, BTreeSet};

use proto::id::{ShardId, WorkerId};

/// How often a shard is tried before its run fails.
pub(crate) const MAX_ATTEMPTS: u32 = 4;

/// The shards of a run that are yet to be committed, and who computes them.
#[derive(Debug)]
pub(crate) struct Placement {
    shards: BTreeMap<ShardId, ShardState>,
    free_slots: BTreeMap<WorkerId, usize>,
}

#[derive(Debug)]
struct ShardState {
    bytes: u64,
    attempts: u32,
    running: bool,
    failed_on: BTreeSet<WorkerId>,
}

/// A shard is given to a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) shard: ShardId,
    pub(crate) worker: WorkerId,
    pub(crate) attempt: u32,
}

/// What a failed attempt means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    TryAgain,
    GiveUp,
}

impl Placement {
    /// Shards with their bytes, and workers with their slots.
    pub(crate) fn new(
        shards: impl IntoIterator<Item = (ShardId, u64)>,
        workers: impl IntoIterator<Item = (WorkerId, usize)>,
    ) -> Self {
        let state = |bytes| ShardState {
            bytes,
            attempts: 0,
            running: false,
            failed_on: BTreeSet::new(),
        };
        Self {
            shards: shards
                .into_iter()
                .map(|(shard, bytes)| (shard, state(bytes)))
                .collect(),
            free_slots: workers.into_iter().collect(),
        }
    }

    /// Whether every shard is committed.
    pub(crate) fn is_done(&self) -> bool {
        self.shards.is_empty()
    }

    /// The next assignment: the largest waiting shard, to the worker with the most free slots, preferably to one that it
    /// has not failed on. `None` where no slot is free or no shard waits.
    pub(crate) fn assign(&mut self) -> Option<Assignment> {
        let waiting = self.shards.iter().filter(|(_, state)| !state.running);
        let shard = *waiting
            .max_by_key(|(shard, state)| (state.bytes, std::cmp::Reverse(**shard)))?
            .0;
        let state = self.shards.get_mut(&shard)?;
        let free = self.free_slots.iter_mut().filter(|(_, slots)| **slots > 0);
        let (worker, slots) = free.max_by_key(|(worker, slots)| {
            (
                !state.failed_on.contains(*worker),
                **slots,
                std::cmp::Reverse((*worker).clone()),
            )
        })?;
        *slots -= 1;
        state.running = true;
        state.attempts += 1;
        Some(Assignment {
            shard,
            worker: worker.clone(),
            attempt: state.attempts,
        })
    }

    /// The shard is committed.
    pub(crate) fn committed(&mut self, assignment: &Assignment) {
        self.free(&assignment.worker);
        self.shards.remove(&assignment.shard);
    }

    /// The attempt failed in a way that another may not.
    pub(crate) fn failed(&mut self, assignment: &Assignment) -> Verdict {
        self.free(&assignment.worker);
        let Some(state) = self.shards.get_mut(&assignment.shard) else {
            return Verdict::TryAgain; // another attempt was committed
        };
        state.running = false;
        state.failed_on.insert(assignment.worker.clone());
        if state.attempts >= MAX_ATTEMPTS {
            Verdict::GiveUp
        } else {
            Verdict::TryAgain
        }
    }

    fn free(&mut self, worker: &WorkerId) {
        if let Some(slots) = self.free_slots.get_mut(worker) {
            *slots += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{MAX_ATTEMPTS, Placement, ShardId, Verdict, WorkerId};

    fn worker(index: usize) -> WorkerId {
        WorkerId(format!("w{index}"))
    }

    #[test]
    fn the_largest_goes_first_and_a_failed_shard_goes_elsewhere() {
        let shards = [(ShardId(0), 5), (ShardId(1), 9), (ShardId(2), 9)];
        let mut placement = Placement::new(shards, [(worker(0), 1), (worker(1), 1)]);
        let first = placement.assign().unwrap();
        assert_eq!(
            (first.shard, first.worker.clone(), first.attempt),
            (ShardId(1), worker(0), 1)
        );
        assert_eq!(placement.assign().unwrap().shard, ShardId(2));
        assert_eq!(placement.assign(), None);
        assert_eq!(placement.failed(&first), Verdict::TryAgain);
        let again = placement.assign().unwrap();
        assert_eq!((again.shard, again.attempt), (ShardId(1), 2));
    }

    proptest! {
        #[test]
        fn ends_committed_or_given_up_within_the_attempts_and_the_slots(
            bytes in prop::collection::vec(0_u64..100, 0..40),
            slots in prop::collection::vec(1_usize..4, 1..5),
            failures in prop::collection::vec(any::<bool>(), 0..200),
            picks in prop::collection::vec(any::<prop::sample::Index>(), 400),
        ) {
            let shards = bytes.iter().enumerate().map(|(index, bytes)| (ShardId(index as u32), *bytes));
            let workers = slots.iter().enumerate().map(|(index, slots)| (worker(index), *slots));
            let mut placement = Placement::new(shards, workers);
            let mut running = Vec::new();
            let mut attempts: BTreeMap<ShardId, u32> = BTreeMap::new();
            let mut failures = failures.into_iter();
            for pick in picks {
                while let Some(assignment) = placement.assign() {
                    let count = attempts.entry(assignment.shard).or_default();
                    *count += 1;
                    prop_assert_eq!(*count, assignment.attempt);
                    prop_assert!(*count <= MAX_ATTEMPTS);
                    running.push(assignment);
                }
                prop_assert!(running.len() <= slots.iter().sum());
                if running.is_empty() {
                    break;
                }
                let assignment = running.remove(pick.index(running.len()));
                if failures.next() != Some(true) {
                    placement.committed(&assignment);
                } else if placement.failed(&assignment) == Verdict::GiveUp {
                    prop_assert_eq!(assignment.attempt, MAX_ATTEMPTS);
                    return Ok(());
                }
            }
            prop_assert!(placement.is_done());
        }
    }
}

//! What a run has to do and is doing, counted from what it tells. Pure.

use std::collections::BTreeMap;

use proto::event::RunEvent;
use proto::id::ShardId;

/// The shards of the run that goes on: those that nobody computes, and those that somebody does.
#[derive(Debug, Default)]
pub(crate) struct ShardLoad {
    /// Neither committed nor in hand.
    pending: usize,
    /// Attempts in hand, of each shard that has some.
    running: BTreeMap<ShardId, u32>,
}

impl ShardLoad {
    /// Takes note of an event of the run.
    pub(crate) fn told(&mut self, event: &RunEvent) {
        match event {
            RunEvent::Planned { shards, .. } | RunEvent::Tuning { shards, .. } => {
                *self = Self {
                    pending: *shards,
                    running: BTreeMap::new(),
                };
            }
            RunEvent::ShardGiven { shard, .. } => {
                let attempts = self.running.entry(*shard).or_default();
                *attempts += 1;
                if *attempts == 1 {
                    self.pending = self.pending.saturating_sub(1);
                }
            }
            RunEvent::AttemptFailed { shard, .. } | RunEvent::ShardHandedBack { shard, .. } => {
                if let Some(attempts) = self.running.get_mut(shard) {
                    *attempts -= 1;
                    if *attempts == 0 {
                        self.running.remove(shard);
                        self.pending += 1;
                    }
                }
            }
            // Its other attempts are given up, which is not told.
            RunEvent::ShardCommitted { shard, .. } => {
                self.running.remove(shard);
            }
            _ => {}
        }
    }

    /// Shards that nobody computes yet.
    pub(crate) fn pending(&self) -> usize {
        self.pending
    }

    /// Shards that somebody computes.
    pub(crate) fn running(&self) -> usize {
        self.running.len()
    }
}

#[cfg(test)]
mod tests {
    use proto::event::RunEvent;
    use proto::id::{RunId, ShardId, WorkerId};

    use super::ShardLoad;

    fn planned(shards: usize) -> RunEvent {
        RunEvent::Planned {
            run: RunId::parse(&format!("{}-1", "0".repeat(16))).unwrap(),
            to_compute: 9,
            to_carry: 0,
            done_before: 0,
            shards,
        }
    }

    fn given(shard: u32, attempt: u32, copy: bool) -> RunEvent {
        RunEvent::ShardGiven {
            shard: ShardId(shard),
            attempt,
            worker: WorkerId("w/1".to_owned()),
            copy,
        }
    }

    fn failed(shard: u32, attempt: u32) -> RunEvent {
        RunEvent::AttemptFailed {
            shard: ShardId(shard),
            attempt,
            worker: WorkerId("w/1".to_owned()),
            reason: String::new(),
        }
    }

    fn committed(shard: u32, attempt: u32) -> RunEvent {
        RunEvent::ShardCommitted {
            shard: ShardId(shard),
            attempt,
            worker: WorkerId("w/1".to_owned()),
        }
    }

    #[track_caller]
    fn expect(load: &mut ShardLoad, event: &RunEvent, pending: usize, running: usize) {
        load.told(event);
        assert_eq!((load.pending(), load.running()), (pending, running));
    }

    #[test]
    fn a_shard_is_pending_until_it_is_given_and_again_when_all_its_attempts_failed() {
        let mut load = ShardLoad::default();
        expect(&mut load, &planned(3), 3, 0);
        expect(&mut load, &given(0, 1, false), 2, 1);
        expect(&mut load, &given(1, 1, false), 1, 2);
        expect(&mut load, &given(1, 2, true), 1, 2);
        expect(&mut load, &failed(1, 1), 1, 2);
        expect(&mut load, &failed(1, 2), 2, 1);
        expect(&mut load, &given(1, 3, false), 1, 2);
        expect(&mut load, &given(1, 4, true), 1, 2);
        expect(&mut load, &committed(1, 3), 1, 1);
        expect(&mut load, &failed(1, 4), 1, 1);
        expect(&mut load, &committed(0, 1), 1, 0);
        expect(&mut load, &given(2, 1, false), 0, 1);
        expect(&mut load, &committed(2, 1), 0, 0);
        expect(&mut load, &planned(5), 5, 0);
    }
}

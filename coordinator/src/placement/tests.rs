use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::{Assignment, MAX_FAILURES, Placement, ShardId, Verdict, WorkerId};

const COPY_AFTER: Duration = Duration::from_secs(1);

fn worker(index: usize) -> WorkerId {
    WorkerId(format!("w{index}"))
}

fn second(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Shards of these bytes, and workers with these slots, at time 0.
fn placement(bytes: &[u64], slots: &[usize]) -> Placement {
    let shards = bytes
        .iter()
        .enumerate()
        .map(|(place, bytes)| (ShardId(place as u32), *bytes));
    let mut placement = Placement::new(shards, COPY_AFTER);
    placement.workers_are(Duration::ZERO, workers(slots));
    placement
}

fn workers(slots: &[usize]) -> Vec<(WorkerId, usize)> {
    slots
        .iter()
        .enumerate()
        .map(|(place, slots)| (worker(place), *slots))
        .collect()
}

#[test]
fn the_largest_goes_first_and_a_failed_shard_goes_elsewhere() {
    let mut placement = placement(&[5, 9, 9], &[1, 1]);
    let first = placement.assign(second(0)).unwrap();
    assert_eq!(
        (first.shard, first.worker.clone(), first.attempt),
        (ShardId(1), worker(0), 1)
    );
    let second_shard = placement.assign(second(0)).unwrap();
    assert_eq!(second_shard.shard, ShardId(2));
    assert_eq!(placement.assign(second(0)), None);
    assert_eq!(placement.failed(second(1), &first, true), Verdict::TryAgain);
    placement.committed(second(1), &second_shard);
    let again = placement.assign(second(1)).unwrap();
    assert_eq!(
        (again.shard, again.attempt, again.worker),
        (ShardId(1), 2, worker(1))
    );
}

#[test]
fn a_failed_shard_waits_a_while_for_a_worker_it_has_not_failed_on() {
    let mut placement = placement(&[9, 5, 1], &[1, 1]);
    let bad = placement.assign(second(0)).unwrap();
    let good = placement.assign(second(0)).unwrap();
    placement.failed(second(1), &bad, true);
    let other = placement.assign(second(1)).unwrap();
    assert_eq!(
        (other.shard, &other.worker),
        (ShardId(2), &bad.worker),
        "a smaller shard goes first"
    );
    placement.committed(second(2), &other);
    assert_eq!(placement.assign(second(2)), None);
    let mut patient = placement;
    let late = patient.assign(second(11)).unwrap();
    assert_eq!((late.shard, late.worker), (ShardId(0), bad.worker));
    assert_eq!(patient.committed(second(12), &good), (true, Vec::new()));
}

#[test]
fn a_worker_that_leaves_takes_no_more_and_one_that_joins_does() {
    let mut placement = placement(&[5, 5, 5], &[1]);
    let kept = placement.assign(second(0)).unwrap();
    let (joined, left) = placement.workers_are(second(1), [(worker(1), 1)]);
    assert_eq!((joined, left), (vec![(worker(1), 1)], vec![worker(0)]));
    assert_eq!(placement.assign(second(1)).unwrap().worker, worker(1));
    assert_eq!(placement.assign(second(1)), None);
    // What the one that left still had is done, and it is given nothing else.
    assert_eq!(placement.committed(second(2), &kept), (true, Vec::new()));
    assert_eq!(placement.assign(second(2)), None);
}

#[test]
fn is_deserted_once_the_last_worker_and_its_attempts_are_gone() {
    let mut placement = placement(&[5], &[1]);
    let running = placement.assign(second(0)).unwrap();
    placement.workers_are(second(1), []);
    assert_eq!(placement.deserted(second(9)), None);
    placement.failed(second(10), &running, true);
    assert_eq!(placement.deserted(second(12)), Some(second(2)));
    placement.workers_are(second(13), [(worker(1), 1)]);
    assert_eq!(placement.deserted(second(14)), None);
}

#[test]
fn hand_backs_do_not_count_and_failures_do() {
    let mut placement = placement(&[5], &[1]);
    for _ in 0..20 {
        let assignment = placement.assign(second(0)).unwrap();
        assert_eq!(
            placement.failed(second(0), &assignment, false),
            Verdict::TryAgain
        );
    }
    for failure in 1..=MAX_FAILURES {
        let assignment = placement.assign(second(0)).unwrap();
        let verdict = placement.failed(second(0), &assignment, true);
        assert_eq!(verdict == Verdict::GiveUp, failure == MAX_FAILURES);
    }
}

#[test]
fn a_shard_that_failed_on_three_workers_stays_with_them() {
    let mut placement = placement(&[5], &[1, 1, 1, 1, 1]);
    let mut used = BTreeSet::new();
    for _ in 0..MAX_FAILURES {
        let assignment = placement.assign(second(0)).unwrap();
        used.insert(assignment.worker.clone());
        placement.failed(second(0), &assignment, true);
    }
    assert_eq!(used.len(), 3);
}

/// Two workers, one shard done in a second, and one that its worker does not end.
fn with_straggler() -> (Placement, Assignment) {
    let mut placement = placement(&[1000, 1000], &[1, 1]);
    let slow = placement.assign(second(0)).unwrap();
    let quick = placement.assign(second(0)).unwrap();
    assert_eq!(placement.committed(second(1), &quick), (true, Vec::new()));
    (placement, slow)
}

#[test]
fn a_stragglers_shard_is_copied_once_to_another_worker_and_the_first_commit_counts() {
    let (mut placement, slow) = with_straggler();
    assert_eq!(
        placement.assign_copy(Duration::from_millis(1400)),
        None,
        "it may yet be done"
    );
    let copy = placement.assign_copy(second(2)).unwrap();
    assert_eq!((copy.shard, copy.attempt, copy.copy), (slow.shard, 2, true));
    assert_ne!(copy.worker, slow.worker);
    assert_eq!(placement.assign_copy(second(9)), None, "one copy is enough");
    assert_eq!(
        placement.committed(second(3), &copy),
        (true, vec![slow.attempt])
    );
    assert!(placement.is_done());
    assert_eq!(placement.committed(second(4), &slow), (false, Vec::new()));
}

#[test]
fn a_straggler_that_fails_leaves_its_copy_and_the_other_way_round() {
    for slow_fails in [true, false] {
        let (mut placement, slow) = with_straggler();
        let copy = placement.assign_copy(second(2)).unwrap();
        let (fails, stays) = if slow_fails {
            (slow, copy)
        } else {
            (copy, slow)
        };
        assert_eq!(placement.failed(second(3), &fails, true), Verdict::TryAgain);
        assert_eq!(
            placement.assign(second(3)),
            None,
            "the other attempt goes on"
        );
        assert_eq!(placement.committed(second(3), &stays), (true, Vec::new()));
    }
}

proptest! {
    #[test]
    fn ends_committed_or_given_up_within_the_failures_and_the_slots(
        bytes in prop::collection::vec(0_u64..100, 0..40),
        slots in prop::collection::vec(1_usize..4, 1..5),
        events in prop::collection::vec((0_u8..10, any::<prop::sample::Index>()), 600),
    ) {
        let mut placement = placement(&bytes, &slots);
        let mut running: Vec<Assignment> = Vec::new();
        let mut failures: BTreeMap<ShardId, u32> = BTreeMap::new();
        let mut committed = BTreeSet::new();
        for (step, (event, pick)) in events.into_iter().enumerate() {
            let now = second(step as u64);
            while let Some(assignment) = placement.assign(now).or_else(|| placement.assign_copy(now)) {
                let others = running.iter().filter(|other| other.shard == assignment.shard);
                prop_assert_eq!(others.count(), usize::from(assignment.copy));
                running.push(assignment);
            }
            for (place, slots) in slots.iter().enumerate() {
                let busy = running.iter().filter(|assignment| assignment.worker == worker(place)).count();
                prop_assert!(busy <= *slots);
            }
            if running.is_empty() {
                break;
            }
            let assignment = running.remove(pick.index(running.len()));
            match event {
                0 => {
                    let count = failures.entry(assignment.shard).or_default();
                    *count += 1;
                    let gives_up = placement.failed(now, &assignment, true) == Verdict::GiveUp;
                    prop_assert_eq!(gives_up, *count == MAX_FAILURES && !committed.contains(&assignment.shard));
                    if gives_up {
                        return Ok(());
                    }
                }
                1 => prop_assert_eq!(placement.failed(now, &assignment, false), Verdict::TryAgain),
                _ => {
                    let (first, in_vain) = placement.committed(now, &assignment);
                    prop_assert_eq!(first, committed.insert(assignment.shard));
                    for attempt in in_vain {
                        let place = running.iter().position(|other| other.shard == assignment.shard && other.attempt == attempt);
                        let revoked = running.remove(place.expect("it is running"));
                        placement.failed(now, &revoked, false);
                    }
                }
            }
        }
        prop_assert!(placement.is_done());
        prop_assert_eq!(committed.len(), bytes.len());
    }
}

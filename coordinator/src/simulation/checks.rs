//! What must be true of every run, whatever went wrong.

use std::collections::BTreeSet;

use proto::event::RunEvent;
use proto::id::ShardId;
use proto::link::FailureKind;
use proto::record::TickerRecord;

use super::coordinator::{End, PATIENCE};
use super::job;
use super::story::Incident;
use super::world::World;
use crate::dispatch::DispatchError;
use crate::placement::MAX_FAILURES;
use crate::plan::Shard;
use output::paths;

/// The shards that are committed now.
pub(super) async fn committed(world: &World) -> BTreeSet<ShardId> {
    let folder = paths::commits(&world.plan.run);
    let (objects, _) = world.out.list_folder(&folder).await.expect("it answers");
    let there: BTreeSet<String> = objects.into_iter().map(|object| object.path).collect();
    let is_there = |shard: &ShardId| there.contains(&paths::commit(&world.plan.run, *shard));
    let shards = world.plan.shards().map(|(shard, _)| shard);
    let committed: BTreeSet<ShardId> = shards.filter(is_there).collect();
    assert_eq!(committed.len(), there.len(), "a commit of no shard");
    committed
}

/// What one start of a run told: no shard is given out that was committed before, each is committed at most once, and by an
/// attempt that was given out and had not failed.
pub(super) fn check_events(before: &BTreeSet<ShardId>, events: &[RunEvent]) {
    let mut given = BTreeSet::new();
    let mut committed = BTreeSet::new();
    for event in events {
        match event {
            RunEvent::ShardGiven { shard, attempt, .. } => {
                assert!(
                    !before.contains(shard),
                    "shard {shard} was committed before"
                );
                assert!(!committed.contains(shard), "shard {shard} is committed");
                assert!(
                    given.insert((*shard, *attempt)),
                    "attempts have their own numbers"
                );
            }
            RunEvent::AttemptFailed { shard, attempt, .. }
            | RunEvent::ShardHandedBack { shard, attempt, .. } => {
                assert!(given.remove(&(*shard, *attempt)), "only what runs can fail");
            }
            RunEvent::ShardCommitted { shard, attempt, .. } => {
                assert!(
                    given.remove(&(*shard, *attempt)),
                    "a stale attempt at shard {shard} was committed"
                );
                assert!(committed.insert(*shard), "shard {shard} is committed twice");
            }
            _ => {}
        }
    }
}

/// A run that fails says why, and its faults are the reason.
pub(super) fn check_failure(world: &World, error: &DispatchError, events: &[RunEvent]) {
    assert!(!world.scenario.is_calm(), "nothing went wrong, and {error}");
    match error {
        DispatchError::NoWorkers { waited } => {
            world.story.count(Incident::FailedWithoutWorkers);
            assert_eq!(*waited, PATIENCE.no_workers);
            let mut present: i64 = 0;
            for event in events {
                match event {
                    RunEvent::WorkerJoined { .. } => present += 1,
                    RunEvent::WorkerLeft { .. } => present -= 1,
                    _ => {}
                }
            }
            assert_eq!(present, 0, "there are workers");
        }
        DispatchError::GivenUp { shard, .. } => {
            world.story.count(Incident::FailedTooOften);
            let failures = events.iter().filter(
                |event| matches!(event, RunEvent::AttemptFailed { shard: of, .. } if of == shard),
            );
            assert_eq!(failures.count() as u32, MAX_FAILURES, "{error}");
        }
        DispatchError::Final(error) => {
            assert_eq!(error.kind(), FailureKind::InputChanged);
            assert!(world.scenario.changed_input.is_some());
        }
        DispatchError::Stopped(_) | DispatchError::Commit(_) => unreachable!("they end no run"),
    }
}

/// What is left at the end: every commit is what a run without faults commits, and a completed run has them all, the
/// digest, and the rows to train on.
pub(super) async fn check_end(world: &World, end: End) {
    let committed = committed(world).await;
    for shard in &committed {
        let path = paths::commit(&world.plan.run, *shard);
        let found = world.out.read(&path).await.expect("it answers");
        let Shard { tickers } = &world.plan.shards[shard.0 as usize];
        let wanted: Vec<TickerRecord> = tickers.iter().map(job::record).collect();
        let wanted = serde_json::to_vec(&wanted).expect("records have a JSON form");
        assert!(
            found.is_some_and(|found| found == wanted),
            "the commit of shard {shard} has other bytes"
        );
    }
    let (records, rows) = match end {
        End::Completed { records, rows } => (records, rows),
        End::Failed => return,
        End::Superseded => unreachable!("the last coordinator is superseded by none"),
    };
    assert_eq!(
        committed.len(),
        world.plan.shards.len(),
        "a commit is missing"
    );
    let all: Vec<_> = world.plan.dataset.tickers.iter().map(job::record).collect();
    let wanted = job::rows_of(&all);
    assert_eq!(rows.panel, wanted.panel);
    assert_eq!(rows.sample.into_rows(), wanted.sample.into_rows());
    assert_eq!(records.len(), all.len(), "a record is there twice");
    assert_eq!(
        job::digest(&world.plan, records),
        job::digest(&world.plan, all)
    );
}

//! One seed, from the beginning of its world to the end of its run.

use std::rc::Rc;
use std::time::Duration;

use futures::future::pending;
use tokio::runtime::Builder;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::checks::check_end;
use super::coordinator::{End, live};
use super::host;
use super::scenario::{CoordinatorFault, Scenario};
use super::story::{Incident, Told};
use super::world::World;

/// The longest that a run may take, on its own clock.
const DEADLINE: Duration = Duration::from_mins(15);
/// Longer than that.
const FOR_GOOD: Duration = Duration::from_hours(1);

/// How a run ended, and what happened on the way.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) completed: bool,
    pub(super) told: Told,
}

/// Runs a seed. Panics where something is not as it must be; `watch` prints what happens until then.
pub(super) fn run(seed: u64, watch: bool) -> Ended {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("there is a thread");
    runtime.block_on(LocalSet::new().run_until(run_here(seed, watch)))
}

async fn run_here(seed: u64, watch: bool) -> Ended {
    let world = World::new(Scenario::of(seed), watch);
    let mut hosts = JoinSet::new();
    for host in 0..world.scenario.hosts.len() {
        hosts.spawn_local(host::run(Rc::clone(&world), host));
    }
    let end = tokio::select! {
        biased;
        end = timeout(DEADLINE, reign(&world)) => end.expect("a run does not hang"),
        () = suffer(&world) => unreachable!("it is pending in the end"),
        Some(host) = hosts.join_next() => panic!("a host broke: {host:?}"),
    };
    let completed = matches!(end, End::Completed { .. });
    check_end(&world, end).await;
    Ended {
        completed,
        told: world.story.so_far(),
    }
}

/// Lets partitions come and go.
async fn suffer(world: &World) {
    world.network.suffer(&world.scenario.partitions).await;
    pending::<()>().await;
}

/// One coordinator after another, to the end of the run.
async fn reign(world: &Rc<World>) -> End {
    let mut faults = world.scenario.coordinator.iter();
    let mut lives = JoinSet::new();
    for life in 1.. {
        let reigning = lives.spawn_local(live(Rc::clone(world), life));
        let fault = faults.next();
        let after = match fault {
            None => FOR_GOOD,
            Some(CoordinatorFault::Crash { after, .. } | CoordinatorFault::Takeover { after }) => {
                *after
            }
        };
        if let Some(end) = end_within(&mut lives, after).await {
            return end;
        }
        if let Some(CoordinatorFault::Crash { away, .. }) = fault {
            world.story.tell(format_args!("coordinator {life}: dies"));
            world.story.count(Incident::CoordinatorCrashed);
            world.close(life);
            reigning.abort();
            sleep(*away).await;
        } else {
            world.story.count(Incident::CoordinatorTakenOver);
        }
    }
    unreachable!("there is always a next")
}

/// The end of the run, where a coordinator brings it about within this time. Those that were superseded do not.
async fn end_within(lives: &mut JoinSet<End>, after: Duration) -> Option<End> {
    let due = Instant::now() + after;
    loop {
        match timeout_at(due, lives.join_next()).await {
            Err(_) => return None,
            Ok(None) => unreachable!("the newest is not superseded"),
            Ok(Some(Ok(End::Superseded))) => {}
            Ok(Some(Ok(end))) => return Some(end),
            Ok(Some(Err(error))) => {
                if error.is_panic() {
                    std::panic::resume_unwind(error.into_panic());
                }
            }
        }
    }
}

//! A machine with a worker: what happens to the worker, and who comes after it.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::chance::{Chance, HOSTS};
use super::scenario::HostFault;
use super::story::Incident;
use super::worker::{Ended, Worker};
use super::world::{Connection, ToCoordinator, World};
use crate::membership::SessionEnd;

/// The time until a worker that ended by itself is started again.
const STARTED_AGAIN: Duration = Duration::from_millis(700);

/// What a host does to its worker, and knows of it.
pub(super) struct Handle {
    pub(super) frozen_until: Cell<Instant>,
    pub(super) draining: watch::Sender<bool>,
    /// The newest connection.
    pub(super) connection: Cell<Option<Connection>>,
}

/// Runs one worker after another, for ever.
pub(super) async fn run(world: Rc<World>, host: usize) {
    let mut chance = Chance::new(world.scenario.seed, HOSTS + host as u64);
    let mut faults = Faults::new(&world.scenario.hosts[host].faults);
    loop {
        let handle = Rc::new(Handle {
            frozen_until: Cell::new(Instant::now()),
            draining: watch::Sender::new(false),
            connection: Cell::new(None),
        });
        let mut worker = Worker::start(&world, host, &mut chance, Rc::clone(&handle));
        let away = tokio::select! {
            biased;
            ended = worker.live() => {
                // Nothing is in hand, or the machine lives and resets what the process had open.
                let end = match ended {
                    Ended::Drained => SessionEnd::Left,
                    Ended::Poisoned => {
                        world.story.count(Incident::WorkerPoisoned);
                        SessionEnd::broken()
                    }
                };
                hang_up(&world, &handle, end);
                STARTED_AGAIN
            }
            (heard, away) = faults.crash(&world, host, &handle) => {
                if heard {
                    hang_up(&world, &handle, SessionEnd::broken());
                    world.story.count(Incident::WorkerCrashHeard);
                } else {
                    world.story.count(Incident::WorkerCrashUnheard);
                }
                away
            }
        };
        drop(worker);
        sleep(away).await;
    }
}

fn hang_up(world: &Rc<World>, handle: &Handle, end: SessionEnd) {
    if let Some(connection) = handle.connection.get() {
        world.send_to_coordinator(connection, ToCoordinator::HungUp(connection, end));
    }
}

/// The faults of a host that are yet to come.
struct Faults<'a> {
    left: std::slice::Iter<'a, (Duration, HostFault)>,
    next: Option<(Instant, HostFault)>,
}

impl<'a> Faults<'a> {
    fn new(faults: &'a [(Duration, HostFault)]) -> Self {
        let mut faults = Self {
            left: faults.iter(),
            next: None,
        };
        faults.advance();
        faults
    }

    fn advance(&mut self) {
        let next = self.left.next();
        self.next = next.map(|(after, fault)| (Instant::now() + *after, *fault));
    }

    /// Lets faults happen until one of them is a crash, and returns whether it is heard, and how long nobody comes.
    async fn crash(&mut self, world: &World, host: usize, handle: &Handle) -> (bool, Duration) {
        while let Some((due, fault)) = self.next {
            sleep_until(due).await;
            self.advance();
            world.story.tell(format_args!("host {host}: {fault:?}"));
            match fault {
                HostFault::Crash { heard, away } => return (heard, away),
                HostFault::Freeze(lasts) => {
                    world.story.count(Incident::WorkerFrozen);
                    handle.frozen_until.set(Instant::now() + lasts);
                }
                HostFault::Drain => {
                    world.story.count(Incident::WorkerDrained);
                    handle.draining.send_replace(true);
                }
            }
        }
        futures::future::pending().await
    }
}

//! A worker process: dials, serves a session, and dials again when it ends. A model of `worker/src/join.rs`.

use std::rc::Rc;
use std::time::Duration;

use proto::session::{Hello, ToWorker, Welcome};
use proto::version::{PROTOCOL_VERSION, build};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::chance::Chance;
use super::host::Handle;
use super::session::Session;
use super::story::Incident;
use super::world::{Connection, ToCoordinator, ToHost, World};

/// How long a coordinator may take to welcome a worker.
const WELCOME_DEADLINE: Duration = Duration::from_secs(1);
/// The wait before the coordinator is dialled again, the first time and at most.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_millis(1600);

/// Why a worker process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// It was told to stop, and has nothing in hand.
    Drained,
    /// It computed what kills a worker.
    Poisoned,
}

pub(super) struct Worker<'a> {
    world: Rc<World>,
    host: usize,
    chance: &'a mut Chance,
    handle: Rc<Handle>,
    inbox: mpsc::UnboundedReceiver<ToHost>,
}

impl<'a> Worker<'a> {
    pub(super) fn start(
        world: &Rc<World>,
        host: usize,
        chance: &'a mut Chance,
        handle: Rc<Handle>,
    ) -> Self {
        Self {
            world: Rc::clone(world),
            host,
            chance,
            handle,
            inbox: world.start_worker(host),
        }
    }

    /// Works until it ends by itself.
    pub(super) async fn live(&mut self) -> Ended {
        let mut wait = FIRST_WAIT;
        let mut was_member = false;
        while !*self.handle.draining.borrow() {
            if let Some((connection, welcome, early)) = self.dial().await {
                if was_member {
                    self.world.story.count(Incident::WorkerRedialled);
                }
                was_member = true;
                wait = FIRST_WAIT;
                let mut session =
                    Session::begin(&self.world, connection, &welcome, self.chance, &self.handle);
                session.hear_early(early);
                if let Some(ended) = session.serve(&mut self.inbox).await {
                    return ended;
                }
            }
            sleep(wait + self.chance.millis(0, 100)).await;
            thaw(&self.handle).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        Ended::Drained
    }

    /// Dials the coordinator, says hello, and awaits the welcome. Returns it, with what has overtaken it.
    async fn dial(&mut self) -> Option<(Connection, Welcome, Vec<ToHost>)> {
        let connection = self.world.dial(self.host)?;
        self.handle.connection.set(Some(connection));
        let hello = Hello {
            protocol: PROTOCOL_VERSION,
            build: build(),
            name: format!("host-{}", self.host),
            slots: self.world.scenario.hosts[self.host].slots,
        };
        let message = ToCoordinator::Dialled(connection, hello);
        self.world.send_to_coordinator(connection, message);
        let deadline = Instant::now() + WELCOME_DEADLINE;
        let mut early = Vec::new();
        while let Ok(Some(message)) = timeout_at(deadline, self.inbox.recv()).await {
            thaw(&self.handle).await;
            match message {
                ToHost::Said(of, ToWorker::Welcome(welcome)) if of == connection => {
                    return Some((connection, welcome, early));
                }
                ToHost::HungUp(of) if of == connection => return None,
                message => early.push(message),
            }
        }
        None
    }
}

/// Returns when the process is not frozen.
pub(super) async fn thaw(handle: &Handle) {
    while handle.frozen_until.get() > Instant::now() {
        sleep_until(handle.frozen_until.get()).await;
    }
}

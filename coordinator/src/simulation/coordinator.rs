//! A coordinator in a simulated world: the real membership, epoch, placement and dispatch in a shell of the simulation's.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::pending;
use market::rows::ModelRows;
use proto::event::RunEvent;
use proto::id::Incarnation;
use proto::link::Roster;
use proto::record::TickerRecord;
use proto::session::{Hello, ToWorker};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, interval, sleep};

use super::checks;
use super::job;
use super::story::{Incident, Watcher};
use super::world::{Answer, Connection, Delivery, ToCoordinator, ToHost, World};
use crate::dispatch::{Dispatch, DispatchError, Patience};
use crate::epoch::{Claimant, Epoch, Holder};
use crate::feature_shards::FeatureShards;
use crate::members::MemberLimits;
use crate::membership::Membership;
use crate::metrics::Metrics;
use crate::narrator::Narrator;
use crate::resume::take_up;

pub(super) const LIMITS: MemberLimits = MemberLimits {
    heartbeat: Duration::from_millis(500),
    lease: Duration::from_millis(2500),
    max_workers: 64,
    max_slots: 2,
};
pub(super) const PATIENCE: Patience = Patience {
    no_workers: Duration::from_secs(20),
    straggler: Duration::from_secs(1),
};
/// What may wait to be said to a worker: few, so that full queues happen too.
const OUTBOUND_QUEUE: usize = 4;
/// How long a person takes to make room in the store.
const PERSON: Duration = Duration::from_secs(1);

/// How a coordinator's life ended.
pub(super) enum End {
    Completed {
        records: Vec<TickerRecord>,
        rows: ModelRows,
    },
    /// With a reason, which was checked.
    Failed,
    /// Another has taken its store over.
    Superseded,
}

/// A coordinator's life, up to the end of the run.
pub(super) async fn live(world: Rc<World>, life: u32) -> End {
    let claimant = Claimant {
        holder: Holder {
            name: "coordinator".to_owned(),
            nonce: life.to_string(),
        },
        lease: LIMITS.lease,
    };
    let epoch = Epoch::claim(&world.out, &claimant, |_| ()).await;
    let epoch = epoch.expect("the store in memory answers");
    world.story.tell(format_args!(
        "coordinator {life}: holds epoch {}",
        epoch.number()
    ));
    let metrics = Arc::new(Metrics::new());
    let workers = metrics.roster.subscribe();
    let limits = LIMITS;
    let mut office = Office {
        life,
        membership: Membership::new(epoch.number(), world.out.locate(""), limits, metrics),
        connections: BTreeMap::new(),
        world: Rc::clone(&world),
    };
    let inbox = world.listen(life);
    let run = async {
        let end = run(&world, life, &epoch, workers).await;
        // As with a real one: who was superseded writes no outcome.
        match epoch.confirm().await {
            Ok(()) => end,
            Err(_) => End::Superseded,
        }
    };
    let end = tokio::select! {
        biased;
        end = run => end,
        _ = epoch.lost() => End::Superseded,
        () = office.serve(inbox) => unreachable!("it serves until it is dropped"),
    };
    world.close(life);
    end
}

/// The run, taken up and brought to its end; where a person has to make room, again after a while.
async fn run(world: &Rc<World>, life: u32, epoch: &Epoch, workers: watch::Receiver<Roster>) -> End {
    let World { plan, out, .. } = &**world;
    let request = plan.row_request();
    loop {
        let before = checks::committed(world).await;
        let taken_up = take_up(out, plan).await;
        let (mut records, shards) = taken_up.expect("the store in memory answers");
        for _ in shards.len()..plan.shards.len() {
            world.story.count(Incident::ShardTakenUp);
        }
        let mut rows = job::rows_of(&records);
        let watcher = Arc::new(Watcher {
            life,
            story: Arc::clone(&world.story),
            seen: Mutex::default(),
        });
        let narrator = Narrator::new(Arc::clone(&watcher) as _);
        let work = FeatureShards {
            plan,
            epoch: epoch.number(),
            request: &request,
            out,
        };
        let dispatch = Dispatch {
            workers: workers.clone(),
            patience: PATIENCE,
            narrator: &narrator,
        };
        let computed = work.compute(&dispatch, &shards, &mut rows).await;
        let events: Vec<RunEvent> = watcher.seen.lock().expect("no one panics").clone();
        checks::check_events(&before, &events);
        match computed {
            Ok(computed) => {
                records.extend(computed);
                return End::Completed { records, rows };
            }
            Err(DispatchError::Commit(error)) => panic!("a commit could not be written: {error}"),
            Err(error) if error.ends_the_run() => {
                checks::check_failure(world, &error, &events);
                return End::Failed;
            }
            Err(error) => {
                world
                    .story
                    .tell(format_args!("coordinator {life}: stopped: {error}"));
                sleep(PERSON).await;
            }
        }
    }
}

/// Hears workers, and answers them.
struct Office {
    life: u32,
    membership: Membership,
    /// The session of each connection; `None` where it is over.
    connections: BTreeMap<Connection, Option<Incarnation>>,
    world: Rc<World>,
}

impl Office {
    async fn serve(&mut self, mut inbox: mpsc::UnboundedReceiver<ToCoordinator>) {
        let mut looks = interval(LIMITS.lease / 20);
        loop {
            tokio::select! {
                biased;
                message = inbox.recv() => match message {
                    Some(message) => self.take(message),
                    None => pending().await,
                },
                now = looks.tick() => self.membership.expire(now - self.world.began),
            }
        }
    }

    fn take(&mut self, message: ToCoordinator) {
        let now = Instant::now() - self.world.began;
        match message {
            ToCoordinator::Dialled(connection, hello) => self.welcome(now, connection, &hello),
            ToCoordinator::Said(connection, message) => {
                let Some(Some(incarnation)) = self.connections.get(&connection).copied() else {
                    return self.hang_up(connection);
                };
                if self.membership.hear(now, incarnation, message).is_err() {
                    self.world.story.count(Incident::StaleMessageRefused);
                    self.hang_up(connection);
                }
            }
            ToCoordinator::HungUp(connection, end) => {
                // One that comes before its hello is over before it begins.
                if let Some(Some(incarnation)) = self.connections.insert(connection, None) {
                    self.membership.leave(incarnation, &end);
                }
            }
            ToCoordinator::Delivered(connection, delivery) => {
                self.take_delivery(connection, *delivery);
            }
        }
    }

    fn welcome(&mut self, now: Duration, connection: Connection, hello: &Hello) {
        if self.connections.contains_key(&connection) {
            return; // it came twice
        }
        let (outbound, queue) = mpsc::channel(OUTBOUND_QUEUE);
        match self.membership.join(now, hello, outbound) {
            Ok(welcome) => {
                self.connections
                    .insert(connection, Some(welcome.incarnation));
                let welcome = ToHost::Said(connection, ToWorker::Welcome(welcome));
                self.world.send_to_host(connection.host, welcome);
                let world = Rc::clone(&self.world);
                tokio::task::spawn_local(pass_on(world, connection, queue));
            }
            Err(error) => panic!("a worker was refused: {error}"),
        }
    }

    fn hang_up(&mut self, connection: Connection) {
        self.connections.insert(connection, None);
        let message = ToHost::HungUp(connection);
        self.world.send_to_host(connection.host, message);
    }

    /// Takes a delivery in, as the service does, and answers when it is known what became of it.
    fn take_delivery(&mut self, connection: Connection, delivery: Delivery) {
        let Delivery {
            attempt,
            records,
            rows,
        } = delivery;
        let story = &self.world.story;
        let committed = match self.membership.find(&attempt) {
            Err(_) => {
                story.count(Incident::StaleDeliveryRefused);
                return self.answer(connection, attempt, Answer::Stale);
            }
            Ok(link) => link.deliver(&attempt, records, rows),
        };
        let Ok(committed) = committed else {
            story.count(Incident::UnwantedDeliveryRefused);
            return self.answer(connection, attempt, Answer::Unwanted);
        };
        let (world, life) = (Rc::clone(&self.world), self.life);
        tokio::task::spawn_local(async move {
            let answer = match committed.await {
                Ok(()) => Answer::Committed,
                Err(_) => Answer::Unwanted,
            };
            if world.listens(life) {
                world.send_to_host(connection.host, ToHost::Answered(attempt, answer));
            }
        });
    }

    fn answer(&self, connection: Connection, attempt: proto::session::AttemptId, answer: Answer) {
        let message = ToHost::Answered(attempt, answer);
        self.world.send_to_host(connection.host, message);
    }
}

/// Passes on what is said to a worker, while the coordinator lives.
async fn pass_on(world: Rc<World>, connection: Connection, mut queue: mpsc::Receiver<ToWorker>) {
    while let Some(message) = queue.recv().await {
        if world.listens(connection.life) {
            world.send_to_host(connection.host, ToHost::Said(connection, message));
        }
    }
}

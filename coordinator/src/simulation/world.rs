//! A simulated world: the store, the network, and who can be reached where.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use market::rows::ModelRows;
use market::store::Store;
use proto::record::TickerRecord;
use proto::session::{AttemptId, FromWorker, Hello, ToWorker};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::job;
use super::network::Network;
use super::scenario::{Scenario, Way};
use super::story::Story;
use crate::membership::SessionEnd;
use crate::plan::Plan;

/// Names one connection of a worker to a coordinator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Connection {
    pub(super) host: usize,
    /// Which coordinator it leads to, from 1.
    pub(super) life: u32,
    number: u64,
}

/// What comes to a coordinator.
#[derive(Clone)]
pub(super) enum ToCoordinator {
    Dialled(Connection, Hello),
    Said(Connection, FromWorker),
    HungUp(Connection, SessionEnd),
    /// Answered with [`ToHost::Answered`].
    Delivered(Connection, Box<Delivery>),
}

/// A shard that is delivered.
#[derive(Clone)]
pub(super) struct Delivery {
    pub(super) attempt: AttemptId,
    pub(super) records: Vec<TickerRecord>,
    pub(super) rows: ModelRows,
}

/// What comes to a host.
#[derive(Clone)]
pub(super) enum ToHost {
    Said(Connection, ToWorker),
    HungUp(Connection),
    Answered(AttemptId, Answer),
}

/// The answer to a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Committed,
    Unwanted,
    Stale,
}

pub(super) struct World {
    pub(super) scenario: Scenario,
    pub(super) plan: Plan,
    pub(super) out: Store,
    pub(super) story: Arc<Story>,
    pub(super) began: Instant,
    pub(super) network: Rc<Network>,
    /// The coordinators that live; workers dial the last.
    coordinators: RefCell<BTreeMap<u32, mpsc::UnboundedSender<ToCoordinator>>>,
    hosts: RefCell<BTreeMap<usize, mpsc::UnboundedSender<ToHost>>>,
    connections: Cell<u64>,
}

impl World {
    pub(super) fn new(scenario: Scenario, watch: bool) -> Rc<Self> {
        let story = Story::begin(watch);
        Rc::new(Self {
            plan: job::plan(&scenario),
            network: Network::new(&scenario, Arc::clone(&story)),
            out: Store::in_memory(scenario.store_takes),
            scenario,
            story,
            began: Instant::now(),
            coordinators: RefCell::default(),
            hosts: RefCell::default(),
            connections: Cell::new(0),
        })
    }

    /// A coordinator begins to listen.
    pub(super) fn listen(&self, life: u32) -> mpsc::UnboundedReceiver<ToCoordinator> {
        let (sender, inbox) = mpsc::unbounded_channel();
        self.coordinators.borrow_mut().insert(life, sender);
        inbox
    }

    /// A coordinator is no more.
    pub(super) fn close(&self, life: u32) {
        self.coordinators.borrow_mut().remove(&life);
    }

    /// Whether a coordinator listens.
    pub(super) fn listens(&self, life: u32) -> bool {
        self.coordinators.borrow().contains_key(&life)
    }

    /// A worker begins to listen on its host.
    pub(super) fn start_worker(&self, host: usize) -> mpsc::UnboundedReceiver<ToHost> {
        let (sender, inbox) = mpsc::unbounded_channel();
        self.hosts.borrow_mut().insert(host, sender);
        inbox
    }

    /// A connection to the newest coordinator; `None` where there is none.
    pub(super) fn dial(&self, host: usize) -> Option<Connection> {
        let life = *self.coordinators.borrow().last_key_value()?.0;
        self.connections.set(self.connections.get() + 1);
        Some(Connection {
            host,
            life,
            number: self.connections.get(),
        })
    }

    /// Sends a message to the coordinator of a connection. Where it is no more the connection is reset.
    pub(super) fn send_to_coordinator(
        self: &Rc<Self>,
        connection: Connection,
        message: ToCoordinator,
    ) {
        let world = Rc::clone(self);
        let arrive = move |message| world.arrive_at_coordinator(connection, message);
        self.network
            .carry(connection.host, Way::ToCoordinator, message, arrive);
    }

    fn arrive_at_coordinator(self: &Rc<Self>, connection: Connection, message: ToCoordinator) {
        let coordinators = self.coordinators.borrow();
        let there = match message {
            // A delivery has a connection of its own, which is made again where a coordinator listens.
            ToCoordinator::Delivered(..) => coordinators.values().next_back(),
            _ => coordinators.get(&connection.life),
        };
        // A coordinator that ends at this very moment takes nothing more.
        let taken = there.is_some_and(|coordinator| coordinator.send(message).is_ok());
        drop(coordinators);
        if !taken {
            self.send_to_host(connection.host, ToHost::HungUp(connection));
        }
    }

    /// Sends a message to the worker of a host, whichever it is then.
    pub(super) fn send_to_host(self: &Rc<Self>, host: usize, message: ToHost) {
        let world = Rc::clone(self);
        let arrive = move |message| {
            if let Some(worker) = world.hosts.borrow().get(&host) {
                // Nobody is there amid two workers.
                let _ = worker.send(message);
            }
        };
        self.network.carry(host, Way::ToHost, message, arrive);
    }
}

//! The network: loses, doubles, delays and so reorders messages, and lets none through where it is cut.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::chance::{Chance, NETWORK};
use super::scenario::{Partition, Quality, Scenario, Way};
use super::story::{Incident, Story};

/// The milliseconds that a message takes, and one that is late.
const USUAL: (u64, u64) = (1, 20);
const LATE: (u64, u64) = (50, 1500);

pub(super) struct Network {
    quality: Quality,
    chance: RefCell<Chance>,
    ways: RefCell<BTreeMap<(usize, Way), State>>,
    story: Arc<Story>,
}

/// Between one host and the coordinator, one way.
#[derive(Default)]
struct State {
    /// Partitions that cut it now.
    cuts: u32,
    sent: u64,
    /// The newest message that arrived.
    newest: u64,
}

impl Network {
    pub(super) fn new(scenario: &Scenario, story: Arc<Story>) -> Rc<Self> {
        Rc::new(Self {
            quality: scenario.network,
            chance: RefCell::new(Chance::new(scenario.seed, NETWORK)),
            ways: RefCell::default(),
            story,
        })
    }

    /// Carries a message, or does not. `arrive` is called with each copy that gets through, when it does.
    pub(super) fn carry<M: Clone + 'static>(
        self: &Rc<Self>,
        host: usize,
        way: Way,
        message: M,
        arrive: impl Fn(M) + 'static,
    ) {
        self.story.count_message();
        let number = {
            let mut ways = self.ways.borrow_mut();
            let state = ways.entry((host, way)).or_default();
            state.sent += 1;
            state.sent
        };
        let delays = self.delays();
        let network = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let mut waited = Duration::ZERO;
            for delay in delays {
                sleep(delay.saturating_sub(waited)).await;
                waited = delay;
                if network.lets_through(host, way, number) {
                    arrive(message.clone());
                }
            }
        });
    }

    /// How long each copy takes, in rising order.
    fn delays(&self) -> Vec<Duration> {
        let mut chance = self.chance.borrow_mut();
        if chance.happens(self.quality.lost) {
            self.story.count(Incident::MessageLost);
            return Vec::new();
        }
        let mut copies = 1;
        if chance.happens(self.quality.doubled) {
            self.story.count(Incident::MessageDoubled);
            copies = 2;
        }
        let mut delay = |_| {
            if chance.happens(self.quality.late) {
                self.story.count(Incident::MessageLate);
                chance.millis(LATE.0, LATE.1)
            } else {
                chance.millis(USUAL.0, USUAL.1)
            }
        };
        let mut delays: Vec<Duration> = (0..copies).map(&mut delay).collect();
        delays.sort_unstable();
        delays
    }

    fn lets_through(&self, host: usize, way: Way, number: u64) -> bool {
        let mut ways = self.ways.borrow_mut();
        let state = ways.entry((host, way)).or_default();
        if state.cuts > 0 {
            self.story.count(match way {
                Way::ToHost => Incident::MessageCutToHost,
                Way::ToCoordinator => Incident::MessageCutToCoordinator,
            });
            return false;
        }
        if number < state.newest {
            self.story.count(Incident::MessageOvertaken);
        }
        state.newest = state.newest.max(number);
        true
    }

    /// Lives through the partitions, all at once.
    pub(super) async fn suffer(&self, partitions: &[Partition]) {
        let suffer = |partition| self.suffer_one(partition);
        futures::future::join_all(partitions.iter().map(suffer)).await;
    }

    async fn suffer_one(&self, partition: &Partition) {
        sleep(partition.at).await;
        self.story.tell(format_args!(
            "hosts {:?} are cut off {:?}",
            partition.hosts, partition.ways
        ));
        self.cut(partition, |cuts| *cuts += 1);
        sleep(partition.lasts).await;
        self.story
            .tell(format_args!("hosts {:?} are there again", partition.hosts));
        self.cut(partition, |cuts| *cuts -= 1);
    }

    fn cut(&self, partition: &Partition, change: impl Fn(&mut u32)) {
        let mut ways = self.ways.borrow_mut();
        for host in &partition.hosts {
            for way in &partition.ways {
                change(&mut ways.entry((*host, *way)).or_default().cuts);
            }
        }
    }
}

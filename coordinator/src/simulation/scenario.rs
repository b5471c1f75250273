//! What a seed means: who is there, how bad the network is, and which faults happen when.

use std::time::Duration;

use proto::id::ShardId;

use super::chance::{Chance, SCENARIO};

/// One in so many seeds has no faults at all.
const CALM: u64 = 16;
/// Faults happen until then; a run takes about as long.
const FAULTS_UNTIL_MS: u64 = 12_000;
/// Longer than any run.
const FOR_GOOD: Duration = Duration::from_hours(1);

#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) seed: u64,
    pub(super) hosts: Vec<Host>,
    /// Bytes of the tickers of each shard.
    pub(super) shards: Vec<Vec<u64>>,
    /// How long the store takes for anything.
    pub(super) store_takes: Duration,
    pub(super) network: Quality,
    pub(super) partitions: Vec<Partition>,
    pub(super) coordinator: Vec<CoordinatorFault>,
    /// A shard that kills the worker that computes it.
    pub(super) poison: Option<ShardId>,
    /// A shard whose input is not what was planned.
    pub(super) changed_input: Option<ShardId>,
    /// The share of attempts that fail by bad luck.
    pub(super) bad_luck: f64,
    /// The store has no room for feature files from the first moment to the second.
    pub(super) no_room: Option<(Duration, Duration)>,
}

/// A machine with a worker.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) slots: u32,
    /// Milliseconds for a thousand bytes.
    pub(super) pace: u64,
    /// What happens to the worker, and how long after the one before.
    pub(super) faults: Vec<(Duration, HostFault)>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum HostFault {
    /// The worker dies; another comes after a while. Where it is `heard`, its connection is reset.
    Crash { heard: bool, away: Duration },
    /// The worker stands still for a while, as a stopped process does.
    Freeze(Duration),
    /// The worker is told to stop; another comes soon after it.
    Drain,
}

/// How bad the network is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quality {
    pub(super) lost: f64,
    pub(super) doubled: f64,
    pub(super) late: f64,
}

/// The way of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    ToHost,
    ToCoordinator,
}

/// For a while nothing comes through to or from some hosts.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) at: Duration,
    pub(super) lasts: Duration,
    pub(super) hosts: Vec<usize>,
    pub(super) ways: Vec<Way>,
}

/// What happens to the coordinator, and how long after its start.
#[derive(Debug, Clone, Copy)]
pub(super) enum CoordinatorFault {
    /// It dies; another comes after a while.
    Crash { after: Duration, away: Duration },
    /// Another takes its store over while it lives.
    Takeover { after: Duration },
}

impl Scenario {
    pub(super) fn of(seed: u64) -> Self {
        let chance = &mut Chance::new(seed, SCENARIO);
        let hosts = 1 + chance.below(6) as usize;
        let shards = 4 + chance.below(21);
        let tickers = |chance: &mut Chance| {
            let tickers = 1 + chance.below(4);
            (0..tickers).map(|_| 20 + chance.below(480)).collect()
        };
        let mut scenario = Self {
            seed,
            hosts: (0..hosts).map(|_| host(chance)).collect(),
            shards: (0..shards).map(|_| tickers(chance)).collect(),
            store_takes: Duration::from_millis([0, 1, 10, 80][chance.below(4) as usize]),
            network: Quality {
                lost: 0.0,
                doubled: 0.0,
                late: 0.0,
            },
            partitions: Vec::new(),
            coordinator: Vec::new(),
            poison: None,
            changed_input: None,
            bad_luck: 0.0,
            no_room: None,
        };
        if !seed.is_multiple_of(CALM) {
            scenario.add_faults(chance);
        }
        scenario
    }

    /// Whether nothing goes wrong.
    pub(super) fn is_calm(&self) -> bool {
        self.seed.is_multiple_of(CALM)
    }

    fn add_faults(&mut self, chance: &mut Chance) {
        let sometimes = |chance: &mut Chance, most: u64| chance.below(most + 1) as f64 / 100.0;
        if chance.happens(0.7) {
            self.network = Quality {
                lost: sometimes(chance, 10),
                doubled: sometimes(chance, 15),
                late: sometimes(chance, 15),
            };
        }
        // In a desert workers that die do not come back.
        let desert = chance.happens(0.06);
        for host in &mut self.hosts {
            let faults = if desert { 1 } else { chance.below(4) };
            host.faults = (0..faults).map(|_| host_fault(chance, desert)).collect();
        }
        let hosts = self.hosts.len();
        for _ in 0..chance.below(3) {
            self.partitions.push(partition(chance, hosts));
        }
        if chance.happens(0.4) {
            for _ in 0..=chance.below(2) {
                self.coordinator.push(coordinator_fault(chance));
            }
        }
        let shards = self.shards.len() as u64;
        let some_shard = |chance: &mut Chance, often: f64| {
            chance
                .happens(often)
                .then(|| ShardId(chance.below(shards) as u32))
        };
        self.poison = some_shard(chance, 0.05);
        self.changed_input = some_shard(chance, 0.03);
        if chance.happens(0.5) {
            self.bad_luck = sometimes(chance, 8);
        }
        if chance.happens(0.1) {
            let from = chance.millis(500, 6000);
            self.no_room = Some((from, from + chance.millis(500, 4000)));
        }
    }
}

fn host(chance: &mut Chance) -> Host {
    let slow = chance.happens(0.15);
    Host {
        slots: 1 + chance.below(2) as u32,
        pace: (300 + chance.below(900)) * if slow { 12 } else { 1 },
        faults: Vec::new(),
    }
}

fn host_fault(chance: &mut Chance, desert: bool) -> (Duration, HostFault) {
    let after = chance.millis(100, FAULTS_UNTIL_MS / 2);
    let away = chance.millis(100, 5000);
    let fault = match chance.below(4) {
        _ if desert => HostFault::Crash {
            heard: chance.happens(0.5),
            away: FOR_GOOD,
        },
        0 | 1 => HostFault::Crash {
            heard: chance.happens(0.5),
            away,
        },
        // From a hiccup to several leases.
        2 => HostFault::Freeze(chance.millis(100, 9000)),
        _ => HostFault::Drain,
    };
    (after, fault)
}

fn partition(chance: &mut Chance, hosts: usize) -> Partition {
    let ways = match chance.below(4) {
        0 => vec![Way::ToHost],
        1 => vec![Way::ToCoordinator],
        _ => vec![Way::ToHost, Way::ToCoordinator],
    };
    Partition {
        at: chance.millis(0, FAULTS_UNTIL_MS),
        // From a hiccup to several leases.
        lasts: chance.millis(100, 8000),
        hosts: (0..hosts).filter(|_| chance.happens(0.5)).collect(),
        ways,
    }
}

fn coordinator_fault(chance: &mut Chance) -> CoordinatorFault {
    let after = chance.millis(200, FAULTS_UNTIL_MS / 2);
    if chance.happens(0.7) {
        let away = chance.millis(50, 6000);
        CoordinatorFault::Crash { after, away }
    } else {
        CoordinatorFault::Takeover { after }
    }
}

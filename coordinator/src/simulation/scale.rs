//! Many workers and shards through the real membership, links, placement and dispatch, commits included, with a network that
//! takes no time and workers that only let time pass. Small sizes are checked; what larger ones cost is printed on demand.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use market::rows::{ModelRows, RowRequest};
use market::store::Store;
use proto::event::{Observer, RunEvent};
use proto::id::ShardId;
use proto::link::FailureKind;
use proto::session::{AttemptId, FromWorker, Hello, InHand, ToWorker};
use proto::ticket::ShardTicket;
use proto::version::{PROTOCOL_VERSION, build};
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::task::LocalSet;
use tokio::time::{Instant, interval, sleep};

use super::chance::Chance;
use super::job;
use super::scenario::Scenario;
use crate::dispatch::{Dispatch, Patience};
use crate::feature_shards::FeatureShards;
use crate::members::MemberLimits;
use crate::membership::{Membership, SessionEnd};
use crate::metrics::Metrics;
use crate::narrator::Narrator;
use crate::plan::Plan;

/// `WORKERS,SHARDS`: what to measure.
const MEASURE: &str = "TICKERMILL_SIM_SCALE";
const SLOTS: u32 = 2;
const HEARTBEAT: Duration = Duration::from_secs(2);
const LEASE: Duration = Duration::from_secs(10);
/// One attempt in so many fails.
const FAILS: u64 = 100;
/// After so many attempts a worker leaves, and comes again.
const LEAVES_AFTER: u64 = 500;

/// What was decided.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Decided {
    given: u64,
    copies: u64,
    failed: u64,
    joined: u64,
    committed: BTreeSet<ShardId>,
    committed_again: u64,
}

#[derive(Default)]
struct Counter(Mutex<Decided>);

impl Observer for Counter {
    fn observe(&self, event: &RunEvent) {
        let mut decided = self.0.lock().expect("no one panics while counting");
        match event {
            RunEvent::ShardGiven { copy, .. } => {
                decided.given += 1;
                decided.copies += u64::from(*copy);
            }
            RunEvent::ShardCommitted { shard, .. } => {
                let again = !decided.committed.insert(*shard);
                decided.committed_again += u64::from(again);
            }
            RunEvent::AttemptFailed { .. } | RunEvent::ShardHandedBack { .. } => {
                decided.failed += 1;
            }
            RunEvent::WorkerJoined { .. } => decided.joined += 1,
            _ => {}
        }
    }
}

/// Workers and their coordinator, who hear each other at once.
struct Cluster {
    membership: RefCell<Membership>,
    began: Instant,
    chance: RefCell<Chance>,
}

impl Cluster {
    /// A worker that joins, works, leaves, and comes again, for ever.
    async fn work(self: Rc<Self>, worker: usize) {
        let hello = Hello {
            protocol: PROTOCOL_VERSION,
            build: build(),
            name: format!("worker-{worker}"),
            slots: SLOTS,
        };
        loop {
            let (outbound, mut assigned) = mpsc::channel(256);
            let now = self.began.elapsed();
            let joined = self.membership.borrow_mut().join(now, &hello, outbound);
            let incarnation = joined.expect("there is room").incarnation;
            let hands: Rc<RefCell<BTreeSet<AttemptId>>> = Rc::default();
            let mut beats = interval(HEARTBEAT);
            let done = Rc::new(Cell::new(0));
            while done.get() < LEAVES_AFTER {
                let message = tokio::select! {
                    biased;
                    Some(message) = assigned.recv() => message,
                    _ = beats.tick() => {
                        let in_hand = hands.borrow().iter().map(in_hand).collect();
                        self.hear(incarnation, FromWorker::Heartbeat(in_hand));
                        continue;
                    }
                };
                match message {
                    ToWorker::Assign { attempt, ticket } => {
                        hands.borrow_mut().insert(attempt.clone());
                        let (hands, done) = (Rc::clone(&hands), Rc::clone(&done));
                        let compute = Rc::clone(&self).compute(attempt, *ticket, hands, done);
                        tokio::task::spawn_local(compute);
                    }
                    ToWorker::Revoke(attempt) => {
                        hands.borrow_mut().remove(&attempt);
                    }
                    ToWorker::TryOut { .. } => unreachable!("no tuning is simulated"),
                    ToWorker::Welcome(_) | ToWorker::Heard => {}
                }
            }
            let mut membership = self.membership.borrow_mut();
            membership.leave(incarnation, &SessionEnd::Left);
        }
    }

    async fn compute(
        self: Rc<Self>,
        attempt: AttemptId,
        ticket: ShardTicket,
        hands: Rc<RefCell<BTreeSet<AttemptId>>>,
        done: Rc<Cell<u64>>,
    ) {
        let (takes, fails) = {
            let mut chance = self.chance.borrow_mut();
            (chance.millis(500, 2000), chance.below(FAILS) == 0)
        };
        sleep(takes).await;
        done.set(done.get() + 1);
        if !hands.borrow_mut().remove(&attempt) {
            return; // it was revoked
        }
        if fails {
            let incarnation = attempt.incarnation;
            let failed = FromWorker::ShardFailed {
                attempt,
                kind: FailureKind::HandedBack,
                message: "simulated".to_owned(),
            };
            return self.hear(incarnation, failed);
        }
        // A worker that has left meanwhile is not heard.
        let link = self.membership.borrow_mut().find(&attempt);
        if let Ok(link) = link {
            let records = ticket.tickers.iter().map(job::record).collect();
            let _ = link.deliver(&attempt, records, ModelRows::new(&RowRequest::default()));
        }
    }

    fn hear(&self, incarnation: proto::id::Incarnation, message: FromWorker) {
        let now = self.began.elapsed();
        // As above.
        let _ = self.membership.borrow_mut().hear(now, incarnation, message);
    }

    async fn expire(self: Rc<Self>) {
        let mut looks = interval(LEASE / 20);
        loop {
            looks.tick().await;
            self.membership.borrow_mut().expire(self.began.elapsed());
        }
    }
}

fn in_hand(attempt: &AttemptId) -> InHand {
    InHand {
        attempt: attempt.clone(),
        input_bytes: 0,
        symbols: Vec::new(),
    }
}

fn plan(shards: usize) -> Plan {
    let mut scenario = Scenario::of(0);
    scenario.shards = (0..shards).map(|shard| vec![1000 + shard as u64]).collect();
    let mut plan = job::plan(&scenario);
    plan.job.model = None;
    plan
}

/// Has the shards of a plan computed by so many workers.
async fn dispatch(workers: usize, plan: &Plan) -> Decided {
    let limits = MemberLimits {
        heartbeat: HEARTBEAT,
        lease: LEASE,
        max_workers: workers,
        max_slots: SLOTS,
    };
    let metrics = Arc::new(Metrics::new());
    let roster = metrics.roster.subscribe();
    let out = Store::in_memory(Duration::ZERO);
    let cluster = Rc::new(Cluster {
        membership: RefCell::new(Membership::new(1, out.locate(""), limits, metrics)),
        began: Instant::now(),
        chance: RefCell::new(Chance::new(1, 0)),
    });
    tokio::task::spawn_local(Rc::clone(&cluster).expire());
    for worker in 0..workers {
        tokio::task::spawn_local(Rc::clone(&cluster).work(worker));
    }
    let counter = Arc::new(Counter::default());
    let shards: Vec<ShardId> = plan.shards().map(|(shard, _)| shard).collect();
    let request = RowRequest::default();
    let work = FeatureShards {
        plan,
        epoch: 1,
        request: &request,
        out: &out,
    };
    let dispatch = Dispatch {
        workers: roster,
        patience: Patience::default(),
        narrator: &Narrator::new(Arc::clone(&counter) as _),
    };
    let records = work
        .compute(&dispatch, &shards, &mut ModelRows::new(&request))
        .await;
    let records = records.expect("nothing stands in the way");
    assert_eq!(records.len(), shards.len());
    counter
        .0
        .lock()
        .expect("no one panics while counting")
        .clone()
}

fn decide(workers: usize, plan: &Plan) -> Decided {
    let mut runtime = Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build();
    let runtime = runtime.expect("there is a thread");
    runtime.block_on(LocalSet::new().run_until(dispatch(workers, plan)))
}

#[test]
fn thousands_of_shards_are_each_committed_once() {
    for (workers, shards) in [(10, 1000), (100, 2000)] {
        let decided = decide(workers, &plan(shards));
        assert_eq!(decided.committed.len(), shards);
        assert_eq!(decided.committed_again, 0);
        assert!(decided.failed > 0 && decided.joined >= workers as u64);
        let most = shards as u64 + decided.failed + decided.copies;
        assert!(
            (shards as u64..=most).contains(&decided.given),
            "{decided:?}"
        );
        assert_eq!(decided, decide(workers, &plan(shards)), "every time alike");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it measures")]
fn what_a_size_costs_is_printed_on_demand() {
    let Ok(size) = std::env::var(MEASURE) else {
        return;
    };
    let (workers, shards) = size.split_once(',').expect("WORKERS,SHARDS");
    let number = |text: &str| text.parse().expect("a whole number");
    let (workers, shards) = (number(workers), number(shards));
    let plan = plan(shards);
    let before = peak_memory();
    let began = std::time::Instant::now();
    let decided = decide(workers, &plan);
    let took = began.elapsed().as_secs_f64();
    let decisions = decided.given + decided.failed + decided.joined + shards as u64;
    println!(
        "{workers} workers, {shards} shards: {decisions} decisions in {took:.2} s, {:.0}/s, {:.0} ns each; peak memory {} MiB, {} MiB before",
        decisions as f64 / took,
        took / decisions as f64 * 1e9,
        peak_memory() >> 20,
        before >> 20,
    );
}

/// The most memory that this process had so far, in bytes; 0 where the system does not say.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse().ok());
    kibibytes.unwrap_or(0_u64) << 10
}

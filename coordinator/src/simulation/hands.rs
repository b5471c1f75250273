//! What a simulated worker has in hand: attempts that take their time, fail by chance, and are delivered until answered.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use proto::link::FailureKind;
use proto::session::{AttemptId, InHand};
use proto::ticket::ShardTicket;
use tokio::time::Instant;

use super::chance::Chance;
use super::job;
use super::story::Incident;
use super::world::{Connection, Delivery, World};

/// The wait before a delivery that was not answered is made again.
const DELIVER_AGAIN: Duration = Duration::from_millis(500);
/// How often it is looked whether files are written.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

pub(super) struct Hands<'a> {
    world: &'a Rc<World>,
    host: usize,
    chance: &'a mut Chance,
    attempts: BTreeMap<AttemptId, Attempt>,
}

struct Attempt {
    ticket: ShardTicket,
    began: Instant,
    takes: Duration,
    /// When something is to be done about it.
    due: Instant,
    stage: Stage,
}

enum Stage {
    Computing,
    /// Files are written beside what else the worker does; it turns true when they are there.
    Writing(Rc<Cell<bool>>),
    Delivering,
}

impl Attempt {
    /// How many of its tickers are computed; each takes as long as another.
    fn tickers_done(&self) -> usize {
        let tickers = self.ticket.tickers.len();
        let share = self.began.elapsed().as_secs_f64() / self.takes.as_secs_f64().max(0.001);
        ((tickers as f64 * share) as usize).min(tickers)
    }
}

/// What comes of an attempt whose time has come.
pub(super) enum Due {
    Nothing,
    Failed(AttemptId, FailureKind),
    Deliver(Box<Delivery>),
    /// The worker dies of it.
    Death,
}

impl<'a> Hands<'a> {
    pub(super) fn new(
        world: &'a Rc<World>,
        connection: Connection,
        chance: &'a mut Chance,
    ) -> Self {
        Self {
            world,
            host: connection.host,
            chance,
            attempts: BTreeMap::new(),
        }
    }

    /// Takes an assignment. One that is in hand already came twice.
    pub(super) fn take(&mut self, attempt: AttemptId, ticket: ShardTicket) {
        if self.attempts.contains_key(&attempt) {
            return;
        }
        let pace = self.world.scenario.hosts[self.host].pace;
        let usual = bytes(&ticket) * pace / 1000;
        let takes = self.chance.millis(usual / 2, usual + usual / 2);
        let now = Instant::now();
        let begun = Attempt {
            began: now,
            takes,
            due: now + takes,
            ticket,
            stage: Stage::Computing,
        };
        self.attempts.insert(attempt, begun);
    }

    /// Gives an attempt up, unless it is being delivered: then the coordinator's answer ends it.
    pub(super) fn give_up(&mut self, attempt: &AttemptId) {
        let taken = self.attempts.get(attempt);
        if taken.is_some_and(|taken| !matches!(taken.stage, Stage::Delivering)) {
            self.attempts.remove(attempt);
        }
    }

    /// Gives everything up, and returns what it was.
    pub(super) fn give_all_up(&mut self) -> Vec<AttemptId> {
        std::mem::take(&mut self.attempts).into_keys().collect()
    }

    /// Puts an attempt down that has ended. Returns whether it was in hand.
    pub(super) fn put_down(&mut self, attempt: &AttemptId) -> bool {
        self.attempts.remove(attempt).is_some()
    }

    pub(super) fn are_empty(&self) -> bool {
        self.attempts.is_empty()
    }

    /// What heartbeats name.
    pub(super) fn in_hand(&self) -> Vec<InHand> {
        let in_hand = |(id, attempt): (&AttemptId, &Attempt)| {
            let (done, computing) = attempt.ticket.tickers.split_at(attempt.tickers_done());
            InHand {
                attempt: id.clone(),
                input_bytes: done.iter().map(|ticker| ticker.fingerprint.size).sum(),
                symbols: computing
                    .iter()
                    .take(1)
                    .map(|it| it.symbol.clone())
                    .collect(),
            }
        };
        self.attempts.iter().map(in_hand).collect()
    }

    /// The worker stood still for so long, and so did its work.
    pub(super) fn postpone(&mut self, by: Duration) {
        for attempt in self.attempts.values_mut() {
            attempt.began += by;
            attempt.due += by;
        }
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        self.attempts.values().map(|attempt| attempt.due).min()
    }

    /// Goes on with the attempt whose time has come.
    pub(super) fn do_due(&mut self) -> Due {
        let now = Instant::now();
        let first = self.attempts.iter().min_by_key(|(_, attempt)| attempt.due);
        let Some((id, _)) = first.filter(|(_, attempt)| attempt.due <= now) else {
            return Due::Nothing;
        };
        let id = id.clone();
        if matches!(self.attempts[&id].stage, Stage::Computing)
            && let Some(trouble) = self.trouble(&id)
        {
            self.attempts.remove(&id);
            return trouble;
        }
        let attempt = self.attempts.get_mut(&id).expect("it is in hand");
        match &attempt.stage {
            Stage::Computing => {
                let written = Rc::new(Cell::new(false));
                let world = Rc::clone(self.world);
                let write = write_files(world, attempt.ticket.clone(), Rc::clone(&written));
                tokio::task::spawn_local(write);
                attempt.stage = Stage::Writing(written);
                attempt.due = now + LOOK_AGAIN;
                Due::Nothing
            }
            Stage::Writing(written) if !written.get() => {
                attempt.due = now + LOOK_AGAIN;
                Due::Nothing
            }
            Stage::Writing(_) | Stage::Delivering => {
                attempt.stage = Stage::Delivering;
                attempt.due = now + DELIVER_AGAIN;
                let records: Vec<_> = attempt.ticket.tickers.iter().map(job::record).collect();
                Due::Deliver(Box::new(Delivery {
                    attempt: id,
                    rows: job::rows_of(&records),
                    records,
                }))
            }
        }
    }

    /// What goes wrong with an attempt, if anything does.
    fn trouble(&mut self, id: &AttemptId) -> Option<Due> {
        let World {
            scenario,
            story,
            began,
            ..
        } = &**self.world;
        if scenario.poison == Some(id.shard) {
            return Some(Due::Death);
        }
        let (incident, kind) = if scenario.changed_input == Some(id.shard) {
            (Incident::InputChanged, FailureKind::InputChanged)
        } else if scenario
            .no_room
            .is_some_and(|(from, to)| (from..to).contains(&began.elapsed()))
        {
            (Incident::NoRoom, FailureKind::NeedsPerson)
        } else if self.chance.happens(scenario.bad_luck) {
            (Incident::AttemptUnlucky, FailureKind::Retryable)
        } else {
            return None;
        };
        story.count(incident);
        Some(Due::Failed(id.clone(), kind))
    }
}

/// Writes the feature files. Another attempt may have written them, with the same bytes; with others the attempt never ends.
async fn write_files(world: Rc<World>, ticket: ShardTicket, written: Rc<Cell<bool>>) {
    for ticker in &ticket.tickers {
        let path = format!("{}/{}.parquet", ticket.features_folder, ticker.symbol);
        let file = job::feature_file(&ticker.symbol);
        if world.out.create(&path, file).await.is_err() {
            return;
        }
    }
    written.set(true);
}

/// The bytes of a shard's price files.
fn bytes(ticket: &ShardTicket) -> u64 {
    let bytes = ticket.tickers.iter().map(|ticker| ticker.fingerprint.size);
    bytes.sum()
}

//! A worker's session. A model of `worker/src/session.rs`: what it hears and says, and when.

use std::rc::Rc;
use std::time::Duration;

use proto::link::FailureKind;
use proto::session::{AttemptId, FromWorker, InHand, ToWorker, Welcome};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::chance::Chance;
use super::hands::{Due, Hands};
use super::host::Handle;
use super::story::Incident;
use super::worker::{Ended, thaw};
use super::world::{Answer, Connection, ToCoordinator, ToHost, World};
use crate::membership::SessionEnd;

/// Heartbeats that tell news, at most, for each that only tells that the worker lives.
const NEWS_PER_HEARTBEAT: u32 = 8;
/// How long a worker that is told to stop goes on with what it has in hand.
const DRAIN: Duration = Duration::from_millis(800);

pub(super) struct Session<'a> {
    world: &'a Rc<World>,
    connection: Connection,
    heartbeat: Duration,
    /// Heartbeats in a row that are not answered before the coordinator is given up.
    patience: u128,
    handle: &'a Handle,
    hands: Hands<'a>,
    unanswered: u128,
    told: Vec<InHand>,
}

enum Event {
    Beat,
    Message(ToHost),
    Due,
    News,
    Drain,
    HandBack,
}

/// Why a session is over.
enum Over {
    /// The worker dials again.
    Lost,
    Ended(Ended),
}

impl<'a> Session<'a> {
    pub(super) fn begin(
        world: &'a Rc<World>,
        connection: Connection,
        welcome: &Welcome,
        chance: &'a mut Chance,
        handle: &'a Handle,
    ) -> Self {
        Self {
            world,
            connection,
            heartbeat: welcome.heartbeat,
            patience: welcome.lease.as_millis() / welcome.heartbeat.as_millis() + 1,
            handle,
            hands: Hands::new(world, connection, chance),
            unanswered: 0,
            told: Vec::new(),
        }
    }

    /// Hears what has overtaken the welcome, or is of a former session. None of it ends this one.
    pub(super) fn hear_early(&mut self, messages: Vec<ToHost>) {
        for message in messages {
            let _ = self.hear(message);
        }
    }

    /// Serves until the session is over. `None` where the worker dials again; what was in hand is given up.
    pub(super) async fn serve(
        &mut self,
        inbox: &mut mpsc::UnboundedReceiver<ToHost>,
    ) -> Option<Ended> {
        let mut beats = interval(self.heartbeat);
        let mut news = interval(self.heartbeat / NEWS_PER_HEARTBEAT);
        for ticks in [&mut beats, &mut news] {
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        let mut draining = self.handle.draining.subscribe();
        let mut hand_back_at: Option<Instant> = None;
        loop {
            if hand_back_at.is_some() && self.hands.are_empty() {
                return Some(Ended::Drained);
            }
            let due = self.hands.next_due();
            let event = tokio::select! {
                biased;
                _ = beats.tick() => Event::Beat,
                Some(message) = inbox.recv() => Event::Message(message),
                () = until(due) => Event::Due,
                _ = news.tick(), if self.unanswered <= 1 => Event::News,
                () = until(hand_back_at) => Event::HandBack,
                Ok(_) = draining.wait_for(|draining| *draining), if hand_back_at.is_none() => Event::Drain,
            };
            let stood_still = Instant::now();
            thaw(self.handle).await;
            self.hands.postpone(stood_still.elapsed());
            let over = match event {
                Event::Drain => {
                    hand_back_at = Some(Instant::now() + DRAIN);
                    self.say(FromWorker::Draining);
                    None
                }
                event => self.meet(event),
            };
            match over {
                None => {}
                Some(Over::Lost) => {
                    let message = ToCoordinator::HungUp(self.connection, SessionEnd::broken());
                    self.world.send_to_coordinator(self.connection, message);
                    return None;
                }
                Some(Over::Ended(ended)) => return Some(ended),
            }
        }
    }

    fn meet(&mut self, event: Event) -> Option<Over> {
        match event {
            Event::Beat => {
                self.unanswered += 1;
                if self.unanswered > self.patience {
                    return Some(Over::Lost);
                }
                self.tell_in_hand();
            }
            Event::News => {
                if self.hands.in_hand() != self.told {
                    self.tell_in_hand();
                }
            }
            Event::Message(message) => return self.hear(message),
            Event::Due => match self.hands.do_due() {
                Due::Nothing => {}
                Due::Failed(attempt, kind) => self.fail(attempt, kind),
                Due::Deliver(delivery) => {
                    let message = ToCoordinator::Delivered(self.connection, delivery);
                    self.world.send_to_coordinator(self.connection, message);
                }
                Due::Death => return Some(Over::Ended(Ended::Poisoned)),
            },
            Event::HandBack => {
                for attempt in self.hands.give_all_up() {
                    self.world.story.count(Incident::HandedBack);
                    self.fail(attempt, FailureKind::HandedBack);
                }
            }
            Event::Drain => unreachable!("it is met where it comes"),
        }
        None
    }

    fn hear(&mut self, message: ToHost) -> Option<Over> {
        match message {
            ToHost::Said(connection, _) if connection != self.connection => {
                // A coordinator that has not noticed that the session is over.
                let message = ToCoordinator::HungUp(connection, SessionEnd::broken());
                self.world.send_to_coordinator(connection, message);
            }
            ToHost::Said(_, ToWorker::Heard) => self.unanswered = 0,
            ToHost::Said(_, ToWorker::Assign { attempt, ticket }) => {
                self.hands.take(attempt, *ticket);
            }
            ToHost::Said(_, ToWorker::TryOut { .. }) => unreachable!("no tuning is simulated"),
            ToHost::Said(_, ToWorker::Revoke(attempt)) => self.hands.give_up(&attempt),
            ToHost::HungUp(connection) if connection == self.connection => return Some(Over::Lost),
            // It came twice, or is of a former session.
            ToHost::Said(_, ToWorker::Welcome(_)) | ToHost::HungUp(_) => {}
            ToHost::Answered(attempt, answer) => {
                let was_in_hand = self.hands.put_down(&attempt);
                if was_in_hand && answer == Answer::Stale {
                    self.fail(attempt, FailureKind::Retryable);
                }
            }
        }
        None
    }

    fn fail(&self, attempt: AttemptId, kind: FailureKind) {
        self.say(FromWorker::ShardFailed {
            attempt,
            kind,
            message: format!("simulated: {kind:?}"),
        });
    }

    fn tell_in_hand(&mut self) {
        self.told = self.hands.in_hand();
        self.say(FromWorker::Heartbeat(self.told.clone()));
    }

    fn say(&self, message: FromWorker) {
        let message = ToCoordinator::Said(self.connection, message);
        self.world.send_to_coordinator(self.connection, message);
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => futures::future::pending().await,
    }
}

//! What a submission tells those who follow it: its events, kept as far as there is room, and its end.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use proto::event::{Observer, RunEvent};
use proto::id::RunId;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use output::outcome::Summary;
use output::tuning::Tuning;

/// Events kept for those who come later; the oldest go first.
const EVENTS_KEPT: usize = 10_000;

/// How a submission ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The run ended; its summary says how.
    Ended(Box<Summary>),
    /// The tuning is completed.
    Tuned(Box<Tuning>),
    /// It stopped before its end, and goes on when it is submitted again.
    Stopped {
        /// Why.
        reason: String,
    },
    /// A person cancelled it before there was a run, or amid a tuning.
    Cancelled,
}

/// A submission's events. Watchers read at their own pace; what they are too slow for is dropped, but never the end.
///
/// Not an actor: an event is noted amid the run that it is of, which can neither wait for a mailbox nor lose it.
pub struct EventLog {
    told: Mutex<Told>,
    /// The number of the newest event.
    newest: watch::Sender<u64>,
}

#[derive(Default)]
struct Told {
    events: VecDeque<(u64, RunEvent)>,
    newest: u64,
    run: Option<RunId>,
    ending: Option<Ending>,
}

/// What is new to a watcher.
#[derive(Debug, PartialEq)]
pub(crate) enum News {
    /// Events with their numbers, in order. Those that are left out were dropped.
    Events(Vec<(u64, RunEvent)>),
    /// The end, after all events.
    Ending(u64, Ending),
}

impl EventLog {
    /// An empty one.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            told: Mutex::default(),
            newest: watch::Sender::new(0),
        })
    }

    /// Notes the end. Only the first one counts.
    pub(crate) fn end(&self, ending: Ending) {
        let mut told = self.told();
        told.ending.get_or_insert(ending);
        told.newest += 1;
        self.newest.send_replace(told.newest);
    }

    /// The run, once it is planned; or the tuning.
    pub(crate) fn run(&self) -> Option<RunId> {
        self.told().run.clone()
    }

    /// How it ended; waits until it has.
    pub(crate) async fn ending(&self) -> Ending {
        let mut newest = self.newest.subscribe();
        loop {
            if let Some(ending) = self.told().ending.clone() {
                return ending;
            }
            if newest.changed().await.is_err() {
                std::future::pending::<()>().await; // the log itself is gone, and this with it
            }
        }
    }

    /// What happened after event `after`; waits until something does.
    pub(crate) async fn after(&self, after: u64) -> News {
        let mut newest = self.newest.subscribe();
        loop {
            if let Some(news) = self.news(after) {
                return news;
            }
            if newest.changed().await.is_err() {
                std::future::pending::<()>().await; // the log itself is gone, and this with it
            }
        }
    }

    fn news(&self, after: u64) -> Option<News> {
        let told = self.told();
        let new = told.events.iter().filter(|(number, _)| *number > after);
        let new: Vec<_> = new.cloned().collect();
        if !new.is_empty() {
            return Some(News::Events(new));
        }
        let ending = told.ending.clone()?;
        Some(News::Ending(told.newest, ending))
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().expect("no one panics while telling")
    }
}

impl Observer for EventLog {
    fn observe(&self, event: &RunEvent) {
        let mut told = self.told();
        told.newest += 1;
        let number = told.newest;
        // Progress counts from the beginning of its stage, so the newest says all: a long stage takes no more room.
        let is_progress_of = |other: &RunEvent| match (other, event) {
            (RunEvent::Advanced { stage, .. }, RunEvent::Advanced { stage: same, .. }) => {
                stage == same
            }
            _ => false,
        };
        if told
            .events
            .back()
            .is_some_and(|(_, last)| is_progress_of(last))
        {
            told.events.pop_back();
        } else if told.events.len() >= EVENTS_KEPT {
            told.events.pop_front();
        }
        if let RunEvent::Planned { run, .. } | RunEvent::Tuning { tuning: run, .. } = event {
            told.run = Some(run.clone());
        }
        told.events.push_back((number, event.clone()));
        self.newest.send_replace(number);
    }
}

#[cfg(test)]
mod tests {
    use proto::event::{Observer, RunEvent, Stage};

    use super::{EVENTS_KEPT, Ending, EventLog, News};

    fn advanced(done: u64) -> RunEvent {
        let stage = Stage::Features;
        RunEvent::Advanced { stage, done }
    }

    fn warning(text: &str) -> RunEvent {
        let text = text.to_owned();
        RunEvent::Warning { text }
    }

    #[tokio::test]
    async fn a_watcher_gets_what_is_new_to_it_and_at_last_the_end() {
        let log = EventLog::new();
        log.observe(&warning("a"));
        log.observe(&warning("b"));
        let News::Events(events) = log.after(0).await else {
            panic!("there are events")
        };
        assert_eq!(events, [(1, warning("a")), (2, warning("b"))]);
        let waiting = log.after(2);
        tokio::pin!(waiting);
        assert!(futures::poll!(&mut waiting).is_pending());
        log.observe(&warning("c"));
        assert_eq!(waiting.await, News::Events(vec![(3, warning("c"))]));
        log.end(Ending::Cancelled);
        log.end(Ending::Stopped {
            reason: "too late".to_owned(),
        });
        assert!(
            matches!(log.after(2).await, News::Events(_)),
            "events first"
        );
        assert_eq!(log.after(3).await, News::Ending(5, Ending::Cancelled));
    }

    #[tokio::test]
    async fn progress_takes_one_place_and_the_oldest_go() {
        let log = EventLog::new();
        for done in 1..=100 {
            log.observe(&advanced(done));
        }
        assert_eq!(log.after(0).await, News::Events(vec![(100, advanced(100))]));
        for _ in 0..=EVENTS_KEPT {
            log.observe(&warning("w"));
        }
        let News::Events(events) = log.after(0).await else {
            panic!("there are events")
        };
        assert_eq!(events.len(), EVENTS_KEPT);
        assert_eq!(events[0], (102, warning("w")));
    }
}

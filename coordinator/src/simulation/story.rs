//! What happened in a simulated world: to be checked, counted, compared and printed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use proto::event::{Observer, RunEvent};
use tokio::time::Instant;

/// A fault that happened, or something that follows from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Incident {
    MessageLost,
    MessageDoubled,
    MessageLate,
    MessageOvertaken,
    MessageCutToHost,
    MessageCutToCoordinator,
    WorkerCrashHeard,
    WorkerCrashUnheard,
    WorkerFrozen,
    WorkerDrained,
    WorkerPoisoned,
    WorkerRedialled,
    CoordinatorCrashed,
    CoordinatorTakenOver,
    AttemptUnlucky,
    HandedBack,
    NotInHand,
    LeaseRanOut,
    StragglerCopied,
    InputChanged,
    NoRoom,
    StaleMessageRefused,
    StaleDeliveryRefused,
    UnwantedDeliveryRefused,
    ShardTakenUp,
    FailedWithoutWorkers,
    FailedTooOften,
}

impl Incident {
    pub(super) const ALL: [Self; 27] = [
        Self::MessageLost,
        Self::MessageDoubled,
        Self::MessageLate,
        Self::MessageOvertaken,
        Self::MessageCutToHost,
        Self::MessageCutToCoordinator,
        Self::WorkerCrashHeard,
        Self::WorkerCrashUnheard,
        Self::WorkerFrozen,
        Self::WorkerDrained,
        Self::WorkerPoisoned,
        Self::WorkerRedialled,
        Self::CoordinatorCrashed,
        Self::CoordinatorTakenOver,
        Self::AttemptUnlucky,
        Self::HandedBack,
        Self::NotInHand,
        Self::LeaseRanOut,
        Self::StragglerCopied,
        Self::InputChanged,
        Self::NoRoom,
        Self::StaleMessageRefused,
        Self::StaleDeliveryRefused,
        Self::UnwantedDeliveryRefused,
        Self::ShardTakenUp,
        Self::FailedWithoutWorkers,
        Self::FailedTooOften,
    ];
}

/// How often each happened.
pub(super) type Tally = BTreeMap<Incident, u64>;

/// What happened, in order.
pub(super) struct Story {
    began: Instant,
    /// Whether events are printed.
    watch: bool,
    told: Mutex<Told>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) tally: Tally,
    /// Messages that were sent.
    pub(super) messages: u64,
    pub(super) events: Vec<(Duration, String)>,
}

impl Story {
    pub(super) fn begin(watch: bool) -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            watch,
            told: Mutex::default(),
        })
    }

    pub(super) fn count(&self, incident: Incident) {
        *self.told().tally.entry(incident).or_default() += 1;
    }

    pub(super) fn count_message(&self) {
        self.told().messages += 1;
    }

    pub(super) fn tell(&self, event: impl fmt::Display) {
        let now = self.began.elapsed();
        if self.watch {
            eprintln!("{:>9.3} s  {event}", now.as_secs_f64());
        }
        self.told().events.push((now, event.to_string()));
    }

    pub(super) fn so_far(&self) -> Told {
        self.told().clone()
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().expect("no one panics while telling")
    }
}

/// Who watches one start of the run.
pub(super) struct Watcher {
    pub(super) life: u32,
    pub(super) story: Arc<Story>,
    pub(super) seen: Mutex<Vec<RunEvent>>,
}

impl Observer for Watcher {
    fn observe(&self, event: &RunEvent) {
        let counted = match event {
            RunEvent::ShardGiven { copy: true, .. } => Some(Incident::StragglerCopied),
            RunEvent::ShardHandedBack { reason, .. } if reason.contains("does not have it") => {
                Some(Incident::NotInHand)
            }
            RunEvent::AttemptFailed { reason, .. } if reason.contains("was not heard for") => {
                Some(Incident::LeaseRanOut)
            }
            _ => None,
        };
        if let Some(incident) = counted {
            self.story.count(incident);
        }
        self.story
            .tell(format_args!("coordinator {}: {event}", self.life));
        let mut seen = self.seen.lock().expect("no one panics while watching");
        seen.push(event.clone());
    }
}

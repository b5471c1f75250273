//! Telling what happens: to those who watch, and into the run's log.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use market::store::{Store, StoreError};
use proto::event::{Observer, RunEvent, Stage, Unit};
use tokio::time::Instant;

/// Passes events on, times stages, and keeps the log.
pub(crate) struct Narrator {
    observer: Arc<dyn Observer>,
    started: Instant,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    log: String,
    /// Steps done of the stage that goes on.
    done: u64,
    stages: Vec<(Stage, Duration)>,
}

impl Narrator {
    pub(crate) fn new(observer: Arc<dyn Observer>) -> Self {
        Self {
            observer,
            started: Instant::now(),
            told: Mutex::default(),
        }
    }

    /// Tells an event. Progress goes to those who watch alone.
    pub(crate) fn tell(&self, event: &RunEvent) {
        self.observer.observe(event);
        if matches!(event, RunEvent::Advanced { .. }) {
            return;
        }
        let line = format!(
            "{:>10.3} s  {event}\n",
            self.started.elapsed().as_secs_f64()
        );
        self.told().log.push_str(&line);
    }

    pub(crate) fn warn(&self, text: impl Into<String>) {
        self.tell(&RunEvent::Warning { text: text.into() });
    }

    /// Tells that so many more steps of the stage that goes on are done.
    pub(crate) fn advance(&self, stage: Stage, steps: u64) {
        let done = {
            let mut told = self.told();
            told.done += steps;
            told.done
        };
        self.tell(&RunEvent::Advanced { stage, done });
    }

    /// Begins a stage, which ends when the returned value is dropped.
    pub(crate) fn stage(&self, stage: Stage, steps: Option<(u64, Unit)>) -> StageTimer<'_> {
        self.told().done = 0;
        self.tell(&RunEvent::Began { stage, steps });
        StageTimer {
            narrator: self,
            stage,
            started: Instant::now(),
        }
    }

    /// The stages that are over, with how long they took, in order.
    pub(crate) fn stages(&self) -> Vec<(Stage, Duration)> {
        self.told().stages.clone()
    }

    /// The time since the run was begun or resumed.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Appends what was told since the last call to the log at `path`.
    pub(crate) async fn write_log(&self, out: &Store, path: &str) -> Result<(), StoreError> {
        let news = std::mem::take(&mut self.told().log);
        let mut log = out.read(path).await?.map(Vec::from).unwrap_or_default();
        log.extend_from_slice(news.as_bytes());
        out.replace(path, log.into()).await
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().expect("no one panics while telling")
    }
}

/// A stage that goes on until this is dropped.
pub(crate) struct StageTimer<'a> {
    narrator: &'a Narrator,
    stage: Stage,
    started: Instant,
}

impl Drop for StageTimer<'_> {
    fn drop(&mut self) {
        let took = self.started.elapsed();
        self.narrator.told().stages.push((self.stage, took));
        self.narrator.tell(&RunEvent::Ended {
            stage: self.stage,
            took,
        });
    }
}

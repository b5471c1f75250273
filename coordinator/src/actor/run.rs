//! One run, while it goes on.

use std::sync::Arc;

use actix::prelude::*;
use proto::event::{Observer, RunEvent};
use tokio::sync::watch;

use super::runs::{RunEnded, RunsActor};
use crate::event_log::{Ending, EventLog};
use crate::metrics::Metrics;
use crate::run::{RunError, Stop};
use crate::submission::Submission;
use crate::workbench::{Done, Workbench};
use output::outcome::Status;

/// Owns one run while it goes on.
pub(super) struct RunActor {
    bench: Workbench,
    submission: Submission,
    log: Arc<EventLog>,
    stop: watch::Sender<Stop>,
    desk: Addr<RunsActor>,
}

impl RunActor {
    /// A run of the submission, whose events go to `log`, and whose end to `desk`.
    pub(super) fn new(
        bench: Workbench,
        submission: Submission,
        log: Arc<EventLog>,
        desk: Addr<RunsActor>,
    ) -> Self {
        Self {
            bench,
            submission,
            log,
            stop: watch::Sender::new(Stop::No),
            desk,
        }
    }
}

impl Actor for RunActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        let observer = Arc::new(Told {
            submission: self.submission.name.clone(),
            log: Arc::clone(&self.log),
            metrics: Arc::clone(&self.bench.metrics),
        });
        let metrics = Arc::clone(&self.bench.metrics);
        let name = self.submission.name.clone();
        let result = self
            .bench
            .run(self.submission.clone(), observer, self.stop.subscribe());
        let (log, desk, out) = (
            Arc::clone(&self.log),
            self.desk.clone(),
            self.bench.out.clone(),
        );
        let end = async move {
            let ending = match result.await {
                Ok(Done::Run(summary)) => {
                    let status = summary.status.describe();
                    tracing::info!("run {} {status}", summary.run_id);
                    Some(Ending::Ended(summary))
                }
                Ok(Done::Tuning(tuning)) => {
                    tracing::info!("tuning {} of run {} completed", tuning.tuning, tuning.run);
                    Some(Ending::Tuned(tuning))
                }
                // Who follows it dials again, and finds it with the next coordinator.
                Err(RunError::Interrupted | RunError::Epoch(_)) => None,
                Err(RunError::Cancelled) => Some(Ending::Cancelled),
                Err(error) => {
                    tracing::warn!("submission {name} stopped: {error}");
                    Some(Ending::Stopped {
                        reason: error.to_string(),
                    })
                }
            };
            if let Some(ending) = ending {
                if let Err(error) = Submission::forget(&out, &name).await {
                    tracing::warn!("{error}; it is looked at again at the next start");
                }
                metrics.ended(word_of(&ending));
                log.end(ending);
            }
            // The desk outlives its runs, but for the end of the process.
            let _ = desk.send(RunEnded(name)).await;
        };
        let end = end.into_actor(self).map(|(), _, context| context.stop());
        context.spawn(end);
    }
}

/// How a submission ended, in one word.
fn word_of(ending: &Ending) -> &'static str {
    match ending {
        Ending::Ended(summary) => summary.status.word(),
        Ending::Tuned(_) => Status::Completed.word(),
        Ending::Stopped { .. } => "stopped",
        Ending::Cancelled => Status::Cancelled.word(),
    }
}

/// Stops the run in this way.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct StopRun(pub(super) Stop);

impl Handler<StopRun> for RunActor {
    type Result = ();

    fn handle(&mut self, StopRun(how): StopRun, _: &mut Self::Context) {
        self.stop.send_replace(how);
    }
}

/// Tells events to those who follow, to operators, and to the coordinator's log.
struct Told {
    submission: String,
    log: Arc<EventLog>,
    metrics: Arc<Metrics>,
}

impl Observer for Told {
    fn observe(&self, event: &RunEvent) {
        self.metrics.told(event);
        self.log.observe(event);
        match event {
            RunEvent::Advanced { .. } => {}
            event => tracing::info!("{}: {event}", self.submission),
        }
    }
}

//! What every run of a coordinator works with.

use std::sync::Arc;

use market::store::Store;
use proto::event::Observer;
use proto::link::Roster;
use rayon::ThreadPool;
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};

use crate::epoch::Epoch;
use crate::metrics::Metrics;
use crate::run::{Means, Patience, RunError, Stop, run_held};
use crate::submission::{Submission, Task};
use crate::tune::tune_held;
use output::outcome::Summary;
use output::tuning::Tuning;

/// What came of a submission.
pub(crate) enum Done {
    /// A run ended; its summary says how.
    Run(Box<Summary>),
    /// A tuning is completed.
    Tuning(Box<Tuning>),
}

/// The output, the workers and the threads that runs share, one run after another.
#[derive(Clone)]
pub(crate) struct Workbench {
    pub(crate) epoch: Arc<Epoch>,
    pub(crate) out: Store,
    pub(crate) workers: watch::Receiver<Roster>,
    pub(crate) patience: Patience,
    pub(crate) pool: Arc<ThreadPool>,
    pub(crate) runtime: Handle,
    pub(crate) metrics: Arc<Metrics>,
}

impl Workbench {
    /// Runs a submission on a thread of its own, as a run without a coordinator has one: what it works out between two waits
    /// keeps neither actors nor sockets waiting.
    pub(crate) fn run(
        &self,
        submission: Submission,
        observer: Arc<dyn Observer>,
        stop: watch::Receiver<Stop>,
    ) -> impl Future<Output = Result<Done, RunError>> + use<> {
        let bench = self.clone();
        let (answer, answered) = oneshot::channel();
        let running = std::thread::Builder::new().name("run".to_owned());
        let running = running.spawn(move || {
            let result = bench.run_here(&submission, observer, stop);
            // Who asked is there until the process ends.
            let _ = answer.send(result);
        });
        async {
            running.map_err(RunError::Thread)?;
            answered.await.expect("a panic ends the process")
        }
    }

    fn run_here(
        &self,
        submission: &Submission,
        observer: Arc<dyn Observer>,
        stop: watch::Receiver<Stop>,
    ) -> Result<Done, RunError> {
        let data = match &submission.task {
            Task::Run(_) => Store::open(&submission.data)?,
            Task::Tune(_) => self.out.clone(), // it reads no price files
        };
        let means = Means {
            data,
            out: self.out.clone(),
            workers: self.workers.clone(),
            patience: self.patience,
            pool: Arc::clone(&self.pool),
            observer,
            stop,
        };
        self.runtime.block_on(async {
            match &submission.task {
                Task::Run(request) => {
                    let summary = run_held(&self.epoch, request, &means).await?;
                    Ok(Done::Run(Box::new(summary)))
                }
                Task::Tune(request) => {
                    let tuning = tune_held(&self.epoch, request, &means).await?;
                    Ok(Done::Tuning(Box::new(tuning)))
                }
            }
        })
    }
}

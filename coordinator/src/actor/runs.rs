//! The queue of submissions, and the run that goes on.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use market::store::StoreError;
use proto::id::RunId;

use super::run::{RunActor, StopRun};
use super::{Gone, MAILBOX, Stage};
use crate::event_log::{Ending, EventLog};
use crate::queue::{CancelledFrom, Queue, QueueFull};
use crate::run::Stop;
use crate::submission::{Submission, Task};
use crate::workbench::Workbench;
use output::outcome::Status;

/// Submissions that ended and can still be followed.
const ENDED_KEPT: usize = 32;

/// Where runs are asked for.
#[derive(Clone)]
pub(crate) struct RunsDesk(Addr<RunsActor>);

impl RunsDesk {
    /// Takes up what was left unfinished, then what is submitted.
    pub(crate) fn open(
        stage: &Stage,
        bench: Workbench,
        max_queued: usize,
        unfinished: Vec<Submission>,
    ) -> Self {
        let actor = RunsActor::new(bench, max_queued, unfinished);
        Self(RunsActor::start_in_arbiter(&stage.arbiter, |_| actor))
    }

    /// Takes a job on. It is kept in the store when this returns.
    pub(crate) async fn submit(
        &self,
        submission: Submission,
    ) -> Result<Result<(), SubmitError>, Gone> {
        Ok(self.0.send(Submit(submission)).await?)
    }

    /// The events of a submission, or of the run that goes on; `None` where it is not known, or not any more.
    pub(crate) async fn follow(&self, name: String) -> Result<Option<Arc<EventLog>>, Gone> {
        Ok(self.0.send(Follow(name)).await?)
    }

    /// What runs and what waits.
    pub(crate) async fn look(&self) -> Result<InProgress, Gone> {
        Ok(self.0.send(LookAround).await?)
    }

    /// Ends a run or a submission for good. Its events tell when it has; `None` where it neither runs nor waits.
    pub(crate) async fn cancel(
        &self,
        run: String,
    ) -> Result<Result<Option<Arc<EventLog>>, StoreError>, Gone> {
        Ok(self.0.send(Cancel(run)).await?)
    }

    /// Begins nothing new, and returns when what runs has stopped where it is.
    pub(crate) async fn close(&self) -> Result<(), Gone> {
        Ok(self.0.send(Close).await?)
    }
}

/// Owns the queue, and has one submission after another run.
pub(super) struct RunsActor {
    bench: Workbench,
    queue: Queue,
    submitted: u64,
    logs: BTreeMap<String, Arc<EventLog>>,
    ended: VecDeque<String>,
    running: Option<Addr<RunActor>>,
    closing: bool,
}

impl RunsActor {
    /// Takes up what was left unfinished, then what is submitted.
    fn new(bench: Workbench, max_queued: usize, unfinished: Vec<Submission>) -> Self {
        // What an earlier coordinator took on has its place, however long the queue was then.
        let mut queue = Queue::new(max_queued.max(unfinished.len()));
        let mut logs = BTreeMap::new();
        for submission in unfinished {
            logs.insert(submission.name.clone(), EventLog::new());
            queue.submit(submission).expect("there is room for all");
        }
        Self {
            bench,
            queue,
            submitted: 0,
            logs,
            ended: VecDeque::new(),
            running: None,
            closing: false,
        }
    }

    fn begin_next(&mut self, context: &Context<Self>) {
        let next = if self.closing {
            None
        } else {
            self.queue.begin_next()
        };
        self.tell_queue();
        let Some(submission) = next else {
            return;
        };
        let log = Arc::clone(&self.logs[&submission.name]);
        let run = RunActor::new(self.bench.clone(), submission, log, context.address());
        self.running = Some(run.start());
    }

    /// Tells operators what runs and what waits.
    fn tell_queue(&self) {
        let active = usize::from(self.queue.running().is_some());
        let waiting = self.queue.waiting().count();
        self.bench.metrics.set_runs(active, waiting);
    }

    /// The submission of this name, or whose run this is.
    fn find(&self, run: &str) -> Option<String> {
        if self.queue.has(run) {
            return Some(run.to_owned());
        }
        let running = &self.queue.running()?.name;
        let id = self.logs[running].run()?;
        (id.to_string() == run).then(|| running.clone())
    }
}

impl Actor for RunsActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(MAILBOX);
        self.begin_next(context);
    }
}

/// A job is submitted. It is kept in the store before this is answered.
#[derive(Message)]
#[rtype(result = "Result<(), SubmitError>")]
struct Submit(Submission);

/// Why a job is not taken on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SubmitError {
    #[error(transparent)]
    Full(#[from] QueueFull),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the coordinator is stopping: submit again when it is back")]
    Closing,
}

impl Handler<Submit> for RunsActor {
    type Result = ResponseActFuture<Self, Result<(), SubmitError>>;

    fn handle(&mut self, Submit(mut submission): Submit, _: &mut Self::Context) -> Self::Result {
        self.submitted += 1;
        submission.order = (self.bench.epoch.number(), self.submitted);
        let out = self.bench.out.clone();
        let known = self.queue.has(&submission.name);
        let kept = async move {
            if !known {
                submission.keep(&out).await?;
            }
            Ok::<_, SubmitError>(submission)
        };
        let queued = kept.into_actor(self).map(|kept, actor, context| {
            let submission = kept?;
            if actor.closing {
                return Err(SubmitError::Closing);
            }
            let name = submission.name.clone();
            if actor.queue.has(&name) {
                return Ok(());
            }
            actor.queue.submit(submission)?;
            actor.ended.retain(|ended| *ended != name);
            actor.logs.insert(name, EventLog::new());
            actor.begin_next(context);
            Ok(())
        });
        Box::pin(queued)
    }
}

/// The events of a submission.
#[derive(Message)]
#[rtype(result = "Option<Arc<EventLog>>")]
struct Follow(String);

impl Handler<Follow> for RunsActor {
    type Result = Option<Arc<EventLog>>;

    fn handle(&mut self, Follow(name): Follow, _: &mut Self::Context) -> Self::Result {
        let name = self.find(&name).unwrap_or(name);
        self.logs.get(&name).cloned()
    }
}

/// What runs, with where its price files lie and its run's id once it has one, and what waits.
#[derive(Debug, Clone, Default)]
pub(crate) struct InProgress {
    pub(crate) running: Option<(String, String, Option<RunId>)>,
    pub(crate) waiting: Vec<(String, String)>,
}

/// What runs and what waits.
#[derive(Message)]
#[rtype(result = "InProgress")]
struct LookAround;

impl Handler<LookAround> for RunsActor {
    type Result = MessageResult<LookAround>;

    fn handle(&mut self, _: LookAround, _: &mut Self::Context) -> Self::Result {
        let running = self.queue.running();
        let waiting = self.queue.waiting();
        MessageResult(InProgress {
            running: running.map(|running| {
                let (name, data) = (running.name.clone(), running.data.clone());
                // A tuning is known by its name before it has told anything.
                let run = match running.task {
                    Task::Run(_) => self.logs[&name].run(),
                    Task::Tune(_) => RunId::parse(&name).ok(),
                };
                (name, data, run)
            }),
            waiting: waiting
                .map(|waiting| (waiting.name.clone(), waiting.data.clone()))
                .collect(),
        })
    }
}

/// A run or a submission is to end for good. The answer is its events, whose end tells when it has; `None` where it neither
/// runs nor waits.
#[derive(Message)]
#[rtype(result = "Result<Option<Arc<EventLog>>, StoreError>")]
struct Cancel(String);

impl Handler<Cancel> for RunsActor {
    type Result = ResponseActFuture<Self, Result<Option<Arc<EventLog>>, StoreError>>;

    fn handle(&mut self, Cancel(run): Cancel, _: &mut Self::Context) -> Self::Result {
        let Some(name) = self.find(&run) else {
            return Box::pin(std::future::ready(Ok(None)).into_actor(self));
        };
        let log = Arc::clone(&self.logs[&name]);
        let from = self.queue.cancel(&name);
        self.tell_queue();
        let run = self
            .running
            .clone()
            .filter(|_| from == CancelledFrom::Running);
        let out = self.bench.out.clone();
        let metrics = Arc::clone(&self.bench.metrics);
        let cancelled = async move {
            if let Some(run) = run {
                // It may have ended meanwhile.
                let _ = run.send(StopRun(Stop::Cancel)).await;
            } else {
                Submission::forget(&out, &name).await?;
                metrics.ended(Status::Cancelled.word());
                log.end(Ending::Cancelled);
            }
            Ok(Some(log))
        };
        Box::pin(cancelled.into_actor(self))
    }
}

/// The coordinator stops: nothing new begins, and what runs stops where it is. The answer comes when nothing runs.
#[derive(Message)]
#[rtype(result = "()")]
struct Close;

impl Handler<Close> for RunsActor {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Close, _: &mut Self::Context) -> Self::Result {
        self.closing = true;
        let running = self.running.clone();
        Box::pin(async move {
            if let Some(run) = running {
                let _ = run.send(StopRun(Stop::Interrupt)).await;
                while run.connected() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        })
    }
}

/// A submission has ended.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct RunEnded(pub(super) String);

impl Handler<RunEnded> for RunsActor {
    type Result = ();

    fn handle(&mut self, RunEnded(name): RunEnded, context: &mut Self::Context) {
        self.queue.ended(&name);
        self.running = None;
        self.tell_queue(); // what it left undone is no load any more
        self.ended.push_back(name);
        if self.ended.len() > ENDED_KEPT
            && let Some(oldest) = self.ended.pop_front()
        {
            self.logs.remove(&oldest);
        }
        self.begin_next(context);
    }
}

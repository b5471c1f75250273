//! Jobs of clients: submitted, followed, cancelled, listed.

use futures::stream::{self, BoxStream, StreamExt};
use market::layout::{DiscoverError, discover};
use market::store::{OpenStoreError, Store};
use proto::convert::{from_json, to_json};
use proto::id::RunId;
use proto::version::{PROTOCOL_VERSION, build};
use proto::wire::runs_server::Runs;
use proto::wire::watch_response::News as WireNews;
use proto::wire::{
    CancelRequest, CancelResponse, ListRequest, ListResponse, SubmitRequest, SubmitResponse,
    WatchRequest, WatchResponse,
};
use std::sync::Arc;
use tonic::{Code, Request, Response, Status};

use super::listen::unless_gone;
use crate::actor::{RunsDesk, SubmitError};
use crate::event_log::{Ending, EventLog, News};
use crate::history::{self, HistoryError, RunInfo};
use crate::run::Request as RunRequest;
use crate::server::AllowedData;
use crate::submission::{Submission, Task};
use crate::tune::{PlanTuningError, PlannedTuning, TuneRequest};
use output::document::DocumentError;

/// Answers clients.
pub(crate) struct RunsService {
    pub(crate) epoch: u64,
    pub(crate) out: Store,
    pub(crate) runs: RunsDesk,
    pub(crate) allowed: AllowedData,
}

#[tonic::async_trait]
impl Runs for RunsService {
    type WatchStream = BoxStream<'static, Result<WatchResponse, Status>>;
    type ListStream = BoxStream<'static, Result<ListResponse, Status>>;

    async fn submit(
        &self,
        request: Request<SubmitRequest>,
    ) -> Result<Response<SubmitResponse>, Status> {
        let SubmitRequest {
            protocol,
            build: theirs,
            data,
            request,
        } = request.into_inner();
        if protocol != PROTOCOL_VERSION || theirs != build() {
            return Err(Status::failed_precondition(format!(
                "this coordinator is build `{}`, the client `{theirs}`: run the same build of tickermill on both",
                build()
            )));
        }
        let task = from_json("request", &request).map_err(|error| invalid(&error))?;
        let submission = match task {
            Task::Run(request) => self.submitted_run(&data, request).await?,
            Task::Tune(request) => self.submitted_tuning(request).await?,
        };
        let name = submission.name.clone();
        unless_gone(self.runs.submit(submission).await)?.map_err(|error| {
            let code = match error {
                SubmitError::Full(_) => Code::ResourceExhausted,
                SubmitError::Store(_) | SubmitError::Closing => Code::Unavailable,
            };
            Status::new(code, error.to_string())
        })?;
        Ok(Response::new(SubmitResponse { submission: name }))
    }

    async fn watch(
        &self,
        request: Request<WatchRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let WatchRequest {
            submission,
            epoch,
            after,
        } = request.into_inner();
        let followed = unless_gone(self.runs.follow(submission.clone()).await)?;
        let log = followed.ok_or_else(|| {
            Status::not_found(format!(
                "there is no submission or running run `{submission}`"
            ))
        })?;
        let after = if epoch == self.epoch { after } else { 0 };
        Ok(Response::new(watch(log, self.epoch, after)))
    }

    async fn cancel(
        &self,
        request: Request<CancelRequest>,
    ) -> Result<Response<CancelResponse>, Status> {
        let run = request.into_inner().run;
        let unavailable = |error: &dyn std::fmt::Display| Status::unavailable(error.to_string());
        let cancelled = unless_gone(self.runs.cancel(run.clone()).await)?;
        let Some(log) = cancelled.map_err(|error| unavailable(&error))? else {
            return Err(self.not_in_progress(&run).await);
        };
        let ending = log.ending().await;
        let id = log.run().map(|run| run.to_string()).unwrap_or_default();
        match ending {
            Ending::Ended(summary) if summary.status != output::outcome::Status::Cancelled => {
                Err(Status::failed_precondition(format!(
                    "run {id} ended before it could be cancelled: {}",
                    summary.status.describe()
                )))
            }
            Ending::Stopped { reason } => Err(Status::failed_precondition(format!(
                "{id} stopped before it could be cancelled: {reason}"
            ))),
            Ending::Tuned(_) => Err(Status::failed_precondition(format!(
                "tuning {id} was completed before it could be cancelled"
            ))),
            Ending::Ended(_) | Ending::Cancelled => Ok(Response::new(CancelResponse { run: id })),
        }
    }

    async fn list(
        &self,
        request: Request<ListRequest>,
    ) -> Result<Response<Self::ListStream>, Status> {
        let wanted = request.into_inner().run;
        let in_progress = unless_gone(self.runs.look().await)?;
        let runs = if wanted.is_empty() {
            let runs = history::list(&self.out)
                .await
                .map_err(|error| unreadable(&error))?;
            let waiting = in_progress.waiting.into_iter();
            let waiting = waiting.map(|(name, data)| RunInfo::waiting(name, data));
            let tuning = in_progress.running.clone().and_then(|(name, data, id)| {
                let is_run = runs.iter().any(|run| run.run_id == id);
                (id.is_some() && !is_run).then(|| RunInfo::running(name, data))
            });
            waiting.chain(tuning).chain(runs).collect()
        } else {
            vec![
                history::show(&self.out, &wanted)
                    .await
                    .map_err(|error| unreadable(&error))?,
            ]
        };
        let running = in_progress.running.and_then(|(_, _, run)| run);
        let tell = move |mut run: RunInfo| {
            if running.is_some() && run.run_id == running {
                "running".clone_into(&mut run.status);
            }
            Ok(ListResponse { run: to_json(&run) })
        };
        Ok(Response::new(stream::iter(runs).map(tell).boxed()))
    }
}

impl RunsService {
    /// A run of a client, looked at as far as it can be before its turn.
    async fn submitted_run(&self, data: &str, request: RunRequest) -> Result<Submission, Status> {
        request.check().map_err(|error| invalid(&error))?;
        let store = Store::open(data).map_err(|error| not_opened(&error))?;
        let allowed = self.allowed.check(&store);
        allowed.map_err(|error| Status::permission_denied(error.to_string()))?;
        let dataset = discover(&store).await.map_err(|error| match error {
            DiscoverError::Store(error) => Status::unavailable(error.to_string()),
            error => Status::not_found(error.to_string()),
        })?;
        Ok(Submission {
            name: Submission::name(&request.job.key(&dataset), &request),
            data: store.locate(""),
            task: Task::Run(request),
            order: (self.epoch, 0),
        })
    }

    /// A tuning of a client, likewise. It is of the run that is the latest now, where it does not say of which.
    async fn submitted_tuning(&self, request: TuneRequest) -> Result<Submission, Status> {
        let planned = PlannedTuning::of(&request, &self.out).await;
        let planned = planned.map_err(|error| match error {
            PlanTuningError::History(error) => unreadable(&error),
            PlanTuningError::NotCompleted { .. } => Status::failed_precondition(error.to_string()),
            error => invalid(&error),
        })?;
        Ok(Submission {
            name: planned.id.to_string(),
            data: planned.data.clone(),
            task: Task::Tune(planned.request(request)),
            order: (self.epoch, 0),
        })
    }

    /// Why a run cannot be cancelled that neither runs nor waits.
    async fn not_in_progress(&self, run: &str) -> Status {
        let unknown = || Status::not_found(format!("there is no run `{run}` in progress"));
        let Ok(id) = RunId::parse(run) else {
            return unknown();
        };
        match history::find(&self.out, &id).await {
            Ok(Some(past)) => match past.outcome {
                Some(outcome) => Status::failed_precondition(format!(
                    "run {run} has ended: {}",
                    outcome.summary.status.describe()
                )),
                None => unknown(),
            },
            Ok(None) => unknown(),
            Err(error) => unreadable(&error),
        }
    }
}

/// A submission's events after number `after`, then its end.
fn watch(
    log: Arc<EventLog>,
    epoch: u64,
    after: u64,
) -> BoxStream<'static, Result<WatchResponse, Status>> {
    let news = stream::unfold(Some(after), move |after| {
        let log = Arc::clone(&log);
        async move {
            let news = log.after(after?).await;
            let next = match &news {
                News::Events(events) => events.last().map(|(number, _)| *number),
                News::Ending(..) => None,
            };
            Some((news, next))
        }
    });
    let responses = news.flat_map(move |news| {
        let response = |number, news| {
            Ok(WatchResponse {
                epoch,
                number,
                news: Some(news),
            })
        };
        let responses: Vec<_> = match news {
            News::Events(events) => events
                .iter()
                .map(|(number, event)| response(*number, WireNews::Event(to_json(event))))
                .collect(),
            News::Ending(number, ending) => {
                vec![response(number, WireNews::Ended(to_json(&ending)))]
            }
        };
        stream::iter(responses)
    });
    responses.boxed()
}

fn invalid(error: &dyn std::fmt::Display) -> Status {
    Status::invalid_argument(error.to_string())
}

fn not_opened(error: &OpenStoreError) -> Status {
    let message = error.to_string();
    if error.is_bad_usage() {
        Status::not_found(message)
    } else {
        Status::unavailable(message)
    }
}

fn unreadable(error: &HistoryError) -> Status {
    let message = error.to_string();
    match error {
        HistoryError::NoSuchRun { .. } | HistoryError::NoneCompleted { .. } => {
            Status::not_found(message)
        }
        HistoryError::BadRunId(_) => Status::invalid_argument(message),
        HistoryError::Document(DocumentError::Store(_)) => Status::unavailable(message),
        HistoryError::Document(_) => Status::data_loss(message),
    }
}

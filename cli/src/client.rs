//! A client of a coordinator.

use std::error::Error;

use coordinator::event_log::Ending;
use coordinator::history::RunInfo;
use coordinator::submission::Task;
use proto::convert::{from_json, to_json};
use proto::dial::{AddressError, Authorize, endpoint};
use proto::event::RunEvent;
use proto::session::MAX_SESSION_MESSAGE;
use proto::version::{PROTOCOL_VERSION, build};
use proto::wire::runs_client::RunsClient;
use proto::wire::watch_response::News as WireNews;
use proto::wire::{CancelRequest, ListRequest, SubmitRequest, WatchRequest, WatchResponse};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};
use trust::Trust;

use crate::exit::with_causes;

/// What a coordinator's client may meet.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// The address cannot be dialled.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// It is not there, or went away.
    #[error(
        "cannot reach the coordinator at {url}: {reason}: check that it runs and listens there"
    )]
    Away { url: String, reason: String },
    /// It says no.
    #[error("{message}")]
    Refused { code: Code, message: String },
    /// It is of another version, or none of ours.
    #[error("the coordinator's answer makes no sense: {0}")]
    BadAnswer(String),
    /// What was submitted stopped before its end.
    #[error("{0}")]
    Stopped(String),
    /// A person cancelled the submission while it waited, or a tuning.
    #[error("it was cancelled")]
    Cancelled,
    /// The user no longer follows; what was submitted goes on.
    #[error("detached: {submission} goes on; the same command follows it again")]
    Detached { submission: String },
}

impl ClientError {
    /// Whether the command cannot be meant as it was given.
    pub(crate) fn is_bad_usage(&self) -> bool {
        match self {
            Self::Address(_) => true,
            Self::Refused { code, .. } => *code == Code::InvalidArgument,
            _ => false,
        }
    }
}

/// A coordinator, as its clients know it.
pub(crate) struct Client {
    url: String,
    runs: RunsClient<InterceptedService<Channel, Authorize>>,
}

/// What a watched submission tells.
pub(crate) enum News {
    /// Something happened.
    Event(RunEvent),
    /// It ended.
    Ended(Ending),
}

/// Where a watcher is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Place {
    epoch: u64,
    number: u64,
}

impl Client {
    /// Dials the coordinator.
    pub(crate) async fn dial(url: &str, trust: &Trust) -> Result<Self, ClientError> {
        let url = url.trim_end_matches('/').to_owned();
        let endpoint = endpoint(&url, trust)?;
        let channel = endpoint.connect().await;
        let channel = channel.map_err(|error| ClientError::Away {
            url: url.clone(),
            reason: crate::exit::message(&error.into()),
        })?;
        let runs = RunsClient::with_interceptor(channel, Authorize::with(trust))
            .max_decoding_message_size(MAX_SESSION_MESSAGE)
            .max_encoding_message_size(MAX_SESSION_MESSAGE);
        Ok(Self { url, runs })
    }

    /// Whether the coordinator answers at all. Where it does not take this client's certificate, it says so only after the
    /// connection was made. It is asked for a submission that nobody can have made, so that it looks into no store.
    pub(crate) async fn prove(&mut self) -> Result<(), ClientError> {
        match self.watch("", Place::default()).await {
            Err(away @ ClientError::Away { .. }) => Err(away),
            _ => Ok(()),
        }
    }

    /// Submits a task; the same again is the same submission. `data` is where the price files lie, and empty for a tuning,
    /// which reads none. Returns the submission's name.
    pub(crate) async fn submit(&mut self, data: &str, task: &Task) -> Result<String, ClientError> {
        let request = SubmitRequest {
            protocol: PROTOCOL_VERSION,
            build: build(),
            data: data.to_owned(),
            request: to_json(task),
        };
        let submitted = self.runs.submit(request).await;
        let submitted = submitted.map_err(|status| self.failed(&status))?;
        Ok(submitted.into_inner().submission)
    }

    /// Follows a submission from a place on.
    pub(crate) async fn watch(
        &mut self,
        submission: &str,
        place: Place,
    ) -> Result<Streaming<WatchResponse>, ClientError> {
        let request = WatchRequest {
            submission: submission.to_owned(),
            epoch: place.epoch,
            after: place.number,
        };
        let watching = self.runs.watch(request).await;
        Ok(watching
            .map_err(|status| self.failed(&status))?
            .into_inner())
    }

    /// The next news of a submission that is followed.
    pub(crate) async fn next(
        &self,
        watching: &mut Streaming<WatchResponse>,
        place: &mut Place,
    ) -> Result<News, ClientError> {
        let message = watching.message().await;
        let message = message.map_err(|status| self.failed(&status))?;
        let message = message.ok_or_else(|| self.away("it ended the stream"))?;
        *place = Place {
            epoch: message.epoch,
            number: message.number,
        };
        let bad_answer = |error: &dyn std::fmt::Display| ClientError::BadAnswer(error.to_string());
        match message.news {
            Some(WireNews::Event(event)) => {
                let event = from_json("event", &event);
                event.map(News::Event).map_err(|error| bad_answer(&error))
            }
            Some(WireNews::Ended(ending)) => {
                let ending = from_json("ended", &ending);
                ending.map(News::Ended).map_err(|error| bad_answer(&error))
            }
            None => Err(bad_answer(&"a message has no news")),
        }
    }

    /// Ends a run or a submission for good; returns the run's id, where it had one.
    pub(crate) async fn cancel(&mut self, run: &str) -> Result<String, ClientError> {
        let request = CancelRequest {
            run: run.to_owned(),
        };
        let cancelled = self.runs.cancel(request).await;
        Ok(cancelled
            .map_err(|status| self.failed(&status))?
            .into_inner()
            .run)
    }

    /// All runs, or one, which may be `latest`.
    pub(crate) async fn list(&mut self, run: Option<&str>) -> Result<Vec<RunInfo>, ClientError> {
        let request = ListRequest {
            run: run.unwrap_or_default().to_owned(),
        };
        let listed = self.runs.list(request).await;
        let mut listed = listed.map_err(|status| self.failed(&status))?.into_inner();
        let mut runs = Vec::new();
        while let Some(run) = listed
            .message()
            .await
            .map_err(|status| self.failed(&status))?
        {
            let run = from_json("run", &run.run);
            runs.push(run.map_err(|error| ClientError::BadAnswer(error.to_string()))?);
        }
        Ok(runs)
    }

    fn failed(&self, status: &Status) -> ClientError {
        match status.code() {
            Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Internal => {
                self.away(&with_causes(status.message().to_owned(), status.source()))
            }
            code => ClientError::Refused {
                code,
                message: status.message().to_owned(),
            },
        }
    }

    fn away(&self, reason: &str) -> ClientError {
        ClientError::Away {
            url: self.url.clone(),
            reason: reason.to_owned(),
        }
    }
}

//! Streams of workers that are about an attempt: how they begin, whose they are, and how long they may be silent.

use std::sync::Arc;
use std::time::Duration;

use arrow_flight::FlightData;
use prost::Message;
use proto::session::AttemptId;
use proto::wire;
use tokio::time::timeout;
use tonic::{Status, Streaming};

use super::listen::unless_gone;
use crate::actor::MembersDesk;
use crate::remote::{RemoteWorker, Unwanted};

/// How long a stream may be silent.
const SILENCE: Duration = Duration::from_secs(30);

/// The first message of a stream, and the command of its descriptor. `what` is the stream, for people.
pub(super) async fn begin<Command: Message + Default>(
    stream: &mut Streaming<FlightData>,
    what: &str,
) -> Result<(FlightData, Command), Status> {
    let first = next_message(stream, what).await?;
    let no_descriptor = || Status::invalid_argument(format!("{what} begins with its descriptor"));
    let first = first.ok_or_else(no_descriptor)?;
    let descriptor = first.flight_descriptor.as_ref();
    let command = descriptor.ok_or_else(no_descriptor)?.cmd.clone();
    let command = Command::decode(command).map_err(|error| {
        let message = format!("the descriptor of {what} cannot be read: {error}");
        Status::invalid_argument(message)
    })?;
    Ok((first, command))
}

/// The next message of a stream; `None` at its end.
pub(super) async fn next_message(
    stream: &mut Streaming<FlightData>,
    what: &str,
) -> Result<Option<FlightData>, Status> {
    let next = timeout(SILENCE, stream.message()).await;
    next.map_err(|_| Status::deadline_exceeded(format!("{what} was silent for too long")))?
}

/// The attempt that a stream is about, and its worker, which is a member still.
pub(super) async fn whose(
    members: &MembersDesk,
    attempt: Option<wire::Attempt>,
) -> Result<(AttemptId, Arc<RemoteWorker>), Status> {
    let attempt = AttemptId::try_from(attempt);
    let attempt = attempt.map_err(|error| Status::invalid_argument(error.to_string()))?;
    let found = unless_gone(members.find(attempt.clone()).await)?;
    let worker = found.map_err(|stale| Status::failed_precondition(stale.to_string()))?;
    Ok((attempt, worker))
}

/// Nobody waits for the attempt.
pub(super) fn unwanted(error: Unwanted) -> Status {
    Status::aborted(error.to_string())
}

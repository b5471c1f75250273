//! Asking actors.

use tonic::Status;

use crate::actor::Gone;

/// An actor's answer; an actor is gone when the process is about to end.
pub(super) fn unless_gone<T>(answer: Result<T, Gone>) -> Result<T, Status> {
    answer.map_err(|gone| Status::unavailable(gone.to_string()))
}

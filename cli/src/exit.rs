//! Exit statuses.

use std::error::Error;
use std::process::ExitCode;

use coordinator::history::HistoryError;
use coordinator::run::RunError;
use market::store::OpenStoreError;
use market::synth::SynthError;
use output::outcome::Status;
use trust::tls::TlsError;
use trust::tokens::TokensError;
use worker::join::JoinError;

use crate::client::ClientError;
use crate::commands::ListenError;
use crate::config::ConfigError;

const FAILED: u8 = 1;
const BAD_USAGE: u8 = 2;
const QUALITY_LIMIT: u8 = 3;
pub(crate) const INTERRUPTED: u8 = 130;

/// The exit status of a run that ended.
pub(crate) fn of_status(status: Status) -> ExitCode {
    match status {
        Status::Completed => ExitCode::SUCCESS,
        Status::FailedQuality => ExitCode::from(QUALITY_LIMIT),
        Status::Failed | Status::Cancelled => ExitCode::from(FAILED),
    }
}

/// The exit status of an error.
pub(crate) fn of_error(error: &anyhow::Error) -> ExitCode {
    if is_interrupted(error) {
        return ExitCode::from(INTERRUPTED);
    }
    let bad_location = error
        .downcast_ref()
        .is_some_and(OpenStoreError::is_bad_usage);
    let bad_size = matches!(error.downcast_ref(), Some(SynthError::InvalidSize { .. }));
    let bad_usage = error.is::<ConfigError>()
        || error.is::<ListenError>()
        || error.is::<TlsError>()
        || error.is::<TokensError>()
        || names_no_run(error)
        || matches!(error.downcast_ref(), Some(RunError::Tune(error)) if error.is_bad_usage())
        || error.downcast_ref().is_some_and(ClientError::is_bad_usage)
        || error.downcast_ref().is_some_and(JoinError::is_bad_usage);
    if bad_location || bad_size || bad_usage {
        return ExitCode::from(BAD_USAGE);
    }
    ExitCode::from(FAILED)
}

/// Whether the text that is to name a run cannot.
fn names_no_run(error: &anyhow::Error) -> bool {
    let of_work = error.downcast_ref();
    matches!(error.downcast_ref(), Some(HistoryError::BadRunId(_)))
        || matches!(of_work, Some(RunError::History(HistoryError::BadRunId(_))))
}

/// How a run or a tuning ended that gave this error, in the word of its JSON.
pub(crate) fn word(error: &anyhow::Error) -> &'static str {
    if is_interrupted(error) {
        "interrupted"
    } else if matches!(error.downcast_ref(), Some(ClientError::Cancelled)) {
        Status::Cancelled.word()
    } else {
        "failed"
    }
}

fn is_interrupted(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(RunError::Interrupted))
        || matches!(error.downcast_ref(), Some(ClientError::Detached { .. }))
}

/// The error in words, followed by those of its causes that it does not tell itself.
pub(crate) fn message(error: &anyhow::Error) -> String {
    with_causes(error.to_string(), error.source())
}

/// A message, followed by those of its causes that it does not tell itself.
pub(crate) fn with_causes(mut message: String, mut cause: Option<&dyn Error>) -> String {
    while let Some(error) = cause {
        let told = error.to_string();
        if !message.contains(&told) {
            message = format!("{message}: {told}");
        }
        cause = error.source();
    }
    message
}

/// Tells the user, one line a problem, and gives the exit status.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    for line in message(error).lines() {
        eprintln!("error: {line}");
    }
    of_error(error)
}

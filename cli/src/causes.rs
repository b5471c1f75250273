//! Errors in words.

use std::error::Error;

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

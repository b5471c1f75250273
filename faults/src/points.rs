//! The points themselves, with what the environment asks for.

use std::env;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::OnceLock;

use thiserror::Error;

use crate::act::{act, act_aside, note, open_log};
use crate::planned::{BadFault, Faults, Planned};
use crate::{LOG_VARIABLE, VARIABLE};

/// Why the faults that the environment asks for cannot happen.
#[derive(Debug, Error)]
pub enum BadEnvironment {
    /// The variable is not text.
    #[error("{VARIABLE} is not UTF-8")]
    NotText,
    /// A fault makes no sense.
    #[error("{VARIABLE}: {0}")]
    Fault(#[from] BadFault),
    /// The log cannot be written.
    #[error("{LOG_VARIABLE}: cannot write {}: {error}", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

struct Environment {
    faults: Faults,
    log: Option<PathBuf>,
}

/// Passes a point on a thread that may be held up. Panics where the environment was not checked and makes no sense, where
/// the log cannot be written, and where a panic is what the point's fault is.
pub fn hit(point: &str, detail: impl Display) {
    let detail = detail.to_string();
    for fault in due(point, &detail) {
        act(&fault.action, point, &detail);
    }
}

/// Passes a point in a task: other tasks go on while it is slowed or held. Panics as [`hit`] does.
pub fn reached(point: &str, detail: impl Display) -> impl Future<Output = ()> + Send {
    let detail = detail.to_string();
    async move {
        for fault in due(point, &detail) {
            act_aside(&fault.action, point, &detail).await;
        }
    }
}

/// Reads the environment, and returns what is wrong with it. A process calls this when it starts, so that a misspelt fault
/// is an error and not a fault that never happens.
pub fn check_environment() -> Result<(), BadEnvironment> {
    let read = read_environment()?;
    // Where a point was passed before, the same was read then.
    let _ = ENVIRONMENT.set(read);
    Ok(())
}

static ENVIRONMENT: OnceLock<Environment> = OnceLock::new();

fn read_environment() -> Result<Environment, BadEnvironment> {
    let text = match env::var(VARIABLE) {
        Ok(text) => text,
        Err(env::VarError::NotPresent) => String::new(),
        Err(env::VarError::NotUnicode(_)) => return Err(BadEnvironment::NotText),
    };
    let faults = Faults::parse(&text)?;
    let log = env::var_os(LOG_VARIABLE).map(PathBuf::from);
    if let Some(path) = &log {
        open_log(path).map_err(|error| BadEnvironment::Log {
            path: path.clone(),
            error,
        })?;
    }
    Ok(Environment { faults, log })
}

/// The faults that happen now, already in the log and told on stderr.
fn due(point: &str, detail: &str) -> Vec<&'static Planned> {
    let environment = ENVIRONMENT.get_or_init(|| {
        read_environment().unwrap_or_else(|error| panic!("faults were asked for badly: {error}"))
    });
    let due = environment.faults.due(point, detail);
    for fault in &due {
        if let Some(log) = &environment.log {
            note(log, point, detail, &fault.written).expect("the log of faults can be written");
        }
        // Without a stderr there is nobody to tell.
        let _ = writeln!(io::stderr(), "fault at {point} {detail}: {}", fault.written);
    }
    due
}

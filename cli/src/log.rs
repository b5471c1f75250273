//! What the process says to people and to log collectors, on stderr.

use std::io::IsTerminal;
use std::sync::OnceLock;

use clap::ValueEnum;
use tracing_subscriber::filter::{EnvFilter, LevelFilter};

/// What a library says of its own threads is not for users.
const QUIET: &str = "actix_server=warn";

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// An object a line, for log collectors.
    Json,
}

static FORMAT: OnceLock<LogFormat> = OnceLock::new();

/// Warnings of the libraries and of our own go to stderr, and of a process that serves what it does, with the time;
/// `RUST_LOG` asks for more.
pub(crate) fn start(format: LogFormat, serves: bool) {
    let _ = FORMAT.set(format);
    let level = if serves {
        LevelFilter::INFO
    } else {
        LevelFilter::WARN
    };
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(format!("{level},{QUIET}")));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Json => log.json().flatten_event(true).init(),
        LogFormat::Text => {
            let log = log.with_ansi(std::io::stderr().is_terminal());
            if serves {
                log.init();
            } else {
                log.without_time().init();
            }
        }
    }
}

/// Says what everybody is to know who starts the process, whatever the level of the log.
pub(crate) fn announce(text: &str) {
    match FORMAT.get() {
        Some(LogFormat::Json) => tracing::info!("{text}"),
        _ => eprintln!("{text}"),
    }
}

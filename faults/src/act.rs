//! What a fault does to the process that it happens to.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};

use crate::planned::Action;

/// Between two looks for the file that ends a hold.
const LOOK: Duration = Duration::from_millis(5);

/// How long a thread waits for the signal that it sent to stop it too: other threads may get it first.
const SIGNAL_ARRIVES: Duration = Duration::from_millis(50);

/// Appends to the log in one write, so that lines of several processes do not mix.
pub(crate) fn note(log: &Path, point: &str, detail: &str, action: &str) -> io::Result<()> {
    let detail = if detail.is_empty() { "-" } else { detail };
    let process = getpid();
    let line = format!("{point} {detail} {process} {action}\n");
    open_log(log)?.write_all(line.as_bytes())
}

pub(crate) fn open_log(log: &Path) -> io::Result<File> {
    File::options().append(true).create(true).open(log)
}

/// Acts, and returns when the process may go on.
pub(crate) fn act(action: &Action, point: &str, detail: &str) {
    match action {
        Action::Slow(time) => thread::sleep(*time),
        Action::Hold(file) => {
            while !file.exists() {
                thread::sleep(LOOK);
            }
        }
        sudden => act_suddenly(sudden, point, detail),
    }
}

/// Like [`act`], but other tasks of the thread go on where the process does.
pub(crate) async fn act_aside(action: &Action, point: &str, detail: &str) {
    match action {
        Action::Slow(time) => tokio::time::sleep(*time).await,
        Action::Hold(file) => {
            while !file.exists() {
                tokio::time::sleep(LOOK).await;
            }
        }
        sudden => act_suddenly(sudden, point, detail),
    }
}

fn act_suddenly(action: &Action, point: &str, detail: &str) {
    let signal = match action {
        Action::Kill => Signal::KILL,
        Action::Stop => Signal::STOP,
        Action::Panic => panic!("{}", panic_message(point, detail)),
        Action::Slow(_) | Action::Hold(_) => unreachable!("these take their time"),
    };
    kill_process(getpid(), signal).expect("a process may signal itself");
    thread::sleep(SIGNAL_ARRIVES);
}

fn panic_message(point: &str, detail: &str) -> String {
    if detail.is_empty() {
        return format!("the fault at {point} that was asked for");
    }
    format!("the fault at {point} {detail} that was asked for")
}

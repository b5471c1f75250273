//! The faults that happened, as the processes noted them.

use std::fs;
use std::path::Path;

/// A fault that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// The point.
    pub point: String,
    /// The point's detail, `-` where it has none.
    pub detail: String,
    /// The process.
    pub process: u32,
    /// What it did.
    pub action: String,
}

/// All of a log, in the order of time; nothing where there is no log.
pub fn read(log: &Path) -> Vec<Happened> {
    let text = fs::read_to_string(log).unwrap_or_default();
    text.lines().map(parse).collect()
}

fn parse(line: &str) -> Happened {
    let fields: Vec<&str> = line.splitn(4, ' ').collect();
    let [point, detail, process, action] = fields[..] else {
        panic!("the log of faults has {line:?}")
    };
    Happened {
        point: point.to_owned(),
        detail: detail.to_owned(),
        process: process.parse().expect("a process has a number"),
        action: action.to_owned(),
    }
}

//! Which faults are to happen: parsed and counted; nothing happens here.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use thiserror::Error;

/// Part of a list of faults that makes no sense.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum BadFault {
    /// There is no action, or an unknown one.
    #[error(
        "'{0}' does not end in an action: write POINT[:DETAIL][#NTH]=kill, stop, panic, slow:MS or hold:FILE"
    )]
    Action(String),
    /// The point's name is none.
    #[error("'{0}' does not begin with the name of a point: use lower-case letters and dashes")]
    Point(String),
    /// The number of the time is 0, or too large.
    #[error("'{0}' means no time: write #1 for the first")]
    Time(String),
}

/// What happens to a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    Kill,
    Stop,
    Panic,
    Slow(Duration),
    Hold(PathBuf),
}

impl Action {
    fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None if text == "kill" => Some(Self::Kill),
            None if text == "stop" => Some(Self::Stop),
            None if text == "panic" => Some(Self::Panic),
            Some(("slow", milliseconds)) => {
                let milliseconds = milliseconds.parse().ok()?;
                Some(Self::Slow(Duration::from_millis(milliseconds)))
            }
            Some(("hold", file)) if !file.is_empty() => Some(Self::Hold(file.into())),
            _ => None,
        }
    }
}

/// A fault that is to happen, and how often its point was hit.
#[derive(Debug)]
pub(crate) struct Planned {
    point: String,
    detail: Option<String>,
    time: Option<u64>,
    /// The action as it was written, for the log.
    pub(crate) written: String,
    pub(crate) action: Action,
    hits: AtomicU64,
}

impl Planned {
    fn parse(text: &str) -> Result<Self, BadFault> {
        // From the left, for a file may have the sign in its name; past those of symbols, which no action follows.
        let signs = text.match_indices('=').map(|(place, _)| place);
        let mut actions =
            signs.filter_map(|place| Some((place, Action::parse(&text[place + 1..])?)));
        let Some((place, action)) = actions.next() else {
            return Err(BadFault::Action(text.to_owned()));
        };
        let (mut at, written) = (&text[..place], text[place + 1..].to_owned());
        let mut time = None;
        if let Some((before, digits)) = at.rsplit_once('#')
            && !digits.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit())
        {
            let number = digits.parse().ok().filter(|number| *number > 0);
            time = Some(number.ok_or_else(|| BadFault::Time(text.to_owned()))?);
            at = before;
        }
        let (point, detail) = match at.split_once(':') {
            Some((point, detail)) => (point, Some(detail.to_owned())),
            None => (at, None),
        };
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
        if point.is_empty() || !point.bytes().all(is_name) {
            return Err(BadFault::Point(text.to_owned()));
        }
        Ok(Self {
            point: point.to_owned(),
            detail,
            time,
            written,
            action,
            hits: AtomicU64::new(0),
        })
    }

    /// Counts a hit that is meant, and tells whether this is the time.
    fn is_due(&self, point: &str, detail: &str) -> bool {
        if self.point != point || self.detail.as_ref().is_some_and(|meant| meant != detail) {
            return false;
        }
        let hit = self.hits.fetch_add(1, Ordering::Relaxed) + 1;
        self.time.is_none_or(|time| time == hit)
    }
}

/// All faults that are to happen in this process.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    planned: Vec<Planned>,
}

impl Faults {
    /// Parses a list; an empty one has no faults.
    pub(crate) fn parse(text: &str) -> Result<Self, BadFault> {
        let parts = text.split(',').filter(|part| !part.is_empty());
        let planned = parts.map(Planned::parse).collect::<Result<_, _>>()?;
        Ok(Self { planned })
    }

    /// The faults that are to happen now, in the order of the list.
    pub(crate) fn due(&self, point: &str, detail: &str) -> Vec<&Planned> {
        let due = |planned: &&Planned| planned.is_due(point, detail);
        self.planned.iter().filter(due).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due<'a>(faults: &'a Faults, point: &str, detail: &str) -> Vec<&'a str> {
        let due = faults.due(point, detail);
        due.iter().map(|planned| planned.written.as_str()).collect()
    }

    #[test]
    fn a_point_alone_is_meant_with_every_detail_and_every_time() {
        let faults = Faults::parse("before-commit=slow:20").unwrap();
        for detail in ["", "00001", "00002", "00001"] {
            assert_eq!(due(&faults, "before-commit", detail), ["slow:20"]);
        }
        assert!(due(&faults, "after-commit", "00001").is_empty());
    }

    #[test]
    fn a_number_means_one_time_of_those_with_the_detail() {
        let faults = Faults::parse("mid-shard:A#2=kill,mid-shard#2=stop").unwrap();
        assert!(due(&faults, "mid-shard", "A").is_empty());
        assert_eq!(due(&faults, "mid-shard", "B"), ["stop"]);
        assert_eq!(due(&faults, "mid-shard", "A"), ["kill"]);
        assert!(due(&faults, "mid-shard", "A").is_empty());
    }

    #[test]
    fn signs_of_symbols_are_told_from_those_of_the_list() {
        for (text, detail) in [
            ("mid-shard:CARR#=panic", "CARR#"),
            ("mid-shard:CARR##1=panic", "CARR#"),
            ("mid-shard:A=B=panic", "A=B"),
            ("mid-shard:X^Y$=panic", "X^Y$"),
        ] {
            let faults = Faults::parse(text).unwrap();
            assert_eq!(due(&faults, "mid-shard", detail), ["panic"], "{text}");
        }
        let faults = Faults::parse("a=hold:/tmp/b=stop").unwrap();
        assert_eq!(faults.planned[0].action, Action::Hold("/tmp/b=stop".into()));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_what_to_write() {
        for text in ["a", "a=", "a=halt", "a=slow:soon", "a=hold:", "a=kill:9"] {
            let refused = Faults::parse(text).map(|_| ());
            assert_eq!(refused, Err(BadFault::Action(text.to_owned())));
        }
        for text in ["=kill", ":A=kill", "a b=kill", "#1=kill"] {
            let refused = Faults::parse(text).map(|_| ());
            assert_eq!(refused, Err(BadFault::Point(text.to_owned())));
        }
        for text in ["a#0=kill", "a#99999999999999999999=kill"] {
            let refused = Faults::parse(text).map(|_| ());
            assert_eq!(refused, Err(BadFault::Time(text.to_owned())));
        }
        assert!(Faults::parse("").unwrap().planned.is_empty());
    }
}

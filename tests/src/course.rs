//! The course of a run as its coordinator tells it: which worker got which shard, and what became of it.

use std::collections::{BTreeMap, BTreeSet};

/// One attempt at one shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The shard's number.
    pub shard: u32,
    /// The attempt's number, from 1.
    pub number: u32,
    /// The id of the worker, its name and the number of its session.
    pub worker: String,
}

/// What happened to a worker, by its id, or to a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A worker came.
    Joined(String),
    /// A worker is counted on no more, and why.
    Lost(String, String),
    /// A worker leaves when it has nothing in hand.
    Drains(String),
    /// It has left.
    Drained(String),
    /// A worker was told to compute a shard.
    Given(Attempt),
    /// A worker was told to compute a shard that another has in hand.
    Copied(Attempt),
    /// A shard's result is the one that counts.
    Committed(Attempt),
    /// An attempt came to nothing, and why.
    Failed(Attempt, String),
    /// An attempt was given back, or lost on the way: it does not count as failed.
    HandedBack(Attempt),
}

impl Event {
    /// The event that a line of the coordinator tells, after whatever stands before it.
    pub fn parse(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        (0..words.len()).find_map(|first| Self::of_words(&words[first..]))
    }

    fn of_words(words: &[&str]) -> Option<Self> {
        match *words {
            ["worker", worker, "joined", "with", ..] => Some(Self::Joined(worker.to_owned())),
            ["worker", worker, "lost:", ref why @ ..] => {
                Some(Self::Lost(worker.to_owned(), why.join(" ")))
            }
            ["worker", worker, "drains", ..] => Some(Self::Drains(worker.to_owned())),
            ["worker", worker, "drained"] => Some(Self::Drained(worker.to_owned())),
            ["shard", shard, "attempt", number, "given", "to", worker] => {
                Some(Self::Given(attempt(shard, number, worker)?))
            }
            #[rustfmt::skip]
            ["shard", shard, "attempt", number, "given", "to", worker, "as", "a", "copy"] => {
                Some(Self::Copied(attempt(shard, number, worker)?))
            },
            ["shard", shard, "attempt", number, "committed", "by", worker] => {
                Some(Self::Committed(attempt(shard, number, worker)?))
            }
            #[rustfmt::skip]
            ["shard", shard, "attempt", number, "handed", "back", "by", worker, ..] => {
                Some(Self::HandedBack(attempt(shard, number, worker.trim_end_matches(':'))?))
            },
            #[rustfmt::skip]
            ["attempt", number, "at", "shard", shard, "on", worker, "failed:", ref why @ ..] => {
                Some(Self::Failed(attempt(shard, number, worker)?, why.join(" ")))
            },
            _ => None,
        }
    }
}

fn attempt(shard: &str, number: &str, worker: &str) -> Option<Attempt> {
    Some(Attempt {
        shard: shard.parse().ok()?,
        number: number.parse().ok()?,
        worker: worker.to_owned(),
    })
}

/// The shards that were committed, each with its worker. Asserts that none was committed twice, and none given out again
/// after.
#[track_caller]
pub fn expect_each_committed_once(events: &[Event]) -> BTreeMap<u32, String> {
    let mut committed = BTreeMap::new();
    for event in events {
        match event {
            Event::Committed(Attempt { shard, worker, .. }) => {
                let before = committed.insert(*shard, worker.clone());
                assert_eq!(before, None, "shard {shard} was committed twice");
            }
            Event::Given(Attempt { shard, .. }) | Event::Copied(Attempt { shard, .. }) => {
                let before = committed.get(shard);
                assert_eq!(before, None, "shard {shard} was given out again");
            }
            _ => {}
        }
    }
    committed
}

/// The shards that were given to anybody.
pub fn given(events: &[Event]) -> BTreeSet<u32> {
    let shard = |event: &Event| match event {
        Event::Given(attempt) | Event::Copied(attempt) => Some(attempt.shard),
        _ => None,
    };
    events.iter().filter_map(shard).collect()
}

/// Whether a worker's id is of a session of the worker of that name.
pub fn is_of(worker: &str, name: &str) -> bool {
    worker.split('/').next() == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_behind_the_name_of_their_run() {
        let line = "0123456789abcdef-1: shard 00003 attempt 2 given to w1/7 as a copy";
        let copied = Event::Copied(attempt("3", "2", "w1/7").unwrap());
        assert_eq!(Event::parse(line), Some(copied));
        let lost = Event::parse("worker w1/7 lost: not heard for 2 s");
        let expected = Event::Lost("w1/7".to_owned(), "not heard for 2 s".to_owned());
        assert_eq!(lost, Some(expected));
        assert_eq!(Event::parse("features took 0.1 s"), None);
    }

    #[test]
    #[should_panic(expected = "given out again")]
    fn a_committed_shard_that_is_given_out_again_is_seen() {
        let committed = Event::parse("shard 00000 attempt 1 committed by w").unwrap();
        let given = Event::parse("shard 00000 attempt 2 given to w").unwrap();
        expect_each_committed_once(&[committed, given]);
    }
}

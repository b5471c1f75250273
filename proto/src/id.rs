//! Typed ids.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Hexadecimal digits of a job key.
const JOB_KEY_DIGITS: usize = 16;

/// A hash of everything that decides a run's output.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobKey(String);

impl JobKey {
    /// The key of a digest: its first 16 hexadecimal digits.
    ///
    /// Panics where the digest is shorter.
    pub fn of_digest(hex_digest: &str) -> Self {
        Self(hex_digest[..JOB_KEY_DIGITS].to_owned())
    }
}

impl fmt::Display for JobKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

/// One run of a job: `KEY-N`, where N counts from 1 the times that the job was begun anew.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId {
    /// The job.
    pub job: JobKey,
    /// Which run of it.
    pub number: u64,
}

/// Why a text is not a run's id.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not the id of a run: `runs` lists them")]
pub struct RunIdError(pub String);

impl RunId {
    /// The id `KEY-N`.
    pub fn parse(text: &str) -> Result<Self, RunIdError> {
        let parsed = text.split_once('-').and_then(|(key, number)| {
            let is_key =
                key.len() == JOB_KEY_DIGITS && key.bytes().all(|byte| byte.is_ascii_hexdigit());
            let number = number.parse().ok().filter(|number| *number > 0)?;
            is_key.then(|| Self {
                job: JobKey(key.to_owned()),
                number,
            })
        });
        parsed.ok_or_else(|| RunIdError(text.to_owned()))
    }
}

impl TryFrom<String> for RunId {
    type Error = RunIdError;

    fn try_from(text: String) -> Result<Self, RunIdError> {
        Self::parse(&text)
    }
}

impl From<RunId> for String {
    fn from(run: RunId) -> Self {
        run.to_string()
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&format!("{}-{}", self.job, self.number))
    }
}

/// A shard of one run, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShardId(pub u32);

impl fmt::Display for ShardId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:05}", self.0)
    }
}

/// A worker's session, counted by its coordinator from 1. A worker that dials again has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(pub u64);

impl fmt::Display for Incarnation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

/// A worker, unique among those of a coordinator.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkerId(pub String);

impl fmt::Display for WorkerId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::RunId;

    #[test]
    fn run_ids_round_trip_and_refuse_paths() {
        let run = RunId::parse("0123456789abcdef-12").unwrap();
        assert_eq!(run.to_string(), "0123456789abcdef-12");
        for bad in [
            "",
            "latest",
            "0123456789abcdef",
            "0123456789abcdef-0",
            "0123456789abcde/-1",
            "../0123456789abc-1",
        ] {
            assert!(RunId::parse(bad).is_err(), "{bad}");
        }
    }
}

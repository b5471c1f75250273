//! What a run is asked for.

use serde::{Deserialize, Serialize};

use crate::accounts::QualityLimits;
use crate::job::{BadJob, Job};

/// What a run is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// What to make of the data.
    pub job: Job,
    /// The wish for a new run of everything, though nothing changed. It has a name, so that it can be told from the next
    /// such wish when it is uttered again, by a client or after a restart.
    pub force: Option<String>,
    /// Hash price files rather than trust their size and time.
    pub verify: bool,
    /// Beyond these the run fails.
    pub limits: QualityLimits,
}

impl Request {
    /// Whether the request means something: a client elsewhere may not have looked.
    pub(crate) fn check(&self) -> Result<(), BadJob> {
        self.job.check()
    }
}

//! What was submitted, and its file in the store, so that it outlives the coordinator.

use market::store::{Store, StoreError};
use proto::id::JobKey;
use serde::{Deserialize, Serialize};

use crate::history::{self, HistoryError};
use crate::run::Request;
use crate::tune::TuneRequest;
use output::document::read_json;
use output::paths;

/// What a client may ask for. As JSON it is that of one or the other; their fields tell them apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Task {
    /// A run.
    Run(Request),
    /// A search for better parameters, on the features of a run.
    Tune(TuneRequest),
}

/// A task that a client submitted, or that an earlier coordinator left unfinished.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Submission {
    /// Its name: that of the job, and of the wish for a new run where there is one; for a tuning its id. The same again is the
    /// same submission.
    pub(crate) name: String,
    /// Where the price files lie that it is about: an absolute path or a URL.
    pub(crate) data: String,
    /// What is asked for. Files of before there were tunings call it so too.
    #[serde(rename = "request")]
    pub(crate) task: Task,
    /// The epoch in which it was submitted, and its place among those of the epoch.
    pub(crate) order: (u64, u64),
}

impl Submission {
    /// The name of a submission of a run of this job.
    pub(crate) fn name(job: &JobKey, request: &Request) -> String {
        match &request.force {
            None => job.to_string(),
            Some(wish) => {
                let wish = blake3::hash(wish.as_bytes()).to_hex();
                format!("{job}.{}", &wish[..16])
            }
        }
    }

    /// Keeps it until [`Submission::forget`].
    pub(crate) async fn keep(&self, out: &Store) -> Result<(), StoreError> {
        let json = serde_json::to_vec(self).expect("our own types have a JSON form");
        out.replace(&paths::submission(&self.name), json.into())
            .await
    }

    /// Whether a submission of this name is kept.
    pub(crate) async fn is_kept(out: &Store, name: &str) -> Result<bool, StoreError> {
        let kept = out.fingerprint_of(&paths::submission(name)).await?;
        Ok(kept.is_some())
    }

    /// It has ended, or was cancelled.
    pub(crate) async fn forget(out: &Store, name: &str) -> Result<(), StoreError> {
        out.remove(&paths::submission(name)).await
    }

    #[cfg(test)]
    pub(crate) fn named(name: &str) -> Self {
        use features::schema::FeatureSchema;
        use proto::ticket::Recipe;

        let recipe = Recipe {
            schema: FeatureSchema::default(),
            raw: false,
        };
        Self {
            name: name.to_owned(),
            data: "/data".to_owned(),
            task: Task::Run(Request {
                job: crate::job::Job {
                    recipe,
                    model: None,
                    volume: None,
                },
                force: None,
                verify: false,
                limits: crate::run::QualityLimits::default(),
            }),
            order: (0, 0),
        }
    }
}

/// What an earlier coordinator, or an embedded run, left unfinished: runs without an outcome first, then what was still
/// waiting, each in its order.
pub(crate) async fn left_unfinished(out: &Store) -> Result<Vec<Submission>, HistoryError> {
    let mut unfinished = Vec::new();
    let mut runs = history::runs(out).await?;
    runs.reverse();
    for past in runs.into_iter().filter(|past| past.outcome.is_none()) {
        let request = Request {
            job: past.plan.job,
            force: past.plan.forced_by,
            verify: false,
            limits: past.plan.limits,
        };
        unfinished.push(Submission {
            name: Submission::name(&past.run.job, &request),
            data: past.plan.data,
            task: Task::Run(request),
            order: (past.plan.planned.epoch, past.plan.planned.turn),
        });
    }
    let (files, _) = out.list_folder(paths::SUBMISSIONS).await?;
    let mut waiting: Vec<Submission> = Vec::new();
    for file in files {
        waiting.extend(read_json::<Submission>(out, &file.path).await?);
    }
    waiting.sort_by_key(|submission| submission.order);
    unfinished.extend(waiting);
    Ok(unfinished)
}

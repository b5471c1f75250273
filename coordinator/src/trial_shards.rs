//! The shards of a tuning: trials that are trained and tested on one fold each.

use std::collections::BTreeMap;
use std::sync::Arc;

use market::store::Store;
use model::forecast_errors::ForecastErrors;
use model::panel::Panel;
use model::trial::Trial;
use output::tuning::{TrialResult, commit_trial};
use proto::event::Stage;
use proto::id::{RunId, ShardId};
use proto::link::{ShardProgress, WorkerLink};
use proto::ticket::TrialTicket;
use tokio::sync::mpsc;

use crate::dispatch::{Attempted, Work};
use crate::placement::Assignment;

/// Some shards of a tuning.
pub(crate) struct TrialShards<'a> {
    pub(crate) run: &'a RunId,
    pub(crate) tuning: &'a RunId,
    pub(crate) epoch: u64,
    pub(crate) out: &'a Store,
    pub(crate) panel: &'a Arc<Panel>,
    pub(crate) trials: &'a BTreeMap<ShardId, Trial>,
}

impl Work for TrialShards<'_> {
    type Done = ForecastErrors;

    const STAGE: Stage = Stage::Tune;

    /// Trees cost by their number and size, for every row that they are trained on.
    fn weight(&self, shard: ShardId) -> u64 {
        let parameters = &self.trials[&shard].parameters;
        (parameters.trees * parameters.leaves) as u64
    }

    fn steps(&self, _: ShardId) -> u64 {
        1
    }

    async fn attempt(
        &self,
        link: Arc<dyn WorkerLink>,
        assignment: &Assignment,
        _: bool,
        _: mpsc::Sender<ShardProgress>,
    ) -> Attempted<ForecastErrors> {
        let shard = assignment.shard;
        let trial = &self.trials[&shard];
        let ticket = TrialTicket {
            tuning: self.tuning.clone(),
            epoch: self.epoch,
            shard,
            attempt: assignment.attempt,
            panel: Arc::clone(self.panel),
            trial: trial.clone(),
        };
        let errors = match link.try_out(ticket).await {
            Ok(errors) => errors,
            Err(error) => return Attempted::Failed(error),
        };
        faults::reached("before-commit", shard).await;
        let result = TrialResult {
            trial: trial.clone(),
            errors,
        };
        match commit_trial(self.out, self.run, self.tuning, shard, &result).await {
            Ok(()) => {
                faults::reached("after-commit", shard).await;
                Attempted::Committed(errors)
            }
            Err(error) => Attempted::CommitFailed(error),
        }
    }
}

//! The shards of a run: tickers whose features are computed.

use std::sync::Arc;

use market::rows::{ModelRows, RowRequest};
use market::store::Store;
use output::commit::commit_shard;
use output::paths;
use proto::event::Stage;
use proto::id::ShardId;
use proto::link::{ShardProgress, ShardResult, WorkerLink};
use proto::record::TickerRecord;
use proto::ticket::ShardTicket;
use tokio::sync::mpsc;

use crate::dispatch::{Attempted, Dispatch, DispatchError, Work};
use crate::placement::Assignment;
use crate::plan::Plan;

/// The shards of a plan.
pub(crate) struct FeatureShards<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) epoch: u64,
    pub(crate) request: &'a RowRequest,
    pub(crate) out: &'a Store,
}

impl FeatureShards<'_> {
    /// Computes and commits `shards`. Returns their records, in no order of meaning; their rows are added to `rows`.
    pub(crate) async fn compute(
        &self,
        dispatch: &Dispatch<'_>,
        shards: &[ShardId],
        rows: &mut ModelRows,
    ) -> Result<Vec<TickerRecord>, DispatchError> {
        let mut records = Vec::new();
        let take_in = |_, (of_shard, its_rows): (Vec<TickerRecord>, ModelRows)| {
            records.extend(of_shard);
            rows.merge(its_rows);
        };
        dispatch.compute(self, shards, take_in).await?;
        Ok(records)
    }

    fn ticket(&self, assignment: &Assignment, careful: bool) -> ShardTicket {
        ShardTicket {
            run: self.plan.run.clone(),
            epoch: self.epoch,
            shard: assignment.shard,
            attempt: assignment.attempt,
            data: self.plan.data.clone(),
            tickers: self.plan.shards[assignment.shard.0 as usize]
                .tickers
                .clone(),
            recipe: self.plan.job.recipe.clone(),
            features_folder: paths::features(&self.plan.run),
            raw_folder: paths::raw(&self.plan.run),
            rows: self.request.clone(),
            careful,
        }
    }
}

impl Work for FeatureShards<'_> {
    type Done = (Vec<TickerRecord>, ModelRows);

    const STAGE: Stage = Stage::Features;

    fn weight(&self, shard: ShardId) -> u64 {
        self.plan.shards[shard.0 as usize].bytes()
    }

    fn steps(&self, shard: ShardId) -> u64 {
        self.weight(shard)
    }

    async fn attempt(
        &self,
        link: Arc<dyn WorkerLink>,
        assignment: &Assignment,
        careful: bool,
        progress: mpsc::Sender<ShardProgress>,
    ) -> Attempted<Self::Done> {
        let shard = assignment.shard;
        let computed = link
            .compute(self.ticket(assignment, careful), progress)
            .await;
        let ShardResult {
            records,
            rows,
            receipt,
        } = match computed {
            Ok(result) => result,
            Err(error) => return Attempted::Failed(error),
        };
        faults::reached("before-commit", shard).await;
        match commit_shard(self.out, &self.plan.run, shard, &records).await {
            Ok(()) => {
                faults::reached("after-commit", shard).await;
                receipt.committed();
                Attempted::Committed((records, rows))
            }
            Err(error) => Attempted::CommitFailed(error),
        }
    }
}

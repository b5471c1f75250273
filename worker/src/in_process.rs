//! A worker in the coordinator's own process: no sockets, no serialisation.

use std::sync::Arc;

use async_trait::async_trait;
use market::store::Store;
use model::forecast_errors::ForecastErrors;
use proto::id::WorkerId;
use proto::link::{ShardError, ShardProgress, ShardResult, WorkerLink};
use proto::ticket::{ShardTicket, TrialTicket};
use rayon::ThreadPool;
use tokio::sync::mpsc;

use crate::computing::Computing;
use crate::shard::{Workshop, compute_shard};
use crate::trial::compute_trial;

/// A worker of one slot that shares its pool of threads with others.
pub struct InProcessWorker {
    id: WorkerId,
    workshop: Workshop,
}

impl InProcessWorker {
    /// A worker that reads from `data`, writes to `out` and computes on `pool`.
    pub fn new(id: WorkerId, data: Store, out: Store, pool: Arc<ThreadPool>) -> Self {
        Self {
            id,
            workshop: Workshop { data, out, pool },
        }
    }
}

#[async_trait]
impl WorkerLink for InProcessWorker {
    fn id(&self) -> &WorkerId {
        &self.id
    }

    fn slots(&self) -> usize {
        1
    }

    async fn compute(
        &self,
        ticket: ShardTicket,
        progress: mpsc::Sender<ShardProgress>,
    ) -> Result<ShardResult, ShardError> {
        compute_shard(&self.workshop, ticket, progress, &Computing::untold()).await
    }

    async fn try_out(&self, ticket: TrialTicket) -> Result<ForecastErrors, ShardError> {
        let TrialTicket {
            panel,
            trial,
            shard,
            ..
        } = ticket;
        compute_trial(&self.workshop.pool, panel, trial, shard).await
    }
}

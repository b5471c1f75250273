//! Having shards computed: placement decides, links compute, each result is committed.

use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use market::sample::{Sample, SampleRequest};
use market::store::{Store, StoreError};
use proto::event::Stage;
use proto::id::ShardId;
use proto::link::{ShardError, ShardResult, TickerDone, WorkerLink};
use proto::record::TickerRecord;
use proto::ticket::ShardTicket;
use tokio::sync::mpsc;

use crate::commit::commit_shard;
use crate::narrator::Narrator;
use crate::paths;
use crate::placement::{Assignment, MAX_ATTEMPTS, Placement, Verdict};
use crate::plan::Plan;

/// Finished tickers that may wait to be told; workers wait beyond.
const PROGRESS_QUEUE: usize = 256;

/// Why the shards of a run were not all computed.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The run can never complete: another attempt would end alike.
    #[error("{0}")]
    Final(ShardError),
    /// A shard failed every time.
    #[error("shard {shard} failed {MAX_ATTEMPTS} times, the last time with: {source}")]
    GivenUp {
        /// The shard.
        shard: ShardId,
        /// Its last failure.
        source: ShardError,
    },
    /// The run can go on once a person has made room, or given leave.
    #[error("{0}")]
    Stopped(ShardError),
    /// A commit could not be written.
    #[error(transparent)]
    Commit(#[from] StoreError),
}

impl DispatchError {
    /// Whether the run can never complete.
    pub(crate) fn ends_the_run(&self) -> bool {
        match self {
            Self::Final(_) | Self::GivenUp { .. } => true,
            Self::Stopped(_) => false,
            Self::Commit(error) => matches!(error, StoreError::Different { .. }),
        }
    }
}

/// What is computed, and by whom.
pub(crate) struct Dispatch<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) epoch: u64,
    pub(crate) request: Option<&'a SampleRequest>,
    pub(crate) out: &'a Store,
    pub(crate) links: &'a [Arc<dyn WorkerLink>],
    pub(crate) narrator: &'a Narrator,
}

impl Dispatch<'_> {
    /// Computes and commits `shards`. Returns their records, in no order of meaning; their rows are offered to `sample`.
    pub(crate) async fn compute(
        &self,
        shards: &[ShardId],
        sample: &mut Sample,
    ) -> Result<Vec<TickerRecord>, DispatchError> {
        let weighed = shards
            .iter()
            .map(|shard| (*shard, self.plan.shards[shard.0 as usize].bytes()));
        let workers = self
            .links
            .iter()
            .map(|link| (link.id().clone(), link.slots()));
        let mut placement = Placement::new(weighed, workers);
        let (done, mut dones) = mpsc::channel(PROGRESS_QUEUE);
        let mut running = FuturesUnordered::new();
        let mut records = Vec::new();
        while !placement.is_done() {
            while let Some(assignment) = placement.assign() {
                running.push(self.attempt(assignment, done.clone()));
            }
            tokio::select! {
                Some(TickerDone { input_bytes }) = dones.recv() => {
                    self.narrator.advance(Stage::Features, input_bytes);
                }
                Some((assignment, result)) = running.next() => match result {
                    Ok(result) => {
                        commit_shard(self.out, &self.plan.run, assignment.shard, &result.records).await?;
                        placement.committed(&assignment);
                        records.extend(result.records);
                        if let Some(part) = result.sample {
                            sample.merge(part);
                        }
                    }
                    Err(error) => self.weigh_failure(&mut placement, &assignment, error)?,
                },
            }
        }
        while let Ok(TickerDone { input_bytes }) = dones.try_recv() {
            self.narrator.advance(Stage::Features, input_bytes);
        }
        Ok(records)
    }

    /// One attempt at a shard.
    async fn attempt(
        &self,
        assignment: Assignment,
        done: mpsc::Sender<TickerDone>,
    ) -> (Assignment, Result<ShardResult, ShardError>) {
        let ticket = self.ticket(&assignment);
        let link = self
            .links
            .iter()
            .find(|link| *link.id() == assignment.worker);
        let link = link.expect("placement knows the links' workers alone");
        let result = link.compute(ticket, done).await;
        (assignment, result)
    }

    fn ticket(&self, assignment: &Assignment) -> ShardTicket {
        ShardTicket {
            run: self.plan.run.clone(),
            epoch: self.epoch,
            shard: assignment.shard,
            attempt: assignment.attempt,
            tickers: self.plan.shards[assignment.shard.0 as usize]
                .tickers
                .clone(),
            recipe: self.plan.job.recipe.clone(),
            features_folder: paths::features(&self.plan.run),
            raw_folder: paths::raw(&self.plan.run),
            sample: self.request.cloned(),
        }
    }

    /// Whether a failed attempt ends the run, stops it, or is made again.
    fn weigh_failure(
        &self,
        placement: &mut Placement,
        assignment: &Assignment,
        error: ShardError,
    ) -> Result<(), DispatchError> {
        match &error {
            ShardError::InputChanged { .. }
            | ShardError::Store {
                source: StoreError::Different { .. },
                ..
            } => {
                return Err(DispatchError::Final(error));
            }
            ShardError::Store { source, .. } if source.needs_a_person() => {
                return Err(DispatchError::Stopped(error));
            }
            _ => {}
        }
        if placement.failed(assignment) == Verdict::GiveUp {
            return Err(DispatchError::GivenUp {
                shard: assignment.shard,
                source: error,
            });
        }
        let Assignment {
            shard,
            worker,
            attempt,
        } = assignment;
        self.narrator.warn(format!(
            "attempt {attempt} at shard {shard} on {worker} failed: {error}"
        ));
        Ok(())
    }
}

//! The members, the links to them, and who of them takes shards. What the actor of the members owns; it reads no clock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proto::id::Incarnation;
use proto::link::WorkerLink;
use proto::session::{AttemptId, FromWorker, Hello, ToWorker, Welcome};
use tokio::sync::mpsc;

use crate::members::{JoinError, MemberLimits, Members, Stale};
use crate::metrics::Metrics;
use crate::remote::RemoteWorker;

/// How a worker's session ended.
#[derive(Debug, Clone)]
pub(crate) enum SessionEnd {
    /// The worker ended it.
    Left,
    /// It broke off, for this reason.
    Lost(String),
}

impl SessionEnd {
    /// The connection ended without a word.
    pub(crate) fn broken() -> Self {
        Self::Lost("its connection broke".to_owned())
    }
}

/// The members and their links. Who takes shards is told whenever it changes.
pub(crate) struct Membership {
    epoch: u64,
    out: String,
    limits: MemberLimits,
    members: Members,
    links: BTreeMap<Incarnation, Arc<RemoteWorker>>,
    metrics: Arc<Metrics>,
}

impl Membership {
    /// Nobody is there yet. Who takes shards is told on the roster of `metrics`.
    pub(crate) fn new(
        epoch: u64,
        out: String,
        limits: MemberLimits,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            epoch,
            out,
            limits,
            members: Members::new(limits),
            links: BTreeMap::new(),
            metrics,
        }
    }

    /// A worker says who it is. Messages to it go to `outbound`.
    pub(crate) fn join(
        &mut self,
        now: Duration,
        hello: &Hello,
        outbound: mpsc::Sender<ToWorker>,
    ) -> Result<Welcome, JoinError> {
        let joined = self.members.join(now, hello)?;
        tracing::info!(
            "worker {} joined with {} slots",
            joined.worker,
            joined.slots
        );
        let welcome = Welcome {
            epoch: self.epoch,
            incarnation: joined.incarnation,
            worker: joined.worker.clone(),
            heartbeat: self.limits.heartbeat,
            lease: self.limits.lease,
            out: self.out.clone(),
        };
        let incarnation = joined.incarnation;
        let link = RemoteWorker::new(self.epoch, joined, outbound);
        self.links.insert(incarnation, link);
        self.publish();
        Ok(welcome)
    }

    /// A worker says something.
    pub(crate) fn hear(
        &mut self,
        now: Duration,
        incarnation: Incarnation,
        message: FromWorker,
    ) -> Result<(), Stale> {
        let heard = self.members.hear(now, incarnation);
        if let Err(stale) = &heard {
            self.metrics.stale.inc();
            tracing::warn!(
                "refused a late {} of session {incarnation} ({} so far)",
                message.name(),
                stale.refused
            );
        }
        heard?;
        let link = &self.links[&incarnation];
        match message {
            FromWorker::Heartbeat(in_hand) => link.heard(in_hand),
            FromWorker::ShardFailed {
                attempt,
                kind,
                message,
            } => {
                // It may cross the end of the attempt.
                let _ = link.failed(&attempt, kind, message);
            }
            FromWorker::TrialDone { attempt, errors } => {
                // As above.
                let _ = link.trial_done(&attempt, errors);
            }
            FromWorker::Draining => {
                tracing::info!("worker {} drains", link.id());
                if self.members.drain(incarnation) {
                    self.publish();
                }
            }
            FromWorker::Hello(_) => {}
        }
        Ok(())
    }

    /// A worker's session is over.
    pub(crate) fn leave(&mut self, incarnation: Incarnation, end: &SessionEnd) {
        let drained = !self.members.accepts(incarnation);
        if !self.members.leave(incarnation) {
            return;
        }
        match end {
            // It has nothing in hand: what it was given meanwhile did not reach it.
            SessionEnd::Left if drained => {
                if let Some(link) = self.strike_off(incarnation) {
                    tracing::info!("worker {} drained", link.id());
                    link.hand_back();
                }
            }
            SessionEnd::Left => self.lose(incarnation, "it left"),
            SessionEnd::Lost(reason) => self.lose(incarnation, reason),
        }
    }

    /// Gives up the workers whose leases have run out.
    pub(crate) fn expire(&mut self, now: Duration) {
        for incarnation in self.members.expire(now) {
            let reason = format!("it was not heard for {} s", self.limits.lease.as_secs_f64());
            self.lose(incarnation, &reason);
        }
    }

    /// The worker of an attempt, where it is a member still.
    pub(crate) fn find(&mut self, attempt: &AttemptId) -> Result<Arc<RemoteWorker>, Stale> {
        let link = self.links.get(&attempt.incarnation);
        let link = link.filter(|_| attempt.epoch == self.epoch);
        link.cloned().ok_or_else(|| {
            let stale = self.members.refuse();
            self.metrics.stale.inc();
            tracing::warn!(
                "refused a late stream of session {} of epoch {} ({} so far)",
                attempt.incarnation,
                attempt.epoch,
                stale.refused
            );
            stale
        })
    }

    fn lose(&mut self, incarnation: Incarnation, reason: &str) {
        if let Some(link) = self.strike_off(incarnation) {
            tracing::info!("worker {} lost: {reason}", link.id());
            link.lose(reason);
        }
    }

    /// Takes a worker off the roster: who decides where shards go hears that it is gone before its attempts come back.
    fn strike_off(&mut self, incarnation: Incarnation) -> Option<Arc<RemoteWorker>> {
        let link = self.links.remove(&incarnation)?;
        self.publish();
        Some(link)
    }

    /// Tells who takes shards now.
    fn publish(&self) {
        let accepting = self
            .links
            .iter()
            .filter(|(incarnation, _)| self.members.accepts(**incarnation));
        let link = |(_, link): (&Incarnation, &Arc<RemoteWorker>)| -> Arc<dyn WorkerLink> {
            Arc::clone(link) as _
        };
        let roster = accepting.map(link).collect();
        self.metrics.roster.send_replace(roster);
    }
}

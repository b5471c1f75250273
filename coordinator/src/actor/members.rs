//! The members, asked by those who hear workers.

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use proto::id::Incarnation;
use proto::session::{AttemptId, FromWorker, Hello, ToWorker, Welcome};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Gone, MAILBOX, Stage};
use crate::members::{JoinError, MemberLimits, Stale};
use crate::membership::{Membership, SessionEnd};
use crate::metrics::Metrics;
use crate::remote::RemoteWorker;

/// Looks for leases that ran out, in a lease.
const LOOKS_PER_LEASE: u32 = 20;

/// Where the members are asked.
#[derive(Clone)]
pub(crate) struct MembersDesk(Addr<MembersActor>);

impl MembersDesk {
    /// Nobody is there yet. Who takes shards is told on the roster of `metrics`.
    pub(crate) fn open(
        stage: &Stage,
        epoch: u64,
        out: String,
        limits: MemberLimits,
        metrics: Arc<Metrics>,
    ) -> Self {
        let actor = MembersActor {
            membership: Membership::new(epoch, out, limits, metrics),
            lease: limits.lease,
            started: Instant::now(),
        };
        Self(MembersActor::start_in_arbiter(&stage.arbiter, |_| actor))
    }

    /// A worker says who it is. Messages to it go to `outbound`.
    pub(crate) async fn join(
        &self,
        hello: Hello,
        outbound: mpsc::Sender<ToWorker>,
    ) -> Result<Result<Welcome, JoinError>, Gone> {
        Ok(self.0.send(Join { hello, outbound }).await?)
    }

    /// A worker says something.
    pub(crate) async fn hear(
        &self,
        incarnation: Incarnation,
        message: FromWorker,
    ) -> Result<Result<(), Stale>, Gone> {
        let heard = Heard {
            incarnation,
            message,
        };
        Ok(self.0.send(heard).await?)
    }

    /// A worker's session is over.
    pub(crate) async fn leave(
        &self,
        incarnation: Incarnation,
        end: SessionEnd,
    ) -> Result<(), Gone> {
        Ok(self.0.send(Ended { incarnation, end }).await?)
    }

    /// The worker of an attempt, where it is a member still.
    pub(crate) async fn find(
        &self,
        attempt: AttemptId,
    ) -> Result<Result<Arc<RemoteWorker>, Stale>, Gone> {
        Ok(self.0.send(Find(attempt)).await?)
    }
}

/// Owns the members and their links, and has the clock.
struct MembersActor {
    membership: Membership,
    lease: Duration,
    started: Instant,
}

impl Actor for MembersActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(MAILBOX);
        let look_every = (self.lease / LOOKS_PER_LEASE).max(Duration::from_millis(1));
        context.run_interval(look_every, |actor, _| {
            actor.membership.expire(actor.started.elapsed());
        });
    }
}

/// A worker says who it is.
#[derive(Message)]
#[rtype(result = "Result<Welcome, JoinError>")]
struct Join {
    hello: Hello,
    outbound: mpsc::Sender<ToWorker>,
}

impl Handler<Join> for MembersActor {
    type Result = Result<Welcome, JoinError>;

    fn handle(&mut self, Join { hello, outbound }: Join, _: &mut Self::Context) -> Self::Result {
        self.membership
            .join(self.started.elapsed(), &hello, outbound)
    }
}

/// A worker says something.
#[derive(Message)]
#[rtype(result = "Result<(), Stale>")]
struct Heard {
    incarnation: Incarnation,
    message: FromWorker,
}

impl Handler<Heard> for MembersActor {
    type Result = Result<(), Stale>;

    fn handle(&mut self, heard: Heard, _: &mut Self::Context) -> Self::Result {
        let now = self.started.elapsed();
        self.membership.hear(now, heard.incarnation, heard.message)
    }
}

/// A worker's session is over.
#[derive(Message)]
#[rtype(result = "()")]
struct Ended {
    incarnation: Incarnation,
    end: SessionEnd,
}

impl Handler<Ended> for MembersActor {
    type Result = ();

    fn handle(&mut self, Ended { incarnation, end }: Ended, _: &mut Self::Context) {
        self.membership.leave(incarnation, &end);
    }
}

/// Whose attempt this is.
#[derive(Message)]
#[rtype(result = "Result<Arc<RemoteWorker>, Stale>")]
struct Find(AttemptId);

impl Handler<Find> for MembersActor {
    type Result = Result<Arc<RemoteWorker>, Stale>;

    fn handle(&mut self, Find(attempt): Find, _: &mut Self::Context) -> Self::Result {
        self.membership.find(&attempt)
    }
}

//! Members: the workers that are there, and their leases. Pure: the time and what was heard in, decisions out.

use std::collections::BTreeMap;
use std::time::Duration;

use proto::id::{Incarnation, WorkerId};
use proto::session::Hello;
use proto::version::{PROTOCOL_VERSION, build};

/// The longest name of a worker, in bytes.
const MAX_NAME_BYTES: usize = 128;

/// What membership costs and allows.
#[derive(Debug, Clone, Copy)]
pub struct MemberLimits {
    /// The time between the heartbeats of a worker.
    pub heartbeat: Duration,
    /// A worker that was not heard for so long is lost.
    pub lease: Duration,
    /// Workers at a time.
    pub max_workers: usize,
    /// Slots of one worker.
    pub max_slots: u32,
}

/// The workers that are there.
#[derive(Debug)]
pub(crate) struct Members {
    limits: MemberLimits,
    joined: u64,
    refused: u64,
    present: BTreeMap<Incarnation, Member>,
}

#[derive(Debug)]
struct Member {
    heard: Duration,
    accepts: bool,
}

/// A worker that joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Joined {
    pub(crate) incarnation: Incarnation,
    pub(crate) worker: WorkerId,
    pub(crate) slots: usize,
}

/// Why a worker may not join.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JoinError {
    #[error(
        "this coordinator speaks version {PROTOCOL_VERSION} of the protocol, the worker version {theirs}: run the same build of tickermill on both"
    )]
    OtherProtocol { theirs: u32 },
    #[error(
        "this coordinator is build `{}`, the worker `{theirs}`: run the same build of tickermill on both",
        build()
    )]
    OtherBuild { theirs: String },
    #[error("a worker has 1 to {max} slots, not {slots}")]
    BadSlots { slots: u32, max: u32 },
    #[error("a worker's name has 1 to {MAX_NAME_BYTES} printable characters")]
    BadName,
    #[error("there are {max} workers already: raise cluster.max_workers, or start fewer")]
    TooMany { max: usize },
}

/// The message is of a worker that is no member any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the worker's lease ran out, or its session was closed: dial again")]
pub(crate) struct Stale {
    /// Stale messages so far, this one included.
    pub(crate) refused: u64,
}

impl Members {
    pub(crate) fn new(limits: MemberLimits) -> Self {
        Self {
            limits,
            joined: 0,
            refused: 0,
            present: BTreeMap::new(),
        }
    }

    /// A worker says who it is. It is a member until its lease runs out or it leaves; if it comes again, it is another.
    pub(crate) fn join(&mut self, now: Duration, hello: &Hello) -> Result<Joined, JoinError> {
        if hello.protocol != PROTOCOL_VERSION {
            return Err(JoinError::OtherProtocol {
                theirs: hello.protocol,
            });
        }
        if hello.build != build() {
            return Err(JoinError::OtherBuild {
                theirs: hello.build.clone(),
            });
        }
        let max_slots = self.limits.max_slots;
        if !(1..=max_slots).contains(&hello.slots) {
            return Err(JoinError::BadSlots {
                slots: hello.slots,
                max: max_slots,
            });
        }
        let printable = !hello.name.chars().any(char::is_control);
        if !(1..=MAX_NAME_BYTES).contains(&hello.name.len()) || !printable {
            return Err(JoinError::BadName);
        }
        if self.present.len() >= self.limits.max_workers {
            return Err(JoinError::TooMany {
                max: self.limits.max_workers,
            });
        }
        self.joined += 1;
        let incarnation = Incarnation(self.joined);
        let member = Member {
            heard: now,
            accepts: true,
        };
        self.present.insert(incarnation, member);
        Ok(Joined {
            incarnation,
            worker: WorkerId(format!("{}/{incarnation}", hello.name)),
            slots: hello.slots as usize,
        })
    }

    /// A member was heard: its lease begins anew. Anyone else is told that it is stale, and counted.
    pub(crate) fn hear(&mut self, now: Duration, incarnation: Incarnation) -> Result<(), Stale> {
        if let Some(member) = self.present.get_mut(&incarnation) {
            member.heard = now;
            return Ok(());
        }
        Err(self.refuse())
    }

    /// Counts a message that came too late.
    pub(crate) fn refuse(&mut self) -> Stale {
        self.refused += 1;
        Stale {
            refused: self.refused,
        }
    }

    /// A member takes no more shards. Returns whether it did before.
    pub(crate) fn drain(&mut self, incarnation: Incarnation) -> bool {
        let member = self.present.get_mut(&incarnation);
        member.is_some_and(|member| std::mem::take(&mut member.accepts))
    }

    /// A member's session is over. Returns whether it was a member.
    pub(crate) fn leave(&mut self, incarnation: Incarnation) -> bool {
        self.present.remove(&incarnation).is_some()
    }

    /// The members whose lease has run out; they are none any more.
    pub(crate) fn expire(&mut self, now: Duration) -> Vec<Incarnation> {
        let lease = self.limits.lease;
        let ran_out = |member: &Member| now.saturating_sub(member.heard) > lease;
        let expired: Vec<Incarnation> = self
            .present
            .iter()
            .filter(|(_, member)| ran_out(member))
            .map(|(incarnation, _)| *incarnation)
            .collect();
        for incarnation in &expired {
            self.present.remove(incarnation);
        }
        expired
    }

    /// Whether the worker is a member that takes shards.
    pub(crate) fn accepts(&self, incarnation: Incarnation) -> bool {
        self.present
            .get(&incarnation)
            .is_some_and(|member| member.accepts)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proto::session::Hello;
    use proto::version::{PROTOCOL_VERSION, build};

    use super::{Incarnation, JoinError, MemberLimits, Members};

    const LIMITS: MemberLimits = MemberLimits {
        heartbeat: Duration::from_secs(2),
        lease: Duration::from_secs(10),
        max_workers: 2,
        max_slots: 64,
    };

    fn hello() -> Hello {
        Hello {
            protocol: PROTOCOL_VERSION,
            build: build(),
            name: "host".to_owned(),
            slots: 2,
        }
    }

    fn second(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_worker_that_is_heard_stays_and_a_silent_one_is_lost_and_then_stale() {
        let mut members = Members::new(LIMITS);
        let heard = members.join(second(0), &hello()).unwrap().incarnation;
        let silent = members.join(second(0), &hello()).unwrap().incarnation;
        members.hear(second(9), heard).unwrap();
        assert_eq!(members.expire(second(10)), []);
        assert_eq!(members.expire(second(11)), [silent]);
        assert!(members.accepts(heard) && !members.accepts(silent));
        assert_eq!(members.hear(second(12), silent).unwrap_err().refused, 1);
        assert_eq!(members.hear(second(12), silent).unwrap_err().refused, 2);
        let again = members.join(second(12), &hello()).unwrap();
        assert_ne!(again.incarnation, silent);
        assert_eq!(again.worker.0, "host/3");
    }

    #[test]
    fn a_draining_worker_is_a_member_that_takes_nothing() {
        let mut members = Members::new(LIMITS);
        let worker = members.join(second(0), &hello()).unwrap().incarnation;
        assert!(members.drain(worker));
        assert!(!members.drain(worker), "it said so before");
        assert!(!members.accepts(worker));
        members.hear(second(1), worker).unwrap();
        assert!(members.leave(worker));
        assert!(!members.leave(worker));
        assert!(!members.drain(Incarnation(99)));
    }

    #[test]
    fn who_does_not_fit_is_refused_with_what_to_do() {
        let mut members = Members::new(LIMITS);
        let mut refuse = |hello: Hello| members.join(second(0), &hello).unwrap_err();
        let other_protocol = Hello {
            protocol: 99,
            ..hello()
        };
        assert_eq!(
            refuse(other_protocol),
            JoinError::OtherProtocol { theirs: 99 }
        );
        let other_build = Hello {
            build: "0.0.0 (format 0)".to_owned(),
            ..hello()
        };
        let refused = refuse(other_build).to_string();
        assert!(refused.contains("0.0.0 (format 0)") && refused.contains(&build()));
        for slots in [0, 65] {
            assert_eq!(
                refuse(Hello { slots, ..hello() }),
                JoinError::BadSlots { slots, max: 64 }
            );
        }
        for name in ["", "a\nb", &"x".repeat(129)] {
            let name = name.to_owned();
            assert_eq!(refuse(Hello { name, ..hello() }), JoinError::BadName);
        }
        members.join(second(0), &hello()).unwrap();
        members.join(second(0), &hello()).unwrap();
        assert_eq!(
            members.join(second(0), &hello()).unwrap_err(),
            JoinError::TooMany { max: 2 }
        );
    }
}

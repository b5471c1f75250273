//! Actors: shells that own what changes, and give each message to the plain struct that decides. The files here alone name
//! actix.
//!
//! A panic in one of them ends the process; whoever starts a coordinator sees to that. What is decided here lives in
//! [`crate::membership`] and [`crate::queue`].

mod members;
mod run;
mod runs;

pub(crate) use members::MembersDesk;
pub(crate) use runs::{RunsDesk, SubmitError};

/// Messages that may wait for an actor; who sends more waits.
const MAILBOX: usize = 256;

/// The actor is gone: the process is about to end.
#[derive(Debug, thiserror::Error)]
#[error("the coordinator is stopping")]
pub(crate) struct Gone;

impl From<actix::MailboxError> for Gone {
    fn from(_: actix::MailboxError) -> Self {
        Self
    }
}

/// The thread on which actors live.
pub(crate) struct Stage {
    arbiter: actix::ArbiterHandle,
    system: actix::System,
}

impl Stage {
    /// Starts the thread.
    pub(crate) fn start() -> std::io::Result<Self> {
        let (started, is_started) = std::sync::mpsc::sync_channel(1);
        std::thread::Builder::new()
            .name("actors".to_owned())
            .spawn(move || {
                let runner = actix::System::new();
                // The caller waits for it.
                let _ = started.send(actix::System::current());
                runner.run()
            })?;
        let system = is_started.recv().expect("the thread has just been started");
        Ok(Self {
            arbiter: system.arbiter().clone(),
            system,
        })
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.system.stop();
    }
}

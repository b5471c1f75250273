//! A process that goes on beside the test, whose every line is taken down.

use std::io::Read;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use crate::journal::{DEADLINE, Journal, Said};
use crate::tickermill::Ended;

/// The process. It is killed where it is dropped before its end.
pub struct Daemon {
    who: String,
    child: Child,
    journal: Journal,
    started_at: usize,
    stdout: Option<JoinHandle<String>>,
    has_ended: bool,
}

impl Daemon {
    /// Starts a command in the role of `who`.
    pub fn start(who: &str, command: &mut Command, journal: &Journal) -> Self {
        let started_at = journal.place();
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command can be started");
        let stderr = child.stderr.take().expect("it is piped");
        journal.listen(who, child.id(), stderr);
        let mut stdout = child.stdout.take().expect("it is piped");
        let stdout = thread::spawn(move || {
            let mut bytes = Vec::new();
            // What came before an error is what there is.
            let _ = stdout.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        Self {
            who: who.to_owned(),
            child,
            journal: journal.clone(),
            started_at,
            stdout: Some(stdout),
            has_ended: false,
        }
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the process says a line with `part` in it, or has said it since its start, and returns the line.
    #[track_caller]
    pub fn wait_for(&self, part: &str) -> String {
        self.wait_from(self.started_at, part)
    }

    /// The same from a place of the journal on.
    #[track_caller]
    pub fn wait_from(&self, place: usize, part: &str) -> String {
        let what = format!("'{part}' of {}", self.who);
        let has_part = |said: &Said| {
            let line = said.line.as_deref();
            said.process == self.id() && line.is_none_or(|line| line.contains(part))
        };
        let said = self.journal.wait_from(place, &what, has_part);
        said.line
            .unwrap_or_else(|| panic!("{what}: it ended without\n{}", self.journal))
    }

    /// Where operators ask the process, once it says so: an address.
    #[track_caller]
    pub fn operators_ask(&self) -> SocketAddr {
        let line = self.wait_for("operators ask on http");
        let address = line.rsplit('/').next().expect("it is a URL");
        address.parse().expect("it is an address")
    }

    /// Every line so far.
    pub fn lines(&self) -> Vec<String> {
        let said = self.journal.since(self.started_at).into_iter();
        let own = said.filter(|said| said.process == self.id());
        own.filter_map(|said| said.line).collect()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("the process is there and ours");
    }

    /// Stops the process, and returns once it stands still.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
        self.wait_until_it_stands_still();
    }

    /// Returns once the process stands still, as a fault makes it.
    pub fn wait_until_it_stands_still(&self) {
        let (_, status) = waitpid(Some(self.pid()), WaitOptions::UNTRACED)
            .expect("the process is ours")
            .expect("it was waited for");
        assert!(status.stopped(), "{} ended before it stopped", self.who);
    }

    /// Lets a process that stands still go on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Ends the process as a loss of power would.
    #[track_caller]
    pub fn kill(self) {
        self.signal(Signal::KILL);
        self.expect_killed();
    }

    /// Waits until the process is killed, as a fault does.
    #[track_caller]
    pub fn expect_killed(self) {
        let who = self.who.clone();
        let ended = self.end();
        assert_eq!(ended.exit, None, "{who} ended by itself: {}", ended.stderr);
    }

    /// Tells the process to end, and waits for it as long as is promised.
    #[track_caller]
    pub fn terminate(self) -> Ended {
        self.signal(Signal::TERM);
        self.end_within(Duration::from_secs(30))
    }

    /// Waits for the end.
    #[track_caller]
    pub fn end(self) -> Ended {
        self.end_within(DEADLINE)
    }

    /// Waits for the end, which must come in time.
    #[track_caller]
    pub fn end_within(mut self, time: Duration) -> Ended {
        let what = format!("the end of {}", self.who);
        let says_no_more = |said: &Said| said.process == self.id() && said.line.is_none();
        let place = self.started_at;
        self.journal.wait_within(time, place, &what, says_no_more);
        let status = self.child.wait().expect("the process is ours");
        self.has_ended = true;
        let stdout = self.stdout.take().expect("it is read once");
        let mut stderr = self.lines().join("\n");
        stderr.push('\n');
        Ended {
            exit: status.code(),
            stdout: stdout.join().expect("the reader does not panic"),
            stderr,
        }
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if !self.has_ended {
            // It may have ended by itself; then there is nothing to do.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

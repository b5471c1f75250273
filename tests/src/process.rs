//! A run that is under way, to be disturbed.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use crate::tickermill::Ended;

/// A process that is killed where it is dropped before its end.
pub struct Running {
    child: Option<Child>,
}

impl Running {
    /// Starts a command.
    pub fn start(command: &mut Command) -> Self {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Self {
            child: Some(command.spawn().expect("the command can be started")),
        }
    }

    /// The process's id.
    pub fn id(&self) -> u32 {
        self.child().id()
    }

    /// Looks again and again, without a pause, until `happened`; panics where the process ends before.
    #[track_caller]
    pub fn until(&mut self, what: &str, happened: impl Fn() -> bool) {
        loop {
            // The process's state first: what it did before its end is seen after.
            let child = self.child.as_mut().expect("it has not been waited for");
            let ended = child.try_wait().expect("the process is ours");
            if happened() {
                return;
            }
            if let Some(status) = ended {
                let ended = self.end();
                panic!("{what} never happened; the process ended with {status}: {ended:?}");
            }
            std::thread::yield_now();
        }
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("the process is there and ours");
    }

    /// Stops the process, and returns once it stands still.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
        let (_, status) = waitpid(Some(self.pid()), WaitOptions::UNTRACED)
            .expect("the process is ours")
            .expect("it was waited for");
        assert!(status.stopped(), "the process ended before it was stopped");
    }

    /// Waits for the end.
    pub fn end(&mut self) -> Ended {
        let child = self.child.take().expect("it is waited for once");
        Ended::of(&child.wait_with_output().expect("the process is ours"))
    }

    /// Ends the process as a loss of power would.
    pub fn kill(mut self) {
        self.signal(Signal::KILL);
        let ended = self.end();
        assert_eq!(ended.exit, None, "the process ended before it was killed");
    }

    fn child(&self) -> &Child {
        self.child.as_ref().expect("it has not been waited for")
    }

    fn pid(&self) -> Pid {
        Pid::from_child(self.child())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself; then there is nothing to do.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// How many files named `*.json` lie in the folder `name` of any run of the output.
pub fn files_in_runs(out: &Path, name: &str) -> usize {
    let runs = std::fs::read_dir(out.join("runs")).into_iter().flatten();
    let folders = runs.flatten().map(|run| run.path().join(name));
    folders
        .flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten())
        .filter(|entry| entry.path().extension().is_some_and(|end| end == "json"))
        .count()
}

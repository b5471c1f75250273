//! What several processes say, in one transcript, and waiting for it without a pause.

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long anything may take that is waited for: long past what a busy machine needs.
pub const DEADLINE: Duration = Duration::from_mins(1);

/// How many of the last lines are shown where a wait fails.
const SHOWN: usize = 400;

/// A line that a process wrote, or the end of what it wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The process's role in the test.
    pub who: String,
    /// Its id.
    pub process: u32,
    /// The line; `None` when there will be no more.
    pub line: Option<String>,
}

/// The transcript. A copy is of the same one.
#[derive(Clone, Default)]
pub struct Journal {
    pages: Arc<Pages>,
}

#[derive(Default)]
struct Pages {
    said: Mutex<Vec<Said>>,
    news: Condvar,
}

impl Journal {
    /// Takes down what a process writes, on a thread of its own, until it writes no more.
    pub fn listen(
        &self,
        who: &str,
        process: u32,
        stream: impl Read + Send + 'static,
    ) -> JoinHandle<()> {
        let (journal, who) = (self.clone(), who.to_owned());
        thread::spawn(move || {
            let said = |line| Said {
                who: who.clone(),
                process,
                line,
            };
            for line in BufReader::new(stream).split(b'\n') {
                let Ok(line) = line else { break };
                let line = String::from_utf8_lossy(&line).into_owned();
                journal.take_down(said(Some(line)));
            }
            journal.take_down(said(None));
        })
    }

    /// How much was said so far: a place to wait from.
    pub fn place(&self) -> usize {
        self.said().len()
    }

    /// Everything that was said from a place on.
    pub fn since(&self, place: usize) -> Vec<Said> {
        self.said()[place..].to_vec()
    }

    /// Waits for the first thing from `place` on that is what is waited for. Panics with the transcript when it does not
    /// come within the deadline.
    #[track_caller]
    pub fn wait_from(&self, place: usize, what: &str, is_it: impl Fn(&Said) -> bool) -> Said {
        self.wait_within(DEADLINE, place, what, is_it)
    }

    /// The same with a deadline of its own.
    #[track_caller]
    pub fn wait_within(
        &self,
        deadline: Duration,
        place: usize,
        what: &str,
        is_it: impl Fn(&Said) -> bool,
    ) -> Said {
        let mut looked_at = place;
        let mut found = None;
        let said = self.said();
        let (said, _) = self
            .pages
            .news
            .wait_timeout_while(said, deadline, |said| {
                found = said[looked_at..].iter().find(|said| is_it(said)).cloned();
                looked_at = said.len();
                found.is_none()
            })
            .expect("no holder of the lock panics");
        drop(said);
        found.unwrap_or_else(|| panic!("{what}: not within {deadline:?}\n{self}"))
    }

    fn take_down(&self, said: Said) {
        self.said().push(said);
        self.pages.news.notify_all();
    }

    fn said(&self) -> MutexGuard<'_, Vec<Said>> {
        self.pages
            .said
            .lock()
            .expect("no holder of the lock panics")
    }
}

/// The last lines, each with who said it.
impl fmt::Display for Journal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = self.said().clone();
        let passed_over = said.len().saturating_sub(SHOWN);
        if passed_over > 0 {
            writeln!(formatter, "({passed_over} earlier lines)")?;
        }
        for Said { who, process, line } in &said[passed_over..] {
            let line = line.as_deref().unwrap_or("(says no more)");
            writeln!(formatter, "{who} [{process}] {line}")?;
        }
        Ok(())
    }
}

//! Progress for the person watching: a bar a stage on a terminal, plain lines otherwise. All on stderr.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use proto::event::{Observer, RunEvent, Stage, Unit};

/// How often a bar without news is drawn again.
const TICK: Duration = Duration::from_millis(100);

/// Shows the events of a run or a tuning.
pub(crate) struct Progress {
    terminal: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Progress {
    /// For the stderr that there is.
    pub(crate) fn new() -> Self {
        Self {
            terminal: std::io::stderr().is_terminal(),
            bar: Mutex::new(None),
        }
    }

    fn say(&self, line: &str) {
        let bar = self.bar.lock().expect("no one panics while drawing");
        match bar.as_ref() {
            Some(bar) if self.terminal => bar.suspend(|| eprintln!("{line}")),
            _ => eprintln!("{line}"),
        }
    }

    /// Says why nothing moves, and takes the bar of the stage away until it begins again.
    pub(crate) fn pause(&self, why: &str) {
        if let Some(bar) = self.bar.lock().expect("no one panics while drawing").take() {
            bar.finish_and_clear();
        }
        self.say(why);
    }

    fn begin(&self, stage: Stage, steps: Option<(u64, Unit)>) {
        if !self.terminal {
            return;
        }
        let bar = bar_of(stage, steps);
        *self.bar.lock().expect("no one panics while drawing") = Some(bar);
    }

    fn advance(&self, done: u64) {
        if let Some(bar) = self
            .bar
            .lock()
            .expect("no one panics while drawing")
            .as_ref()
        {
            bar.set_position(done);
        }
    }

    fn end(&self, stage: Stage, took: Duration) {
        if let Some(bar) = self.bar.lock().expect("no one panics while drawing").take() {
            bar.finish_and_clear();
        }
        self.say(&format!("{stage:<9} {:>8.3} s", took.as_secs_f64()));
    }
}

impl Observer for Progress {
    fn observe(&self, event: &RunEvent) {
        match event {
            RunEvent::Began { stage, steps } => self.begin(*stage, *steps),
            RunEvent::Advanced { done, .. } => self.advance(*done),
            RunEvent::Ended { stage, took } => self.end(*stage, *took),
            RunEvent::Waiting { .. }
            | RunEvent::Planned { .. }
            | RunEvent::Tuning { .. }
            | RunEvent::NoWorkers { .. }
            | RunEvent::AttemptFailed { .. }
            | RunEvent::Warning { .. } => {
                self.say(&event.to_string());
            }
            // Where shards go is for the run's log, and for `watch`.
            RunEvent::WorkerJoined { .. }
            | RunEvent::WorkerLeft { .. }
            | RunEvent::ShardGiven { .. }
            | RunEvent::ShardHandedBack { .. }
            | RunEvent::ShardCommitted { .. } => {}
        }
    }
}

fn bar_of(stage: Stage, steps: Option<(u64, Unit)>) -> ProgressBar {
    let template = match steps {
        Some((_, Unit::Bytes)) => {
            "{msg:<9} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} eta {eta}"
        }
        Some(_) => "{msg:<9} [{bar:30}] {pos}/{len} eta {eta}",
        None => "{msg:<9} {spinner} {elapsed}",
    };
    let style =
        ProgressStyle::with_template(template).expect("the templates above are well formed");
    let bar = match steps {
        Some((total, _)) => ProgressBar::new(total),
        None => ProgressBar::new_spinner(),
    };
    bar.set_style(style.progress_chars("=> "));
    bar.set_message(stage.name());
    bar.enable_steady_tick(TICK);
    bar
}

/// A bar over things that are counted, outside of runs.
pub(crate) fn counting_bar(what: &'static str, total: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len} eta {eta}");
    let style = style
        .expect("the template above is well formed")
        .progress_chars("=> ");
    ProgressBar::new(total).with_style(style).with_message(what)
}

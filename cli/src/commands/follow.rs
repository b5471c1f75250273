//! Following what a coordinator was asked for, a run or a tuning, across its restarts.

use std::io::{BufRead, IsTerminal};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use coordinator::event_log::Ending;
use coordinator::submission::Task;
use output::outcome::Summary;
use output::tuning::Tuning;
use proto::event::Observer;
use tokio::sync::mpsc;
use tonic::Code;
use trust::Trust;

use crate::client::{Client, ClientError, News, Place};
use crate::progress::Progress;
use crate::settings::Settings;

use super::office;

/// The wait before a coordinator that went away is dialled again, the first time and at most.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(3);
/// A coordinator that is away for about so long is not coming back.
const AWAY_FOR_GOOD: Duration = Duration::from_mins(2);

/// Submits a task, and follows it to its end. `data` is where the price files lie, where it reads any.
pub(super) fn submit_and_follow(
    url: &str,
    settings: &Settings,
    data: &str,
    task: &Task,
) -> anyhow::Result<Ending> {
    let trust = office::trust(settings)?;
    let runtime = office::runtime()?;
    let ending = runtime.block_on(async {
        let submitted = Submitted {
            url,
            trust: &trust,
            data,
            task,
        };
        let submission = submitted.submit_first().await?;
        let mut interrupts = interrupts();
        let following = submitted.follow(&submission);
        tokio::pin!(following);
        loop {
            tokio::select! {
                ended = &mut following => return ended,
                Some(()) = interrupts.recv() => {
                    if !std::io::stdin().is_terminal() || asks_to_detach(task).await {
                        let submission = submission.clone();
                        return Err(ClientError::Detached { submission });
                    }
                    Client::dial(url, &trust).await?.cancel(&submission).await?;
                }
            }
        }
    });
    runtime.shutdown_background();
    Ok(ending?)
}

struct Submitted<'a> {
    url: &'a str,
    trust: &'a Trust,
    data: &'a str,
    task: &'a Task,
}

impl Submitted<'_> {
    async fn submit(&self, client: &mut Client) -> Result<String, ClientError> {
        client.submit(self.data, self.task).await
    }

    /// Submits the task to a coordinator that must be there. One that went away with the answer may have taken it.
    async fn submit_first(&self) -> Result<String, ClientError> {
        let mut client = Client::dial(self.url, self.trust).await?;
        client.prove().await?;
        match self.submit(&mut client).await {
            Err(away @ ClientError::Away { .. }) => {
                eprintln!("{away}; waiting for it");
                self.submit_again(&mut waits(), away).await
            }
            submitted => submitted,
        }
    }

    /// Dials a coordinator that went away until it is back, and submits the task again, which is the same submission.
    async fn submit_again(
        &self,
        waits: &mut impl Iterator<Item = Duration>,
        away: ClientError,
    ) -> Result<String, ClientError> {
        for wait in waits {
            tokio::time::sleep(wait).await;
            let Ok(mut client) = Client::dial(self.url, self.trust).await else {
                continue;
            };
            match self.submit(&mut client).await {
                Err(ClientError::Away { .. }) => {}
                submitted => return submitted,
            }
        }
        Err(away)
    }

    /// Follows a submission to its end. Whenever the coordinator goes away it is dialled until it is back, and the task is
    /// submitted again, which is the same submission.
    async fn follow(&self, submission: &str) -> Result<Ending, ClientError> {
        let progress = Progress::new();
        let mut submission = submission.to_owned();
        let mut place = Place::default();
        let mut waits = waits();
        loop {
            let before = place;
            let away = match self.follow_once(&submission, &mut place, &progress).await {
                Ok(ending) => return Ok(ending),
                Err(away @ ClientError::Away { .. }) => away,
                // It is another coordinator by now, or has forgotten what ended long ago.
                Err(
                    gone @ ClientError::Refused {
                        code: Code::NotFound,
                        ..
                    },
                ) => gone,
                Err(error) => return Err(error),
            };
            if place != before {
                waits = self::waits();
            }
            progress.pause(&format!("{away}; waiting for it"));
            submission = self.submit_again(&mut waits, away).await?;
        }
    }

    async fn follow_once(
        &self,
        submission: &str,
        place: &mut Place,
        progress: &Progress,
    ) -> Result<Ending, ClientError> {
        let mut client = Client::dial(self.url, self.trust).await?;
        let mut watching = client.watch(submission, *place).await?;
        loop {
            match client.next(&mut watching, place).await? {
                News::Event(event) => progress.observe(&event),
                News::Ended(ending) => return Ok(ending),
            }
        }
    }
}

/// A run's summary, where it ended with one.
pub(super) fn summary_of(ending: Ending) -> Result<Summary, ClientError> {
    match ending {
        Ending::Ended(summary) => Ok(*summary),
        Ending::Tuned(tuning) => Err(not_asked_for(&format!("tuning {}", tuning.tuning))),
        Ending::Stopped { reason } => Err(ClientError::Stopped(reason)),
        Ending::Cancelled => Err(ClientError::Cancelled),
    }
}

/// What a tuning found, where it completed.
pub(super) fn tuning_of(ending: Ending) -> Result<Tuning, ClientError> {
    match ending {
        Ending::Tuned(tuning) => Ok(*tuning),
        Ending::Ended(summary) => Err(not_asked_for(&format!("run {}", summary.run_id))),
        Ending::Stopped { reason } => Err(ClientError::Stopped(reason)),
        Ending::Cancelled => Err(ClientError::Cancelled),
    }
}

fn not_asked_for(ended: &str) -> ClientError {
    ClientError::BadAnswer(format!(
        "it tells how {ended} ended, which was not asked for"
    ))
}

fn waits() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(FIRST_WAIT)
        .with_max_delay(LONGEST_WAIT)
        .with_total_delay(Some(AWAY_FOR_GOOD))
        .without_max_times()
        .with_jitter()
        .build()
}

/// Each SIGINT or SIGTERM.
fn interrupts() -> mpsc::Receiver<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (tell, told) = mpsc::channel(1);
    tokio::spawn(async move {
        let (Ok(mut interrupt), Ok(mut terminate)) = (
            signal(SignalKind::interrupt()),
            signal(SignalKind::terminate()),
        ) else {
            return; // without handlers the signals end the process, and the run goes on
        };
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if tell.send(()).await.is_err() {
                return;
            }
        }
    });
    told
}

/// Asks the person at the terminal whether the task should go on without them.
async fn asks_to_detach(task: &Task) -> bool {
    let question = match task {
        Task::Run(_) => {
            "the run is the coordinator's: [d]etach and let it go on, or [c]ancel it for good?"
        }
        Task::Tune(_) => {
            "the tuning is the coordinator's: [d]etach and let it go on, or [c]ancel it?"
        }
    };
    eprint!("\n{question} ");
    let answer = tokio::task::spawn_blocking(|| {
        let mut answer = String::new();
        let read = std::io::stdin().lock().read_line(&mut answer);
        read.map(|_| answer)
    });
    let answer = answer.await.ok().and_then(Result::ok).unwrap_or_default();
    !answer.trim().eq_ignore_ascii_case("c") && !answer.trim().eq_ignore_ascii_case("cancel")
}

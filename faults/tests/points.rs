//! Faults as they happen to a process: this one, started again with the environment of a test.

#![expect(
    clippy::unwrap_used,
    reason = "what is not there fails the test, in its helpers too"
)]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tickermill_faults as faults;

/// Passes every point once; ends with 0 if nothing kept it.
#[test]
#[ignore = "the process that the other tests start"]
fn process() {
    if let Err(error) = faults::check_environment() {
        eprintln!("error: {error}");
        std::process::exit(2);
    }
    faults::hit("on-thread", "00001");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        // The same thread has both: what is not beside the other would end last.
        let slowed = async {
            faults::reached("in-task", "").await;
            "slowed"
        };
        let beside = async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            "beside"
        };
        tokio::pin!(slowed);
        let first = tokio::select! { biased; name = &mut slowed => name, name = beside => name };
        eprintln!("first: {first}");
        if first != "slowed" {
            slowed.await;
        }
    });
    std::process::exit(0);
}

fn start(folder: &Path, faults: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "process", "--ignored", "--nocapture"])
        .env(faults::VARIABLE, faults)
        .env(faults::LOG_VARIABLE, folder.join("log"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What a process with these faults says and how it ends, and the log without the process's id.
fn run(faults: &str) -> (String, Option<i32>, String) {
    let folder = TempDir::new().unwrap();
    let child = start(folder.path(), faults);
    let id = child.id();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    (stderr, output.status.code(), log(folder.path(), id))
}

fn log(folder: &Path, id: u32) -> String {
    let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
    log.replace(&format!(" {id} "), " ID ")
}

#[test]
fn without_faults_nothing_happens_and_nothing_is_noted() {
    let (_, exit, log) = run("");
    assert_eq!((exit, log.as_str()), (Some(0), ""));
}

#[test]
fn a_killed_process_is_gone_and_left_a_line() {
    let (_, exit, log) = run("on-thread:00001#1=kill");
    assert_eq!((exit, log.as_str()), (None, "on-thread 00001 ID kill\n"));
}

#[test]
fn a_panic_is_of_the_point() {
    let (stderr, exit, log) = run("in-task=panic");
    assert_eq!((exit, log.as_str()), (Some(101), "in-task - ID panic\n"));
    assert!(stderr.contains("fault at in-task : panic\n"), "{stderr}");
    assert!(
        stderr.contains("the fault at in-task that was asked for"),
        "{stderr}"
    );
}

#[test]
fn what_is_slowed_in_a_task_keeps_no_other_from_going_on() {
    let (stderr, exit, log) = run("on-thread=slow:1,in-task=slow:100");
    let lines = "on-thread 00001 ID slow:1\nin-task - ID slow:100\n";
    assert_eq!((exit, log.as_str()), (Some(0), lines));
    assert!(stderr.contains("first: beside"), "{stderr}");
}

#[test]
fn what_is_held_goes_on_when_the_file_is_there() {
    let folder = TempDir::new().unwrap();
    let gate = folder.path().join("gate");
    let gate = gate.display();
    let mut child = start(
        folder.path(),
        &format!("on-thread=hold:{gate},in-task=hold:{gate}"),
    );
    while log(folder.path(), child.id()).is_empty() {
        assert!(child.try_wait().unwrap().is_none(), "it was not held");
    }
    std::fs::write(folder.path().join("gate"), "").unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(log(folder.path(), child.id()).lines().count(), 2);
}

#[test]
fn a_stopped_process_stands_still_until_it_is_told_to_go_on() {
    use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
    let folder = TempDir::new().unwrap();
    let mut child = start(folder.path(), "on-thread=stop,in-task=slow:0");
    let (_, status) = waitpid(Some(Pid::from_child(&child)), WaitOptions::UNTRACED)
        .unwrap()
        .unwrap();
    assert!(status.stopped());
    assert_eq!(log(folder.path(), child.id()), "on-thread 00001 ID stop\n");
    kill_process(Pid::from_child(&child), Signal::CONT).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_misspelt_fault_is_an_error_at_start() {
    let (stderr, exit, _) = run("on-thread=slo:1");
    assert_eq!(exit, Some(2));
    assert!(
        stderr.contains("error: TICKERMILL_FAULTS: 'on-thread=slo:1' does not end in an action"),
        "{stderr}"
    );
}

//! Places that cannot be read or written: no leave, or no room.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use tickermill_tests::market;
use tickermill_tests::skip::skipped;
use tickermill_tests::tickermill::{self, Ended};
use tickermill_tests::workplace::Workplace;

/// A user without rights; the tests may run as one with all of them.
const NOBODY: u32 = 65_534;

const RUN: &str = "run --data market --no-train --json";

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the file is ours");
}

/// Runs a copy of the binary as a user who is not root, in a folder that this user may write to. `None`, said loudly, where
/// the system does not let us be another user.
fn run_without_rights(workplace: &Workplace, test: &str) -> Option<Ended> {
    let copy = workplace.path("tickermill");
    if !copy.exists() {
        fs::copy(tickermill::binary(), &copy).expect("there is room for the binary");
        set_mode(workplace.folder(), 0o755);
    }
    let mut command = Command::new(copy);
    command
        .args(RUN.split_whitespace())
        .current_dir(workplace.folder());
    tickermill::without_configuration(&mut command);
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY);
    }
    match command.output() {
        Ok(output) => Some(Ended::of(&output)),
        Err(error) => {
            skipped(test, format_args!("cannot run as another user: {error}"));
            None
        }
    }
}

#[test]
fn a_price_file_without_leave_to_read_stops_the_run_until_there_is() {
    let workplace = market::small_workplace();
    let out = workplace.path("out");
    fs::create_dir(&out).unwrap();
    set_mode(&out, 0o777);
    let file = workplace.path("market/stocks/NAN.csv");
    set_mode(&file, 0o000);
    let Some(stopped) = run_without_rights(&workplace, "unreadable file") else {
        return;
    };
    let stopped = stopped.expect_exit(1);
    let path = fs::canonicalize(&file).unwrap();
    stopped.expect_one_error(&[
        "NAN",
        path.to_str().unwrap(),
        "check the permissions, then run again",
    ]);
    assert!(!workplace.path("out/latest.json").exists());
    set_mode(&file, 0o644);
    let done = run_without_rights(&workplace, "readable file").expect("it went before");
    assert_eq!(done.completed()["symbols"], 4);
}

#[test]
fn an_output_without_leave_to_write_is_named() {
    let workplace = market::small_workplace();
    let out = workplace.path("out");
    fs::create_dir(&out).unwrap();
    set_mode(&out, 0o555);
    let Some(stopped) = run_without_rights(&workplace, "read-only output") else {
        return;
    };
    let stopped = stopped.expect_exit(1);
    let path = fs::canonicalize(&out).unwrap();
    stopped.expect_one_error(&[path.to_str().unwrap(), "check the permissions"]);
    assert!(workplace.files("out").is_empty());
}

#[test]
fn an_output_that_cannot_be_made_is_named() {
    let workplace = market::small_workplace();
    set_mode(workplace.folder(), 0o755);
    let Some(stopped) = run_without_rights(&workplace, "output that cannot be made") else {
        return;
    };
    let stopped = stopped.expect_exit(1);
    stopped.expect_one_error(&["out", "ermission denied", "check the permissions"]);
    assert!(!workplace.path("out").exists());
}

/// A shell that sees a file system of its own in `out`, with room for a part of the output; then, with more room, runs again.
const IN_A_SMALL_OUTPUT: &str = r#"
mount -t tmpfs -o size=1m none out || exit 99
"$TICKERMILL_BINARY" run --data market --no-train --json
echo "exit $?"
test ! -e out/latest.json && echo "no latest"
ls out/runs/*/outcome.json 2>/dev/null
mount -o remount,size=64m out || exit 98
"$TICKERMILL_BINARY" run --data market --no-train --json
"#;

#[test]
fn a_full_output_stops_the_run_until_there_is_room() {
    let workplace = Workplace::empty();
    market::synthetic(&workplace.path("market"), 30, 2000);
    fs::create_dir(workplace.path("out")).unwrap();
    let mut command = Command::new("unshare");
    command
        .args([
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            IN_A_SMALL_OUTPUT,
        ])
        .current_dir(workplace.folder());
    tickermill::without_configuration(&mut command);
    command.env("TICKERMILL_BINARY", tickermill::binary());
    let ended = match command.output() {
        Ok(output) => Ended::of(&output),
        Err(error) => return skipped("full output", format_args!("there is no unshare: {error}")),
    };
    if ended.stdout.is_empty() {
        return skipped(
            "full output",
            format_args!("no file system of our own: {}", ended.stderr),
        );
    }
    let [failure, exit, no_latest, _] = ended.stdout.lines().collect::<Vec<_>>()[..] else {
        panic!("{ended:?}")
    };
    assert_eq!((exit, no_latest), ("exit 1", "no latest"), "{ended:?}");
    assert!(
        failure.contains("free some space and run again; what is done is kept"),
        "{failure}"
    );
    ended.expect_one_error(&[workplace.path("out").to_str().unwrap(), "free some space"]);
    let reference = workplace
        .run("run --data market --no-train --json --out roomy")
        .completed();
    assert_eq!(
        ended.completed()["dataset_digest"],
        reference["dataset_digest"]
    );
}

//! The binary that the end-to-end tests run. That it is tested here has it built with the features of the workspace's tests,
//! its fault points among them, of which a released one has none.

use std::process::Command;

fn tickermill() -> Command {
    Command::new(env!("CARGO_BIN_EXE_tickermill"))
}

#[test]
fn it_says_its_version() {
    let output = tickermill().arg("--version").output().unwrap();
    let version = format!("tickermill {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), version);
}

#[test]
fn it_has_fault_points() {
    let mut command = tickermill();
    let output = command
        .args(["config"])
        .env("TICKERMILL_FAULTS", "no-action")
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(told.contains("no-action"), "{told}");
}

//! What the tests of clusters stand on.

use std::process::Command;

use tickermill_tests::daemon::Daemon;
use tickermill_tests::journal::Journal;
use tickermill_tests::network::Network;
use tickermill_tests::small_disk::SmallDisk;

fn shell(script: &str, journal: &Journal) -> Daemon {
    Daemon::start("shell", Command::new("sh").args(["-c", script]), journal)
}

#[test]
fn lines_are_waited_for_and_taken_down() {
    let journal = Journal::default();
    let daemon = shell("echo one >&2; echo out; echo two >&2; exit 3", &journal);
    assert_eq!(daemon.wait_for("tw"), "two");
    let ended = daemon.end().expect_exit(3);
    assert_eq!(
        (ended.stdout.as_str(), ended.stderr.as_str()),
        ("out\n", "one\ntwo\n")
    );
}

#[test]
#[should_panic(expected = "it ended without")]
fn a_line_that_a_process_ended_without_is_not_waited_for() {
    let journal = Journal::default();
    shell("echo one >&2", &journal).wait_for("two");
}

#[test]
fn a_process_is_stopped_told_to_end_and_killed() {
    let journal = Journal::default();
    let waits = "trap 'echo told >&2; exit 0' TERM; echo up >&2; while :; do read line; done";
    let daemon = shell(waits, &journal);
    daemon.wait_for("up");
    daemon.freeze();
    daemon.thaw();
    daemon.terminate().expect_exit(0);
    let daemon = shell(waits, &journal);
    daemon.wait_for("up");
    daemon.kill();
}

#[test]
fn a_small_disk_is_full_soon_and_grows() {
    let Some(disk) = SmallDisk::of("a small disk", 64) else {
        return;
    };
    let file = disk.path("file");
    assert!(std::fs::write(&file, vec![1; 100_000]).is_err());
    disk.grow(1024);
    std::fs::write(&file, vec![1; 100_000]).expect("there is room now");
}

#[test]
fn a_cable_that_is_pulled_cuts_a_network_off() {
    let Some(network) = Network::new("a cable") else {
        return;
    };
    let listener = std::net::TcpListener::bind((network.host(), 0)).expect("the host has it");
    let port = listener.local_addr().expect("it is bound");
    let wrapper = network.wrapper();
    let connects_within = |seconds: &str| {
        let script = format!("exec 3<>/dev/tcp/{}/{}", port.ip(), port.port());
        let mut command = Command::new(wrapper[0]);
        command
            .args(&wrapper[1..])
            .args(["timeout", seconds, "bash"]);
        let output = command.args(["-c", &script]).output();
        output.expect("it can be started").status.success()
    };
    assert!(connects_within("20"));
    network.cut();
    assert!(!connects_within("1"));
    network.mend();
    // The first packet may come before the cable does; it is sent again after a second, then after two more.
    assert!(connects_within("20"));
}

//! A tuning on a cluster comes to what it comes to in one process, whatever dies on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use output::tuning::Tuning;
use rustix::process::Signal;
use serde_json::Value;
use tickermill_tests::cluster::Cluster;
use tickermill_tests::course::{Event, expect_each_committed_once, is_of};
use tickermill_tests::daemon::Daemon;
use tickermill_tests::process::Running;
use tickermill_tests::reference::small;
use tickermill_tests::tickermill::Ended;
use tickermill_tests::tuning::{QUICK, TUNE, outcomes, shards, tuned};
use tickermill_tests::workplace::Workplace;

/// So long that no worker which waits for the next round lets its panel go, however busy the machine is.
const LEASE_MS: u64 = 20_000;
/// So late that a trial which is held up is not given to another worker besides, and no panel is taken in vain.
const NO_COPIES: u64 = 600_000;

/// What the tuning says, and the bytes of its outcome, in one process.
fn alone() -> &'static (String, Vec<u8>) {
    static ALONE: LazyLock<(String, Vec<u8>)> = LazyLock::new(|| {
        let workplace = Workplace::empty();
        let data = small().data.display();
        let run = format!("run --no-train --json --data {data}");
        workplace.run(&run).completed();
        let ended = workplace.run_with(TUNE, &QUICK);
        tuned(&ended);
        (ended.stdout, outcome(&workplace.path("out")))
    });
    &ALONE
}

/// What every tuning here comes to.
fn expected() -> Tuning {
    serde_json::from_str(&alone().0).expect("it was read before")
}

/// The bytes of the only outcome of a tuning in an output.
#[track_caller]
fn outcome(out: &Path) -> Vec<u8> {
    let found = outcomes(out);
    let [outcome] = &found[..] else {
        panic!("there is one outcome in {}", out.display())
    };
    fs::read(outcome).expect("it can be read")
}

/// A cluster under which tunings are quick, of which nothing runs yet.
fn quick() -> Cluster {
    let with = |cluster: Cluster, (name, value): (&str, &str)| cluster.with_text(name, value);
    let cluster = QUICK.into_iter().fold(Cluster::of(small), with);
    cluster
        .with("CLUSTER__LEASE_MS", LEASE_MS)
        .with("CLUSTER__COPY_AFTER_MS", NO_COPIES)
}

/// Starts a coordinator and workers of a slot each, with their faults, and has them complete a run.
fn run_on(mut cluster: Cluster, workers: &[(&str, &str)]) -> Cluster {
    cluster.start_coordinator("");
    for (name, faults) in workers {
        cluster.start_worker(name, 1, faults);
    }
    expect_completed(&cluster, cluster.submit_with("--no-train"));
    cluster
}

/// Waits for the end of a run, and until the journal has all that the coordinator told of it. Returns its id.
#[track_caller]
fn expect_completed(cluster: &Cluster, run: Daemon) -> String {
    let summary = run.end().completed();
    let run = summary["run_id"].as_str().expect("a run has an id");
    cluster.wait_for_coordinator(0, &format!("run {run} completed"));
    run.to_owned()
}

fn tune_command(cluster: &Cluster) -> Command {
    let arguments = format!("{TUNE} --coordinator {}", cluster.address());
    cluster.command(&arguments, "")
}

fn tune(cluster: &Cluster) -> Daemon {
    Daemon::start("tune", &mut tune_command(cluster), &cluster.journal)
}

/// Starts the same behind a run that holds the coordinator up, and returns when the coordinator has taken it on.
fn tune_later(cluster: &Cluster) -> Running {
    let submission = format!("submissions/{}.json", expected().tuning);
    let submission = cluster.out().join(submission);
    let mut tuning = Running::start(&mut tune_command(cluster));
    tuning.until("the submission", || submission.exists());
    tuning
}

/// Asserts that a tuning which ended after a place of the journal is what it is in one process. Returns who committed each
/// of the shards that were committed from there on.
#[track_caller]
fn expect_same(cluster: &Cluster, place: usize, ended: &Ended) -> BTreeMap<u32, String> {
    let journal = &cluster.journal;
    assert_eq!(ended.exit, Some(0), "{}{journal}", ended.stderr);
    let (said, kept) = alone();
    assert_eq!(ended.stdout, *said);
    assert_eq!(outcome(cluster.out()), *kept);
    // Then the journal has all that the coordinator told before.
    let Tuning { tuning, run, .. } = expected();
    cluster.wait_for_coordinator(place, &format!("tuning {tuning} of run {run} completed"));
    expect_each_committed_once(&cluster.events_since(place))
}

/// How often each worker took the panel of a tuning, by its name, as the coordinators tell it.
fn panels_taken(cluster: &Cluster) -> BTreeMap<String, u32> {
    let mut taken = BTreeMap::new();
    let said = cluster.journal.since(0).into_iter();
    let lines = said.filter(|said| said.who == "coordinator");
    for line in lines.filter_map(|said| said.line) {
        let Some((before, _)) = line.split_once(" takes the panel of tuning ") else {
            continue;
        };
        let worker = before.rsplit(' ').next().expect("there is a last word");
        let name = worker.split('/').next().expect("there is a first part");
        *taken.entry(name.to_owned()).or_default() += 1;
    }
    taken
}

fn once_each(names: &[&str]) -> BTreeMap<String, u32> {
    names.iter().map(|name| ((*name).to_owned(), 1)).collect()
}

/// The shard of the only trial that was held up.
#[track_caller]
fn held_trial(cluster: &Cluster) -> u32 {
    let fault = cluster.expect_one_fault("mid-trial");
    fault.detail.parse().expect("it is the number of a shard")
}

/// Asserts that from a place of the journal on no worker was lost, and no attempt counted as failed.
#[track_caller]
fn expect_no_loss(cluster: &Cluster, place: usize) {
    let events = cluster.events_since(place);
    let is_loss = |event: &Event| matches!(event, Event::Lost(..) | Event::Failed(..));
    assert!(!events.iter().any(is_loss), "{}", cluster.journal);
}

#[test]
fn it_is_the_same_with_any_workers_each_of_which_takes_the_panel_once() {
    let names = ["w1", "w2", "w3"];
    for count in [1, 3] {
        let workers: Vec<(&str, &str)> = names[..count].iter().map(|name| (*name, "")).collect();
        let cluster = run_on(quick(), &workers);
        let place = cluster.journal.place();
        let committed = expect_same(&cluster, place, &tune(&cluster).end());
        let kept: BTreeSet<u32> = shards(cluster.out()).into_keys().collect();
        assert_eq!(committed.into_keys().collect::<BTreeSet<u32>>(), kept);
        assert_eq!(panels_taken(&cluster), once_each(&names[..count]));

        // The same again is told without a shard.
        let place = cluster.journal.place();
        let committed = expect_same(&cluster, place, &tune(&cluster).end());
        assert!(committed.is_empty(), "{}", cluster.journal);
    }
}

#[test]
fn it_is_the_same_on_an_encrypted_cluster() {
    let cluster = quick();
    let certs = cluster.workplace.path("certs");
    let made = cluster
        .workplace
        .run("certs certs --name coordinator.example");
    made.expect_exit(0);
    let cluster = run_on(cluster.encrypted(certs), &[("w1", "")]);
    assert!(cluster.address().starts_with("https://"));
    let place = cluster.journal.place();
    expect_same(&cluster, place, &tune(&cluster).end());
    assert_eq!(panels_taken(&cluster), once_each(&["w1"]));
}

#[test]
fn a_worker_that_is_killed_amid_a_trial_is_made_up_for() {
    let mut cluster = run_on(quick(), &[("w1", "mid-trial#3=kill"), ("w2", "")]);
    let place = cluster.journal.place();
    let tuning = tune(&cluster);
    let victim = cluster.take_worker("w1");
    let process = victim.id();
    victim.expect_killed();
    assert_eq!(cluster.expect_one_fault("mid-trial").process, process);
    let committed = expect_same(&cluster, place, &tuning.end());
    let events = cluster.events_since(place);
    let lost = |event: &Event| matches!(event, Event::Lost(worker, _) if is_of(worker, "w1"));
    assert!(events.iter().any(lost), "{}", cluster.journal);
    let was_in_hand = |event: &Event| match event {
        Event::Given(attempt) | Event::Copied(attempt) => {
            is_of(&attempt.worker, "w1") && !is_of(&committed[&attempt.shard], "w1")
        }
        _ => false,
    };
    assert!(events.iter().any(was_in_hand), "no trial was in progress");
}

#[test]
fn a_coordinator_that_is_killed_amid_it_goes_on_and_gives_no_committed_shard_out_again() {
    let cluster = quick();
    let gate = cluster.gate("gate");
    let held = format!("mid-trial#6={}", gate.hold());
    let mut cluster = run_on(cluster, &[("w1", held.as_str()), ("w2", held.as_str())]);
    let tuning = tune(&cluster);
    for name in ["w1", "w2"] {
        cluster.worker(name).wait_for("fault at mid-trial");
    }
    cluster.take_coordinator().kill();
    assert_eq!(cluster.faults_at("mid-trial").len(), 2);
    let committed: BTreeSet<u32> = shards(cluster.out()).into_keys().collect();
    assert!(!committed.is_empty(), "{}", cluster.journal);
    assert!(outcomes(cluster.out()).is_empty());
    gate.open();

    let place = cluster.journal.place();
    cluster.start_coordinator("");
    for name in ["w1", "w2"] {
        cluster.worker(name).wait_from(place, " joined ");
    }
    let computed = expect_same(&cluster, place, &tuning.end());
    // They kept it while there was no coordinator.
    assert_eq!(panels_taken(&cluster), once_each(&["w1", "w2"]));
    cluster.expect_not_given_since(place, &committed);
    let all: BTreeSet<u32> = shards(cluster.out()).into_keys().collect();
    let left: BTreeSet<u32> = all.difference(&committed).copied().collect();
    assert_eq!(computed.into_keys().collect::<BTreeSet<u32>>(), left);
}

#[test]
fn one_that_is_cancelled_is_listed_before_and_goes_on_when_it_is_asked_for_again() {
    let cluster = quick();
    let gate = cluster.gate("gate");
    let held = format!("mid-trial#6={}", gate.hold());
    let cluster = run_on(cluster, &[("w1", held.as_str())]);
    let id = expected().tuning.to_string();
    let tuning = tune(&cluster);
    cluster.worker("w1").wait_for("fault at mid-trial");
    let listed = cluster.ask("runs --json").expect_exit(0).stdout;
    let runs: Vec<Value> = listed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let running: Vec<&Value> = runs
        .iter()
        .filter(|run| run["status"] == "running")
        .collect();
    assert!(
        matches!(running[..], [run] if run["submission"] == id.as_str()),
        "{listed}"
    );
    let table = cluster.ask("runs").expect_exit(0).stdout;
    let is_told = |line: &str| line.starts_with(&id) && line.contains(" running ");
    assert!(table.lines().any(is_told), "{table}");

    let committed = shards(cluster.out());
    assert_eq!(committed.len(), 5, "the worker has the sixth in hand");
    let cancelled = cluster.ask(&format!("cancel {id}")).expect_exit(0);
    assert_eq!(cancelled.stdout, format!("{id} is cancelled\n"));
    let ended = tuning.end();
    ended.expect_one_error(&["cancelled"]);
    assert!(ended.ended_as("cancelled").contains("cancelled"));
    // Then the journal has all that was told of its shards.
    cluster.wait_for_coordinator(0, &format!("{id}: tune took "));
    gate.open();
    assert_eq!(shards(cluster.out()), committed);
    assert!(outcomes(cluster.out()).is_empty());
    let submission = format!("out/submissions/{id}.json");
    assert_eq!(cluster.workplace.read(&submission), None);

    let place = cluster.journal.place();
    let computed = expect_same(&cluster, place, &tune(&cluster).end());
    let before: BTreeSet<u32> = committed.keys().copied().collect();
    cluster.expect_not_given_since(place, &before);
    let all = shards(cluster.out());
    for (shard, written) in &committed {
        assert_eq!(all[shard], *written, "shard {shard} was written again");
    }
    let left = all.keys().filter(|shard| !committed.contains_key(shard));
    assert!(computed.keys().eq(left), "{}", cluster.journal);
}

#[test]
fn one_whose_coordinator_is_gone_is_taken_back_from_the_output() {
    let cluster = quick();
    let gate = cluster.gate("gate");
    let held = format!("mid-trial#1={}", gate.hold());
    let mut cluster = run_on(cluster, &[("w1", held.as_str())]);
    let id = expected().tuning.to_string();
    let tuning = tune(&cluster);
    cluster.worker("w1").wait_for("fault at mid-trial");
    cluster.take_coordinator().kill();
    tuning.kill();
    let cancel = format!("cancel {id} --out out");
    let cancelled = cluster.workplace.run(&cancel).expect_exit(0);
    assert_eq!(cancelled.stdout, format!("{id} is cancelled\n"));
    let submission = format!("out/submissions/{id}.json");
    assert_eq!(cluster.workplace.read(&submission), None);
    let again = cluster.workplace.run(&cancel);
    again.expect_one_error(&["no run", &id]);
    gate.open();
}

#[test]
fn one_that_waits_is_of_the_run_that_was_the_latest_when_it_was_asked_for() {
    let mut cluster = quick();
    let (gate, trials) = (cluster.gate("gate"), cluster.gate("trials"));
    cluster.start_coordinator(&format!("after-plan#2={}", gate.hold()));
    cluster.start_worker("w1", 1, &format!("mid-trial#1={}", trials.hold()));
    expect_completed(&cluster, cluster.submit_with("--no-train"));
    let other = cluster.submit_with("--no-train --window 20");
    cluster.wait_for_coordinator(0, "fault at after-plan");
    let mut tuning = tune_later(&cluster);
    gate.open();
    let other = expect_completed(&cluster, other);
    assert_ne!(expected().run.to_string(), other);
    let place = cluster.journal.place();
    trials.open();
    expect_same(&cluster, place, &tuning.end());
    let latest = cluster.workplace.json("out/latest.json");
    assert_eq!(latest["run_id"], other.as_str());
}

#[test]
fn it_is_of_that_run_too_where_its_client_has_to_ask_again_when_another_is_the_latest() {
    let mut cluster = quick();
    let (gate, trials) = (cluster.gate("gate"), cluster.gate("trials"));
    cluster.start_coordinator(&format!("after-plan#2={}", gate.hold()));
    cluster.start_worker("w1", 1, &format!("mid-trial#1={}", trials.hold()));
    expect_completed(&cluster, cluster.submit_with("--no-train"));
    let other = cluster.submit_with("--no-train --window 20");
    cluster.wait_for_coordinator(0, "fault at after-plan");
    let mut tuning = tune_later(&cluster);
    tuning.freeze();
    cluster.take_coordinator().kill();
    cluster.start_coordinator("");
    let other = expect_completed(&cluster, other);
    assert_ne!(expected().run.to_string(), other);
    let latest = cluster.workplace.json("out/latest.json");
    assert_eq!(latest["run_id"], other.as_str());
    let place = cluster.journal.place();
    trials.open();
    tuning.signal(Signal::CONT);
    expect_same(&cluster, place, &tuning.end());
}

#[test]
fn a_worker_told_to_end_amid_a_trial_finishes_it() {
    let cluster = quick();
    let gate = cluster.gate("gate");
    let held = format!("mid-trial#2={}", gate.hold());
    let mut cluster = run_on(cluster, &[("leaves", held.as_str()), ("stays", "")]);
    let place = cluster.journal.place();
    let tuning = tune(&cluster);
    cluster.worker("leaves").wait_for("fault at mid-trial");
    let leaves = cluster.take_worker("leaves");
    leaves.signal(Signal::TERM);
    cluster.wait_for_coordinator(0, "worker leaves/1 drains");
    gate.open();
    leaves.end_within(Duration::from_secs(30)).expect_exit(0);
    let committed = expect_same(&cluster, place, &tuning.end());
    let shard = held_trial(&cluster);
    assert!(is_of(&committed[&shard], "leaves"), "{}", cluster.journal);
    expect_no_loss(&cluster, place);
}

#[test]
fn a_worker_that_cannot_finish_a_trial_in_time_hands_it_back() {
    let cluster = quick().with("CLUSTER__DRAIN_MS", 0);
    let gate = cluster.gate("gate");
    let held = format!("mid-trial#2={}", gate.hold());
    let mut cluster = run_on(cluster, &[("leaves", held.as_str()), ("stays", "")]);
    let place = cluster.journal.place();
    let tuning = tune(&cluster);
    cluster.worker("leaves").wait_for("fault at mid-trial");
    let leaves = cluster.take_worker("leaves");
    leaves.signal(Signal::TERM);
    let shard = held_trial(&cluster);
    let handed_back = format!("shard {shard:05} attempt 1 handed back by leaves/1");
    cluster.wait_for_coordinator(place, &handed_back);
    let committed = expect_same(&cluster, place, &tuning.end());
    assert!(is_of(&committed[&shard], "stays"), "{}", cluster.journal);
    expect_no_loss(&cluster, place);
    gate.open();
    leaves.end_within(Duration::from_secs(30)).expect_exit(0);
}

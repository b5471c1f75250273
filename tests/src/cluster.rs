//! A whole cluster of real processes: a coordinator, workers, and clients.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::course::{Event, expect_each_committed_once, given};
use crate::credentials;
use crate::daemon::Daemon;
use crate::fault_log::{self, Happened};
use crate::gate::Gate;
use crate::journal::Journal;
use crate::reference::Reference;
use crate::tickermill::{self, Ended};
use crate::turn::{self, Turn};
use crate::workplace::{Workplace, files_below, staged_of};

/// Milliseconds after which a silent peer is given up here: long for a busy machine, short for a test.
pub const LEASE_MS: u64 = 2000;

/// The processes, all of which are killed in the end.
pub struct Cluster {
    reference: &'static Reference,
    variables: BTreeMap<String, String>,
    credentials: Option<PathBuf>,
    tokens: Option<PathBuf>,
    host: String,
    address: Option<String>,
    flags: Vec<String>,
    out: PathBuf,
    coordinator: Option<Daemon>,
    workers: BTreeMap<String, Daemon>,
    /// What every process says.
    pub journal: Journal,
    /// Where everything is written.
    pub workplace: Workplace,
    _turn: Turn,
}

impl Cluster {
    /// A cluster for a market, of which nothing runs yet. Waits until no other cluster does.
    pub fn of(reference: fn() -> &'static Reference) -> Self {
        let turn = turn::take();
        let workplace = Workplace::empty();
        let cluster = Self {
            reference: reference(),
            variables: BTreeMap::new(),
            credentials: None,
            tokens: None,
            host: "127.0.0.1".to_owned(),
            address: None,
            flags: Vec::new(),
            out: workplace.path("out"),
            coordinator: None,
            workers: BTreeMap::new(),
            journal: Journal::default(),
            workplace,
            _turn: turn,
        };
        cluster
            .with("CLUSTER__HEARTBEAT_MS", LEASE_MS / 10)
            .with("CLUSTER__LEASE_MS", LEASE_MS)
            .with("RUN__LEASE_SECONDS", 2)
    }

    /// With a variable such as `CLUSTER__LEASE_MS`, whose prefix is added, for every process.
    #[must_use]
    pub fn with(self, variable: &str, value: u64) -> Self {
        self.with_text(variable, &value.to_string())
    }

    /// The same for a variable that is no number.
    #[must_use]
    pub fn with_text(mut self, variable: &str, value: &str) -> Self {
        let name = format!("TICKERMILL__{variable}");
        self.variables.insert(name, value.to_owned());
        self
    }

    /// With operators answered by every process, each on a port of its own.
    #[must_use]
    pub fn observed(mut self) -> Self {
        let name = "TICKERMILL__OPERATIONS__LISTEN".to_owned();
        self.variables.insert(name, "127.0.0.1:0".to_owned());
        self
    }

    /// With connections encrypted: every process has the certificate of its role from a folder that `tickermill certs` made.
    #[must_use]
    pub fn encrypted(mut self, certs: PathBuf) -> Self {
        self.credentials = Some(certs);
        self
    }

    /// With a coordinator that takes the tokens of a file.
    #[must_use]
    pub fn with_tokens(mut self, file: PathBuf) -> Self {
        self.tokens = Some(file);
        self
    }

    /// With the output elsewhere.
    #[must_use]
    pub fn with_out(mut self, out: PathBuf) -> Self {
        self.out = out;
        self
    }

    /// With a coordinator that listens elsewhere than on loopback, and therefore must allow the data.
    #[must_use]
    pub fn on_host(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        let data = self.reference.data.display();
        self.flags.push("--insecure".to_owned());
        self.flags.push(format!("--allow-root={data}"));
        self
    }

    /// A gate at which processes can be held.
    pub fn gate(&self, name: &str) -> Gate {
        Gate::at(self.workplace.path(name))
    }

    /// What a run of the market in one process comes to.
    pub fn reference(&self) -> &'static Reference {
        self.reference
    }

    /// The folder of the output.
    pub fn out(&self) -> &Path {
        &self.out
    }

    /// A command of the binary with this cluster's variables and with faults, such as `after-plan=kill`.
    pub fn command(&self, arguments: &str, faults: &str) -> Command {
        let mut command = tickermill::command(self.workplace.folder(), arguments);
        let first = arguments.split(' ').next().unwrap_or_default();
        let role = match first {
            "coordinator" | "worker" => first,
            _ => "client",
        };
        self.prepare(&mut command, role, faults);
        command
    }

    fn prepare(&self, command: &mut Command, role: &str, faults: &str) {
        if let Some(certs) = &self.credentials {
            credentials::give(command, certs, Some(role));
        }
        command
            .envs(&self.variables)
            .env("TICKERMILL_FAULTS", faults)
            .env("TICKERMILL_FAULTS_LOG", self.workplace.path("faults.log"));
    }

    /// Starts the coordinator, on the port that it had before if it had one, and waits until it listens.
    pub fn start_coordinator(&mut self, faults: &str) {
        let listen = self.address.as_ref().map_or_else(
            || format!("{}:0", self.host),
            |address| address.rsplit('/').next().expect("it is a URL").to_owned(),
        );
        let coordinator = self.coordinator_at(&listen, faults);
        let line = coordinator.wait_for("coordinator listens on ");
        let address = line.split_whitespace().nth(3).expect("an address");
        assert!(address.starts_with("http"), "{line}");
        self.address = Some(address.to_owned());
        self.coordinator = Some(coordinator);
    }

    /// Starts another coordinator of the same output beside the one that runs.
    pub fn second_coordinator(&self) -> Daemon {
        self.coordinator_at(&format!("{}:0", self.host), "")
    }

    fn coordinator_at(&self, listen: &str, faults: &str) -> Daemon {
        let mut command = self.command(&format!("coordinator --listen {listen}"), faults);
        command.args(&self.flags).arg("--out").arg(&self.out);
        if let Some(tokens) = &self.tokens {
            command.env("TICKERMILL__AUTH__TOKENS", tokens);
        }
        Daemon::start("coordinator", &mut command, &self.journal)
    }

    /// Lets the next coordinator, and what is started after it, have a port of its own.
    pub fn leave_port(&mut self) {
        self.address = None;
    }

    /// The coordinator's address, `http://HOST:PORT`.
    pub fn address(&self) -> &str {
        self.address.as_deref().expect("it was started before")
    }

    /// The running coordinator.
    pub fn coordinator(&self) -> &Daemon {
        self.coordinator.as_ref().expect("it runs")
    }

    /// The running coordinator, to be waited for or killed.
    pub fn take_coordinator(&mut self) -> Daemon {
        self.coordinator.take().expect("it runs")
    }

    /// Starts a worker, and waits until it has joined.
    pub fn start_worker(&mut self, name: &str, slots: u32, faults: &str) {
        self.spawn_worker(name, slots, faults);
        self.worker(name).wait_for(" joined ");
    }

    /// Starts a worker.
    pub fn spawn_worker(&mut self, name: &str, slots: u32, faults: &str) {
        let command = self.command(&self.worker_arguments(name, slots), faults);
        self.spawn_worker_by(name, command);
    }

    /// Starts a worker through a command that runs what is appended to it.
    pub fn spawn_worker_through(&mut self, name: &str, wrapper: &[&str], faults: &str) {
        let mut command = Command::new(wrapper[0]);
        command
            .args(&wrapper[1..])
            .arg(tickermill::binary())
            .args(self.worker_arguments(name, 1).split_whitespace())
            .current_dir(self.workplace.folder());
        tickermill::without_configuration(&mut command);
        self.prepare(&mut command, "worker", faults);
        self.spawn_worker_by(name, command);
    }

    fn worker_arguments(&self, name: &str, slots: u32) -> String {
        let address = self.address();
        format!("worker --coordinator {address} --slots {slots} --name {name}")
    }

    fn spawn_worker_by(&mut self, name: &str, mut command: Command) {
        let worker = Daemon::start(name, &mut command, &self.journal);
        let before = self.workers.insert(name.to_owned(), worker);
        assert!(before.is_none(), "there are two of {name}");
    }

    /// A running worker.
    pub fn worker(&self, name: &str) -> &Daemon {
        self.workers.get(name).expect("the worker runs")
    }

    /// A running worker, to be waited for or killed.
    pub fn take_worker(&mut self, name: &str) -> Daemon {
        self.workers.remove(name).expect("the worker runs")
    }

    /// Submits the market's run and follows it.
    pub fn submit(&self) -> Daemon {
        self.submit_with("")
    }

    /// The same with more flags.
    pub fn submit_with(&self, flags: &str) -> Daemon {
        let address = self.address();
        let arguments = format!("run --coordinator {address} --json {flags} --data");
        let mut command = self.command(&arguments, "");
        command.arg(&self.reference.data);
        Daemon::start("run", &mut command, &self.journal)
    }

    /// Runs another command against the coordinator to its end; arguments are parted by blanks.
    pub fn ask(&self, arguments: &str) -> Ended {
        let arguments = format!("{arguments} --coordinator {}", self.address());
        Daemon::start("client", &mut self.command(&arguments, ""), &self.journal).end()
    }

    /// Waits for a line of whatever process has the role of coordinator, from a place of the journal on.
    #[track_caller]
    pub fn wait_for_coordinator(&self, place: usize, part: &str) -> String {
        let what = format!("'{part}' of the coordinator");
        let said = self.journal.wait_from(place, &what, |said| {
            said.who == "coordinator" && said.line.as_ref().is_some_and(|line| line.contains(part))
        });
        said.line.expect("it is a line")
    }

    /// What happened to workers and shards, as the coordinators told it from a place of the journal on.
    pub fn events_since(&self, place: usize) -> Vec<Event> {
        let lines = self.told_since(place).into_iter();
        lines.filter_map(|line| Event::parse(&line)).collect()
    }

    /// What happened in one run: runs are taken one after another, and each is told of when it is planned.
    pub fn events_of(&self, run: &str) -> Vec<Event> {
        let mut is_of_run = false;
        let mut events = Vec::new();
        for line in self.told_since(0) {
            if line.contains(" tickers to compute, ") {
                is_of_run = line.contains(&format!("run {run}:"));
            }
            events.extend(Event::parse(&line).filter(|_| is_of_run));
        }
        events
    }

    fn told_since(&self, place: usize) -> Vec<String> {
        let said = self.journal.since(place).into_iter();
        let told = said.filter(|said| said.who == "coordinator");
        told.filter_map(|said| said.line).collect()
    }

    /// The shards of which the output has a commit, whatever was told of them.
    pub fn commits(&self) -> BTreeSet<u32> {
        let runs = fs::read_dir(self.out.join("runs")).into_iter().flatten();
        let folders = runs.flatten().map(|run| run.path().join("commits"));
        let files = folders.flat_map(|folder| fs::read_dir(folder).into_iter().flatten());
        let names = files
            .flatten()
            .map(|file| file.file_name().into_string().expect("ours are UTF-8"));
        names
            .filter_map(|name| name.strip_suffix(".json")?.parse().ok())
            .collect()
    }

    /// Every fault that happened at a point so far.
    pub fn faults_at(&self, point: &str) -> Vec<Happened> {
        let happened = fault_log::read(&self.workplace.path("faults.log"));
        let is_here = |fault: &Happened| fault.point == point;
        happened.into_iter().filter(is_here).collect()
    }

    /// The one fault that happened at a point.
    #[track_caller]
    pub fn expect_one_fault(&self, point: &str) -> Happened {
        let happened = self.faults_at(point);
        let [fault] = &happened[..] else {
            panic!(
                "one fault was to happen at {point}: {happened:?}\n{}",
                self.journal
            )
        };
        fault.clone()
    }

    /// Waits for the end of the market's run, and asserts that it is what a run in one process comes to, that no shard was
    /// committed twice, and that nothing staged is left. Returns the summary.
    #[track_caller]
    pub fn expect_same(&self, run: Daemon) -> Value {
        let ended = run.end();
        assert_eq!(ended.exit, Some(0), "{}", self.journal);
        let summary = ended.completed();
        self.reference.expect_same(&summary);
        let id = summary["run_id"].as_str().expect("a run has an id");
        expect_each_committed_once(&self.events_of(id));
        self.expect_nothing_staged();
        summary
    }

    /// Asserts that shards which were committed before a place of the journal were not given to anybody from there on.
    #[track_caller]
    pub fn expect_not_given_since(&self, place: usize, committed: &BTreeSet<u32>) {
        let given = given(&self.events_since(place));
        let again: Vec<_> = given.intersection(committed).collect();
        assert!(again.is_empty(), "given again: {again:?}\n{}", self.journal);
    }

    fn expect_nothing_staged(&self) {
        let claims = self.out.join("epoch");
        for file in files_below(&self.out) {
            let name = file.to_string_lossy();
            if let Some(of) = staged_of(&name) {
                // The coordinator that runs now may renew its claim at this moment; those of former ones are gone.
                let renewed = file.starts_with(&claims) && Path::new(of).exists();
                assert!(renewed, "{name} was left behind");
            }
        }
    }
}

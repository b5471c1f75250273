//! The `tickermill` binary as a user has it: built once, run with arguments, judged by its exit status and what it says.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use serde_json::Value;

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests are a folder of the repository")
}

/// The binary with its fault points, as `cargo test --workspace` builds it for the command's own test: there is nothing left
/// to build then, and never an old one.
pub fn binary() -> &'static Path {
    static BINARY: LazyLock<PathBuf> = LazyLock::new(build);
    &BINARY
}

fn build() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["test", "--locked", "--workspace", "--test", "binary"])
        .arg("--no-run")
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(repository())
        .stderr(Stdio::inherit());
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let output = command.output().expect("cargo can be started");
    assert!(output.status.success(), "the binary does not build");
    let messages = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["kind"][0] == "bin")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .expect("cargo names the executable that it built")
}

/// Whether runs train boosted trees. They do by default, which is most of their work and grows with the rows; few tests are
/// about them. So [`without_configuration`] says no, and tests that are about them, or about what a user sees who has
/// configured nothing, say yes or take the variable away again.
const TRAIN_VOLUME: &str = "TICKERMILL__VOLUME__TRAIN";

/// A command that runs the binary in `folder` with `arguments`, parted by blanks, and none of the caller's configuration but
/// that runs train the forest alone.
pub fn command(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(binary());
    command
        .args(arguments.split_whitespace())
        .current_dir(folder);
    without_configuration(&mut command);
    command
}

/// The same with no configuration at all, as a user has it who has set nothing.
pub fn unconfigured(folder: &Path, arguments: &str) -> Command {
    let mut command = command(folder, arguments);
    command.env_remove(TRAIN_VOLUME);
    command
}

/// Takes every variable away that would change what the binary does or says, and has runs train the forest alone.
pub fn without_configuration(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TICKERMILL") {
            command.env_remove(name);
        }
    }
    command.env_remove("RUST_LOG").env_remove("RUST_BACKTRACE");
    command.env(TRAIN_VOLUME, "false");
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Ended {
    Ended::of(&command.output().expect("the command can be started"))
}

/// A process that ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status; `None` where a signal ended it.
    pub exit: Option<i32>,
    /// All of its standard output.
    pub stdout: String,
    /// All of its standard error.
    pub stderr: String,
}

impl Ended {
    /// What a process left.
    pub fn of(output: &Output) -> Self {
        Self {
            exit: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Asserts the exit status.
    #[expect(
        clippy::return_self_not_must_use,
        reason = "to assert is a use of its own"
    )]
    #[track_caller]
    pub fn expect_exit(self, exit: i32) -> Self {
        assert_eq!(
            self.exit,
            Some(exit),
            "stdout:\n{}stderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// The last line of stdout as JSON, which `--json` promises.
    #[track_caller]
    pub fn json(&self) -> Value {
        let last = self.stdout.lines().last().unwrap_or_default();
        serde_json::from_str(last).unwrap_or_else(|error| {
            panic!(
                "the last line of stdout is no JSON ({error}): {last:?}; stderr:\n{}",
                self.stderr
            )
        })
    }

    /// The summary of a run that completed.
    #[track_caller]
    pub fn completed(self) -> Value {
        let summary = self.expect_exit(0).json();
        assert_eq!(summary["status"], "completed", "{summary:#}");
        summary
    }

    /// Why a run ended with exit status 1 and this status.
    #[track_caller]
    pub fn ended_as(self, status: &str) -> String {
        let summary = self.expect_exit(1).json();
        assert_eq!(summary["status"], status, "{summary:#}");
        let reason = summary["reason"].as_str();
        reason.expect("it is told why").to_owned()
    }

    /// The lines that tell the user what is wrong.
    pub fn errors(&self) -> Vec<&str> {
        self.stderr
            .lines()
            .filter_map(|line| line.strip_prefix("error: "))
            .collect()
    }

    /// Asserts that there is one message, and that it has all of `parts`: what is wrong, where, and what to do.
    #[track_caller]
    pub fn expect_one_error(&self, parts: &[&str]) {
        let errors = self.errors();
        let [error] = errors[..] else {
            panic!(
                "expected one error, not {errors:?}; stderr:\n{}",
                self.stderr
            )
        };
        for part in parts {
            assert!(error.contains(part), "{part:?} is not in {error:?}");
        }
        let causes = error.matches("(os error").count();
        assert!(causes < 2, "the cause is told {causes} times: {error:?}");
    }
}

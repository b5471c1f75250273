//! A temporary folder in which a user works: a market in `market`, the output in `out`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::tickermill::{self, Ended};

/// The folder, removed in the end.
pub struct Workplace {
    folder: TempDir,
}

impl Workplace {
    /// A new and empty one.
    pub fn empty() -> Self {
        Self {
            folder: tempfile::tempdir().expect("there is room for temporary files"),
        }
    }

    /// A path below the folder.
    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs the binary here; arguments are parted by blanks.
    pub fn run(&self, arguments: &str) -> Ended {
        self.run_with(arguments, &[])
    }

    /// Runs the binary here as a user does who has configured nothing: runs train boosted trees too.
    pub fn run_unconfigured(&self, arguments: &str) -> Ended {
        tickermill::run(&mut tickermill::unconfigured(self.folder(), arguments))
    }

    /// Runs the binary here with variables such as `RUN__LEASE_SECONDS`, whose prefix is added.
    pub fn run_with(&self, arguments: &str, variables: &[(&str, &str)]) -> Ended {
        let mut command = tickermill::command(self.folder(), arguments);
        for (name, value) in variables {
            command.env(format!("TICKERMILL__{name}"), value);
        }
        tickermill::run(&mut command)
    }

    /// A file below the folder; `None` where it is not there.
    pub fn read(&self, below: &str) -> Option<Vec<u8>> {
        fs::read(self.path(below)).ok()
    }

    /// A JSON file below the folder, which must be there.
    #[track_caller]
    pub fn json(&self, below: &str) -> Value {
        let bytes = self
            .read(below)
            .unwrap_or_else(|| panic!("{below} is not there"));
        serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{below}: {error}"))
    }

    /// Writes a file below the folder, and the folders above it.
    pub fn write(&self, below: &str, content: impl AsRef<[u8]>) {
        let path = self.path(below);
        let parent = path.parent().expect("the path is below a folder");
        fs::create_dir_all(parent).expect("the folder can be made");
        fs::write(path, content).expect("the file can be written");
    }

    /// Every file below a folder, by its path from there, with a digest of its bytes.
    pub fn files(&self, below: &str) -> BTreeMap<String, String> {
        let root = self.path(below);
        let mut files = BTreeMap::new();
        for path in files_below(&root) {
            let name = path.strip_prefix(&root).expect("it was found below");
            let digest = blake3::hash(&fs::read(&path).expect("the file can be read"));
            files.insert(name.display().to_string(), digest.to_hex().to_string());
        }
        files
    }

    /// The names of the runs in `out`, in order of name.
    pub fn runs(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("out/runs"));
        let mut runs: Vec<String> = entries
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        runs.sort();
        runs
    }
}

/// The file that is staged under this path until it is whole, where something is: its name ends in `#` and digits.
pub fn staged_of(path: &str) -> Option<&str> {
    let (of, digits) = path.rsplit_once('#')?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(of)
}

/// The path of every file below a folder; none where it is not there.
pub fn files_below(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("the folder can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files
}

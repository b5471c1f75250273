//! A gate at which processes are held, by fault points, until it is opened.

use std::fs;
use std::path::PathBuf;

/// The gate: a file that is there when it is open.
pub struct Gate {
    path: PathBuf,
}

impl Gate {
    /// The gate at a path.
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The action of a fault that holds a process here.
    pub fn hold(&self) -> String {
        format!("hold:{}", self.path.display())
    }

    /// Lets everything go on, now and later.
    pub fn open(&self) {
        fs::write(&self.path, "").expect("there is room for an empty file");
    }
}

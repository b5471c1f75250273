//! One cluster at a time: tests of whole clusters wait for each other, in whatever process they run.

use std::fs::File;

use rustix::fs::{FlockOperation, flock};

/// The right to load the machine, until it is dropped.
pub struct Turn {
    _lock: File,
}

/// Waits for a turn.
pub fn take() -> Turn {
    let path = std::env::temp_dir().join("tickermill-tests.lock");
    let lock = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .expect("there is room for temporary files");
    flock(&lock, FlockOperation::LockExclusive).expect("the system has locks");
    Turn { _lock: lock }
}

//! A disk so small that it fills up.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::skip::skipped;

/// The disk, in memory. It is gone when it is dropped.
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// One of so many KiB; `None`, said loudly, where this user cannot have one.
    pub fn of(test: &str, kib: u32) -> Option<Self> {
        let disk = Self {
            folder: tempfile::tempdir().expect("there is room for temporary files"),
        };
        if !disk.mount(&format!("size={kib}k")) {
            skipped(test, "only root can mount a small disk");
            return None;
        }
        Some(disk)
    }

    /// A folder on the disk.
    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// Makes the disk as large as this.
    pub fn grow(&self, kib: u32) {
        assert!(self.mount(&format!("remount,size={kib}k")));
    }

    fn mount(&self, options: &str) -> bool {
        succeeds(
            Command::new("mount")
                .args(["-t", "tmpfs", "-o", options, "tmpfs"])
                .arg(self.folder.path()),
        )
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        unmount(self.folder.path());
    }
}

fn unmount(folder: &Path) {
    // Where it was never mounted, there is nothing to do.
    let _ = succeeds(Command::new("umount").arg(folder));
}

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

//! What folders need and object stores do not: sweeping and syncing.

use std::path::PathBuf;

use super::error::StoreError;
use super::open::Store;

impl Store {
    /// Removes what killed writers left below a folder: staged files, named `NAME#N` beside `NAME`. Returns how many.
    ///
    /// Object stores stage nothing that anyone sees. Only the holder of the store's epoch may call this.
    pub fn sweep(&self, path: &str) -> usize {
        let Some(folder) = self.folder() else {
            return 0;
        };
        let mut swept = 0;
        let mut folders = vec![folder.join(path)];
        while let Some(folder) = folders.pop() {
            swept += sweep_files(&folder, &mut folders);
        }
        swept
    }

    /// As [`Store::sweep`], for the files directly in the store's root.
    pub fn sweep_root(&self) -> usize {
        self.folder()
            .map_or(0, |folder| sweep_files(folder, &mut Vec::new()))
    }

    /// As [`Store::sweep`], for what killed writers of one object left, whether the object itself is there or not.
    pub fn sweep_beside(&self, path: &str) -> usize {
        let Some(file) = self.folder().map(|folder| folder.join(path)) else {
            return 0;
        };
        let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
            return 0;
        };
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let staged = entries.filter(|entry| {
            let is_of = |entry: &str| staged_of(entry).is_some_and(|of| name == of);
            entry.file_name().to_str().is_some_and(is_of)
        });
        staged
            .filter(|entry| std::fs::remove_file(entry.path()).is_ok())
            .count()
    }

    /// Returns when everything written so far survives a loss of power.
    ///
    /// A folder's whole file system is synced at once, which costs less than one sync for each of thousands of files;
    /// an object store has done so with each write.
    pub fn sync(&self) -> Result<(), StoreError> {
        let Some(folder) = self.folder() else {
            return Ok(());
        };
        let sync = || -> std::io::Result<()> { sync_file_system(folder) };
        sync().map_err(|source| StoreError::Sync {
            path: self.locate(""),
            source,
        })
    }
}

/// Removes the staged files directly in a folder, adds its folders to `folders`, and returns how many files it removed.
fn sweep_files(folder: &std::path::Path, folders: &mut Vec<PathBuf>) -> usize {
    let mut swept = 0;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let staged = entry
            .file_name()
            .to_str()
            .is_some_and(|name| staged_of(name).is_some());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => folders.push(entry.path()),
            Ok(_) if staged => swept += usize::from(std::fs::remove_file(entry.path()).is_ok()),
            _ => {}
        }
    }
    swept
}

/// The name of the file that a local writer of `object_store` stages under this name, which ends in `#` and digits.
fn staged_of(name: &str) -> Option<&str> {
    let (of, digits) = name.rsplit_once('#')?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(of)
}

#[cfg(target_os = "linux")]
fn sync_file_system(folder: &std::path::Path) -> std::io::Result<()> {
    rustix::fs::syncfs(std::fs::File::open(folder)?)?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn sync_file_system(_folder: &std::path::Path) -> std::io::Result<()> {
    rustix::fs::sync();
    Ok(())
}

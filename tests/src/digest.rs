//! The digest of a data set, recomputed from its files alone.

use std::fs;
use std::path::Path;

/// BLAKE3 over the lines `SYMBOL blake3-of-its-feature-file\n`, sorted by symbol, as the README tells anyone to do.
pub fn of_feature_files(folder: &Path) -> String {
    let mut lines = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be listed").path();
        let symbol = path.file_stem().expect("it has a name").to_string_lossy();
        let bytes = fs::read(&path).expect("the file can be read");
        lines.push((symbol.into_owned(), blake3::hash(&bytes).to_hex()));
    }
    lines.sort();
    let mut hasher = blake3::Hasher::new();
    for (symbol, hash) in lines {
        hasher.update(format!("{symbol} {hash}\n").as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

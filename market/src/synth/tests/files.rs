//! Reads a written market back, without the reader that it is meant to try.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::synth::{SyntheticMarket, Written, write_market};

pub(super) const SMALL: SyntheticMarket = SyntheticMarket {
    tickers: 40,
    rows_per_ticker: 120,
    seed: 11,
    faults: false,
};

pub(super) fn written(market: &SyntheticMarket) -> (tempfile::TempDir, Written) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let written = write_market(folder.path(), market, &|_| ()).expect("the market is written");
    (folder, written)
}

/// Every file with its bytes, by its path under `folder`, with `/` between parts.
pub(super) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for name in ["", "stocks", "etfs"] {
        for entry in fs::read_dir(folder.join(name)).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                continue;
            }
            let file_name = path.file_name().expect("a file").to_string_lossy();
            let key = format!("{name}/{file_name}");
            files.insert(
                key.trim_start_matches('/').to_owned(),
                fs::read(&path).expect("a readable file"),
            );
        }
    }
    files
}

/// The files with prices, and the lines of each.
pub(super) fn price_lines(folder: &Path) -> BTreeMap<String, Vec<String>> {
    files(folder)
        .into_iter()
        .filter(|(path, _)| path.contains('/'))
        .map(|(path, bytes)| {
            let text = String::from_utf8(bytes).expect("text");
            (path, text.lines().map(str::to_owned).collect())
        })
        .collect()
}

/// Open, High, Low, Close, Adj Close and Volume of a good line.
pub(super) fn numbers(line: &str) -> [f64; 6] {
    let fields: Vec<f64> = line
        .split(',')
        .skip(1)
        .map(|field| field.parse().expect("a number"))
        .collect();
    fields.try_into().expect("six numbers")
}

pub(super) fn digest(folder: &Path) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for (path, bytes) in files(folder) {
        hasher.update(path.as_bytes());
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(&bytes);
    }
    hasher.finalize()
}

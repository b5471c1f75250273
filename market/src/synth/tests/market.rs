//! Size, layout, list, determinism and refusals.

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};

use super::files::{SMALL, digest, files, price_lines, written};
use crate::synth::{SynthError, SyntheticMarket, write_market};

#[test]
fn the_same_market_has_the_same_bytes_for_any_number_of_threads() {
    let market = SyntheticMarket {
        faults: true,
        ..SMALL
    };
    let (folder, expected) = written(&market);
    for threads in 1..=3 {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let (again, written) = pool.install(|| written(&market));
        assert_eq!(digest(folder.path()), digest(again.path()));
        assert_eq!(expected, written);
    }
}

/// Fails where another platform, or a changed dependency, makes other numbers. A change of the
/// model itself changes it too: then take the new one.
#[test]
fn bytes_are_the_same_on_every_platform() {
    let (folder, _) = written(&SyntheticMarket {
        faults: true,
        ..SMALL
    });
    assert_eq!(
        digest(folder.path()).to_hex().as_str(),
        "08a1b185ca8c65d8ba2243ccd42d85644e47b1b2a11ccf55aac27dc5793a51c8"
    );
}

#[test]
fn another_seed_makes_another_market() {
    let (folder, _) = written(&SMALL);
    let (other, _) = written(&SyntheticMarket { seed: 12, ..SMALL });
    assert_ne!(digest(folder.path()), digest(other.path()));
}

#[test]
fn what_was_written_is_what_lies_there() {
    let progress = AtomicU64::new(0);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("made/on/the/way");
    let written = write_market(&out, &SMALL, &|bytes| {
        progress.fetch_add(bytes, Ordering::Relaxed);
    })
    .unwrap();

    let files = files(&out);
    let total: usize = files.values().map(Vec::len).sum();
    assert_eq!(written.bytes, total as u64);
    let list = files["symbols_valid_meta.csv"].len() as u64;
    assert_eq!(progress.into_inner() + list, written.bytes);
    assert_eq!(written.tickers, 40);
    assert_eq!(files.len(), 41);
    let lines = price_lines(&out);
    let rows: usize = lines.values().map(|lines| lines.len() - 1).sum();
    assert_eq!(written.rows, rows as u64);
    assert!(written.planted_faults.is_empty());
}

#[test]
fn the_list_names_every_file_and_the_special_symbols() {
    let (folder, _) = written(&SMALL);
    let list = fs::read(folder.path().join("symbols_valid_meta.csv")).unwrap();
    let mut listed = BTreeSet::new();
    let mut symbols = BTreeSet::new();
    for record in csv::Reader::from_reader(list.as_slice()).records() {
        let record = record.unwrap();
        assert_eq!(record.len(), 12);
        assert!(!record[2].is_empty());
        let is_etf = &record[5] == "Y";
        let directory = if is_etf { "etfs" } else { "stocks" };
        listed.insert(format!("{directory}/{}.csv", &record[10]));
        symbols.insert((record[1].to_owned(), record[10].to_owned()));
    }
    let there: BTreeSet<String> = price_lines(folder.path()).into_keys().collect();
    assert_eq!(listed, there);
    assert_eq!(
        listed
            .iter()
            .filter(|path| path.starts_with("etfs"))
            .count(),
        7
    );
    for (symbol, file_symbol) in [
        ("NAN", "NAN"),
        ("TRUE", "TRUE"),
        ("NULL", "NULL"),
        ("AGM$A", "AGM-A"),
        ("CARR.V", "CARR#"),
    ] {
        assert!(symbols.contains(&(symbol.to_owned(), file_symbol.to_owned())));
    }
}

#[test]
fn every_size_adds_up() {
    for (tickers, rows_per_ticker) in [(1, 1), (3, 59), (500, 60), (2, 15_071)] {
        let market = SyntheticMarket {
            tickers,
            rows_per_ticker,
            ..SMALL
        };
        let (_folder, written) = written(&market);
        let expected = (tickers * rows_per_ticker) as f64;
        let off = (written.rows as f64 / expected - 1.0).abs();
        assert!(off <= 0.01, "{} rows, not {expected}", written.rows);
    }
}

#[test]
fn impossible_sizes_are_all_named() {
    let folder = tempfile::tempdir().unwrap();
    let market = SyntheticMarket {
        tickers: 0,
        rows_per_ticker: 15_072,
        ..SMALL
    };
    let error = write_market(folder.path(), &market, &|_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot make this synthetic market: 0 tickers were asked for, choose 1 to 1000000; \
         15072 rows per ticker were asked for, choose 1 to 15071"
    );
}

#[test]
fn a_folder_with_a_market_is_refused_and_left_alone() {
    let (folder, _) = written(&SMALL);
    let before = digest(folder.path());
    let error = write_market(folder.path(), &SMALL, &|_| ()).unwrap_err();
    assert!(matches!(error, SynthError::AlreadyThere { path } if path.ends_with("stocks")));
    assert_eq!(before, digest(folder.path()));

    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join("symbols_valid_meta.csv"), "").unwrap();
    let error = write_market(other.path(), &SMALL, &|_| ()).unwrap_err();
    assert!(matches!(error, SynthError::AlreadyThere { .. }));
    assert!(!other.path().join("stocks").exists());
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = write_market(&file, &SMALL, &|_| ()).unwrap_err();
    let SynthError::Write { path, .. } = error else {
        panic!("another error: {error}");
    };
    assert!(path.starts_with(file));
}

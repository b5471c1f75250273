//! Every fault lies where it is said to lie, and nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use super::files::{SMALL, files, numbers, written};
use crate::synth::{FaultKind, Outcome, PlantedFault, SyntheticMarket, Written};

const FAULTY: SyntheticMarket = SyntheticMarket {
    tickers: 3,
    rows_per_ticker: 40,
    faults: true,
    ..SMALL
};

/// A faulty market, its files and their lines without ends.
struct FaultyFiles {
    written: Written,
    files: BTreeMap<String, Vec<u8>>,
}

impl FaultyFiles {
    fn new() -> Self {
        let (folder, written) = written(&FAULTY);
        Self {
            files: files(folder.path()),
            written,
        }
    }

    fn faults(&self, kind: FaultKind) -> impl Iterator<Item = &PlantedFault> {
        let faults = self.written.planted_faults.iter();
        faults.filter(move |fault| fault.kind == kind)
    }

    fn fault(&self, kind: FaultKind) -> &PlantedFault {
        self.faults(kind).next().expect("every kind is planted")
    }

    fn lines(&self, path: &str) -> Vec<&str> {
        let text = str::from_utf8(&self.files[path]).expect("text");
        text.lines().collect()
    }

    /// The lines of this fault that lie at fault, for all files with this kind.
    fn faulty_lines(&self, kind: FaultKind) -> Vec<&str> {
        self.faults(kind)
            .flat_map(|fault| {
                let lines = self.lines(&fault.path);
                let chosen = fault
                    .lines
                    .iter()
                    .map(move |line| lines[*line as usize - 1]);
                chosen.collect::<Vec<_>>()
            })
            .collect()
    }

    /// Asserts that the lines at fault, and no other line of the same files, are `wrong`.
    fn assert_only_faulty_lines_are(&self, kind: FaultKind, wrong: IsOdd) {
        for fault in self.faults(kind) {
            assert!(!fault.lines.is_empty());
            for (index, line) in self.lines(&fault.path).into_iter().enumerate().skip(1) {
                let is_at_fault = fault.lines.contains(&(index as u64 + 1));
                assert_eq!(wrong(line), is_at_fault, "{kind:?} {}: {line}", fault.path);
            }
        }
    }
}

/// Tells by one line whether it has the fault.
type IsOdd = fn(&str) -> bool;

fn is_good(line: &str) -> bool {
    let Some((date, rest)) = line.split_once(',') else {
        return false;
    };
    let fields: Vec<f64> = rest
        .split(',')
        .map_while(|field| field.parse().ok())
        .collect();
    date.parse::<chrono::NaiveDate>().is_ok()
        && fields.len() == 6
        && rest.split(',').count() == 6
        && fields.iter().all(|number| number.is_finite())
        && fields[..4].iter().all(|price| *price >= 0.0)
        && fields[5] >= 0.0
        && fields[5].fract() == 0.0
}

#[test]
fn quarantined_rows_are_bad_and_all_others_good() {
    let market = FaultyFiles::new();
    for kind in [
        FaultKind::BlankField,
        FaultKind::NullField,
        FaultKind::NanField,
        FaultKind::InfiniteField,
        FaultKind::NotANumber,
        FaultKind::NegativePrice,
        FaultKind::NegativeVolume,
        FaultKind::FractionalVolume,
        FaultKind::RaggedLine,
        FaultKind::TruncatedLine,
        FaultKind::BadDate,
    ] {
        assert_eq!(market.fault(kind).outcome, Outcome::RowQuarantined);
        market.assert_only_faulty_lines_are(kind, |line| !is_good(line));
    }
    for kind in [FaultKind::ClosedDay, FaultKind::ClosedDayThenTraded] {
        assert_eq!(market.fault(kind).outcome, Outcome::Discarded);
        market.assert_only_faulty_lines_are(kind, |line| line.ends_with(",,,,,,"));
    }
    assert!(!market.files["stocks/TRUNCATEDLINE.csv"].ends_with(b"\n"));
    for line in market.faulty_lines(FaultKind::VolumeWithPoint) {
        assert!(line.ends_with(".0") && is_good(line));
    }
}

#[test]
fn odd_rows_are_odd_and_good() {
    let market = FaultyFiles::new();
    let odd_kinds: [(FaultKind, IsOdd); 5] = [
        (FaultKind::LargeVolume, |line| {
            numbers(line)[5] > f64::from(i32::MAX)
        }),
        (FaultKind::ZeroOpen, |line| numbers(line)[0] == 0.0),
        (FaultKind::ZeroVolume, |line| numbers(line)[5] == 0.0),
        (FaultKind::NegativeAdjClose, |line| numbers(line)[4] < 0.0),
        (FaultKind::HighBelowLow, |line| {
            numbers(line)[1] < numbers(line)[2]
        }),
    ];
    for (kind, is_odd) in odd_kinds {
        assert_eq!(market.fault(kind).outcome, Outcome::Kept);
        market.assert_only_faulty_lines_are(kind, is_odd);
        assert!(market.faulty_lines(kind).into_iter().all(is_good));
    }
    let jump = market.fault(FaultKind::TenfoldJump);
    let lines = market.lines(&jump.path);
    for (index, pair) in lines[1..].windows(2).enumerate() {
        let ratio = numbers(pair[1])[3] / numbers(pair[0])[3];
        let is_at_fault = jump.lines.contains(&(index as u64 + 3));
        assert_eq!(ratio > 10.0, is_at_fault, "{}", pair[1]);
    }
}

#[test]
fn dates_repeat_and_go_back_where_they_are_said_to() {
    let market = FaultyFiles::new();
    let date_of = |line: &str| line[..10].to_owned();

    let identical = market.fault(FaultKind::IdenticalRepeatedDate);
    let different = market.fault(FaultKind::DifferentRepeatedDate);
    let unordered = market.fault(FaultKind::DatesOutOfOrder);
    assert_eq!(identical.outcome, Outcome::Merged);
    assert_eq!(different.outcome, Outcome::RowQuarantined);
    assert_eq!(unordered.outcome, Outcome::Kept);
    let numbered_pairs = |fault: &PlantedFault| -> Vec<(u64, String, String)> {
        let lines = market.lines(&fault.path);
        let pairs = lines[1..].windows(2).enumerate();
        pairs
            .map(|(index, pair)| (index as u64 + 2, pair[0].to_owned(), pair[1].to_owned()))
            .collect()
    };
    for (line, first, second) in numbered_pairs(identical) {
        assert_eq!(first == second, identical.lines.contains(&(line + 1)));
        assert_eq!(first == second, date_of(&first) == date_of(&second));
    }
    for (line, first, second) in numbered_pairs(different) {
        let repeats = date_of(&first) == date_of(&second);
        assert_eq!(repeats, different.lines.contains(&line));
        assert_ne!(first, second);
    }
    for (line, first, second) in numbered_pairs(unordered) {
        let goes_back = date_of(&second) < date_of(&first);
        assert_eq!(goes_back, unordered.lines.contains(&(line + 1)));
    }
    let blank = market.fault(FaultKind::ClosedDayThenTraded);
    let lines = market.lines(&blank.path);
    let blank_line = blank.lines[0] as usize;
    assert_eq!(date_of(lines[blank_line - 1]), date_of(lines[blank_line]));
}

#[test]
fn files_are_at_fault_as_a_whole() {
    let market = FaultyFiles::new();
    let bytes = |kind| market.files[&market.fault(kind).path].as_slice();

    assert!(bytes(FaultKind::EmptyFile).is_empty());
    assert!(str::from_utf8(bytes(FaultKind::NotText)).is_err());
    assert!(bytes(FaultKind::ByteOrderMark).starts_with(b"\xef\xbb\xbfDate,Open"));
    assert!(bytes(FaultKind::CarriageReturns).ends_with(b"\r\n"));
    assert!(bytes(FaultKind::ReorderedColumns).starts_with(b"Volume,Date,Close"));
    assert!(bytes(FaultKind::MissingColumns).starts_with(b"Date,Open,High,Low,Close,Adj Close\n"));
    assert_eq!(
        bytes(FaultKind::HeaderOnly),
        b"Date,Open,High,Low,Close,Adj Close,Volume\n"
    );
    let short = &market.fault(FaultKind::ShortFile).path;
    assert_eq!(market.lines(short).len(), 13);

    let ragged = market.fault(FaultKind::RaggedFile);
    assert_eq!(ragged.lines.len(), 10);
    market.assert_only_faulty_lines_are(FaultKind::RaggedFile, |line| !is_good(line));
    for fault in market.faults(FaultKind::RaggedLine) {
        let rows = market.lines(&fault.path).len() - 1;
        assert!(fault.lines.len() < 10 || fault.lines.len() * 100 <= rows);
    }
    assert_eq!(market.faults(FaultKind::TwoFiles).count(), 2);
    assert_eq!(market.faults(FaultKind::UnsafeFileName).count(), 2);
}

#[test]
fn the_list_is_at_fault_where_it_is_said_to_be() {
    let market = FaultyFiles::new();
    let list = market.lines("symbols_valid_meta.csv");
    for kind in [
        FaultKind::ListedWithoutFile,
        FaultKind::EmptyName,
        FaultKind::ListedTwice,
        FaultKind::UnsafeListedSymbol,
    ] {
        let fault = market.fault(kind);
        let line = list[fault.lines[0] as usize - 1];
        assert!(line.starts_with(&format!("Y,{},", fault.symbol)), "{line}");
    }
    assert!(market.faulty_lines(FaultKind::EmptyName)[0].starts_with("Y,EMPTYNAME,,"));
    assert!(!market.files.contains_key("stocks/MISSINGFILE.csv"));
    let lines_of = |symbol: &str| {
        let start = format!("Y,{symbol},");
        list.iter().filter(|line| line.starts_with(&start)).count()
    };
    assert_eq!(lines_of("LISTEDTWICE"), 2);
    assert_eq!(lines_of("UNLISTED"), 0);
    assert!(market.files.contains_key("stocks/UNLISTED.csv"));
}

#[test]
fn rows_leave_out_the_files_that_are_quarantined() {
    let market = FaultyFiles::new();
    let quarantined: BTreeSet<&str> = market
        .written
        .planted_faults
        .iter()
        .filter(|fault| fault.outcome == Outcome::FileQuarantined)
        .map(|fault| fault.path.as_str())
        .collect();
    let rows: usize = market
        .files
        .keys()
        .filter(|path| path.contains('/') && !quarantined.contains(path.as_str()))
        .map(|path| market.lines(path).len() - 1)
        .sum();
    assert_eq!(market.written.rows, rows as u64);
    assert_eq!(market.written.tickers, market.files.len() - 1);
}

#[test]
fn faults_come_on_top_of_the_same_market() {
    let (clean, _) = written(&SyntheticMarket {
        faults: false,
        ..FAULTY
    });
    let faulty = FaultyFiles::new();
    for (path, bytes) in files(clean.path()) {
        assert!(faulty.files[&path].starts_with(&bytes), "{path}");
    }
}

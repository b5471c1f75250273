//! The reader does with every planted fault what is to be done with it.

use std::collections::{BTreeMap, BTreeSet};

use tickermill_market::csv::{PriceFile, read_price_file};
use tickermill_market::layout::{Dataset, discover};
use tickermill_market::ledger::{FileFault, RowCounts, RowFault};
use tickermill_market::store::Store;
use tickermill_market::synth::{
    FaultKind, Outcome, PlantedFault, SyntheticMarket, Written, write_market,
};

/// A written market, found and read.
struct ReadMarket {
    written: Written,
    dataset: Dataset,
    files: BTreeMap<String, Result<PriceFile, FileFault>>,
}

impl ReadMarket {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let market = SyntheticMarket {
            tickers: 6,
            rows_per_ticker: 80,
            seed: 5,
            faults: true,
        };
        let written = write_market(folder.path(), &market, &|_| ()).unwrap();
        let store = Store::open(folder.path().to_str().unwrap()).unwrap();
        let dataset = futures::executor::block_on(discover(&store)).unwrap();
        let read = |path: &String| {
            let bytes = std::fs::read(folder.path().join(path)).unwrap();
            (path.clone(), read_price_file(&bytes))
        };
        let files = dataset.tickers.iter().map(|ticker| read(&ticker.path));
        Self {
            files: files.collect(),
            dataset,
            written,
        }
    }

    fn kept_file(&self, fault: &PlantedFault) -> &PriceFile {
        let file = self.files[&fault.path].as_ref();
        file.unwrap_or_else(|error| panic!("{fault:?}: {error}"))
    }

    /// Why the file of this fault is set aside, before or after it is read.
    fn file_fault(&self, fault: &PlantedFault) -> &FileFault {
        let unread = &self.dataset.set_aside;
        if let Some(file) = unread.iter().find(|file| file.path == fault.path) {
            return &file.fault;
        }
        let file = self.files[&fault.path].as_ref();
        file.expect_err("the file is quarantined")
    }

    fn check(&self, fault: &PlantedFault) {
        let lines = fault.lines.len() as u64;
        match fault.outcome {
            Outcome::Discarded => {
                assert_eq!(self.kept_file(fault).counts.discarded, lines);
            }
            Outcome::Merged => {
                let counts = self.kept_file(fault).counts;
                assert_eq!((counts.merged, counts.quarantined), (lines, 0));
            }
            Outcome::RowQuarantined => {
                let rows = &self.kept_file(fault).quarantined;
                let quarantined: Vec<u64> = rows.iter().map(|row| row.line).collect();
                assert_eq!(quarantined, fault.lines, "{fault:?}");
                for row in rows {
                    let reasons = reasons(fault.kind);
                    assert!(reasons.contains(&row.reason), "{fault:?}: {row:?}");
                }
            }
            Outcome::FileQuarantined => assert_eq!(
                self.file_fault(fault).code(),
                file_code(fault.kind),
                "{fault:?}"
            ),
            Outcome::Kept => self.check_kept(fault),
            Outcome::NullName => {
                let of_symbol = |name: &String| *name == fault.symbol;
                let findings = &self.dataset.findings;
                let mut reported = findings.empty_name.iter().chain(&findings.without_entry);
                assert!(reported.any(of_symbol), "{fault:?}");
                let tickers = &self.dataset.tickers;
                let ticker = tickers.iter().find(|t| t.symbol.as_str() == fault.symbol);
                assert_eq!(ticker.unwrap().security_name, None);
            }
            Outcome::Reported => {
                let findings = &self.dataset.findings;
                let mut reported = findings.without_file.iter().chain(&findings.listed_twice);
                assert!(reported.any(|name| *name == fault.symbol), "{fault:?}");
            }
        }
    }

    fn check_kept(&self, fault: &PlantedFault) {
        let file = self.kept_file(fault);
        let (lines, flags) = (fault.lines.len() as u64, file.flags);
        assert_eq!(file.counts.quarantined, 0, "{fault:?}");
        assert_eq!(file.counts.merged, 0, "{fault:?}");
        let counted = match fault.kind {
            FaultKind::ZeroOpen => flags.open_zero,
            FaultKind::ZeroVolume => flags.volume_zero,
            FaultKind::NegativeAdjClose => flags.adj_close_negative,
            FaultKind::HighBelowLow => flags.high_below_low,
            FaultKind::TenfoldJump => flags.tenfold_jump,
            FaultKind::DatesOutOfOrder => flags.out_of_order,
            _ => lines,
        };
        assert_eq!(counted, lines, "{fault:?}");
    }
}

/// The reasons for which rows with this fault go to quarantine.
fn reasons(kind: FaultKind) -> &'static [RowFault] {
    match kind {
        FaultKind::BlankField => &[RowFault::BlankField],
        FaultKind::NullField | FaultKind::NanField | FaultKind::NotANumber => {
            &[RowFault::NotANumber]
        }
        FaultKind::InfiniteField => &[RowFault::Infinite],
        FaultKind::NegativePrice => &[RowFault::NegativePrice],
        FaultKind::NegativeVolume => &[RowFault::NegativeVolume],
        FaultKind::FractionalVolume => &[RowFault::FractionalVolume],
        FaultKind::RaggedLine | FaultKind::TruncatedLine => &[RowFault::Ragged],
        FaultKind::BadDate => &[RowFault::BadDate],
        FaultKind::DifferentRepeatedDate => &[RowFault::RepeatedDate],
        other => panic!("rows with {other:?} are not quarantined"),
    }
}

fn file_code(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::EmptyFile => "empty",
        FaultKind::MissingColumns => "columns-missing",
        FaultKind::NotText => "not-text",
        FaultKind::RaggedFile => "ragged",
        FaultKind::UnsafeFileName => "bad-symbol",
        FaultKind::TwoFiles => "two-files",
        other => panic!("files with {other:?} are not quarantined"),
    }
}

#[test]
fn every_planted_fault_has_its_outcome() {
    let market = ReadMarket::new();
    assert!(!market.written.planted_faults.is_empty());
    for fault in &market.written.planted_faults {
        market.check(fault);
    }
}

#[test]
fn every_row_is_accounted_for() {
    let market = ReadMarket::new();
    let mut total = RowCounts::default();
    for file in market.files.values().flatten() {
        assert!(file.counts.balance());
        total += file.counts;
    }
    assert!(total.balance());
    // Of two files for one symbol, and of those whose name is no symbol, no row is read.
    assert_eq!(total.read, market.written.rows);
}

#[test]
fn files_without_a_fault_are_kept_whole() {
    let market = ReadMarket::new();
    let planted = market.written.planted_faults.iter();
    let planted: BTreeSet<&String> = planted.map(|fault| &fault.path).collect();
    let clean = market
        .files
        .iter()
        .filter(|(path, _)| !planted.contains(path));
    let mut files = 0;
    for (path, file) in clean {
        let counts = file.as_ref().unwrap().counts;
        assert_eq!(counts.read, counts.written, "{path}");
        files += 1;
    }
    assert!(files >= 6, "{files} files are without a fault");
}

//! Every fault of the design, planted in a market: each is found where it is.

#![expect(
    clippy::unwrap_used,
    reason = "what is not there fails the test, in its helpers too"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use arrow_array::RecordBatch;
use market::synth::{FaultKind, Outcome, PlantedFault, Written};
use serde_json::{Value, json};
use tickermill_tests::feature_files::{read, texts};
use tickermill_tests::market as markets;
use tickermill_tests::quarantine::{self, SetAside, reason};
use tickermill_tests::workplace::Workplace;

const RUN: &str = "run --data market --no-train --json";
const NO_LIMITS: [(&str, &str); 2] = [
    ("QUALITY__MAX_QUARANTINED_ROWS", "1"),
    ("QUALITY__MAX_QUARANTINED_FILES", "1"),
];

/// A run of a market with every fault, its limits raised, and what it left.
struct Found {
    workplace: Workplace,
    written: Written,
    summary: Value,
    quality: Value,
    quarantine: BTreeMap<(String, u64), SetAside>,
}

fn find_all() -> Found {
    let workplace = Workplace::empty();
    let written = markets::faulty(&workplace.path("market"), 10, 100);
    let summary = workplace.run_with(RUN, &NO_LIMITS).completed();
    let run = summary["run_id"].as_str().unwrap();
    let quality = workplace.json(&format!("out/runs/{run}/quality.json"));
    Found {
        quarantine: quarantine::read(&workplace, run),
        workplace,
        written,
        summary,
        quality,
    }
}

impl Found {
    fn rows_of(&self, fault: &PlantedFault, what: &str) -> u64 {
        self.quality["by_symbol"][&fault.symbol]["rows"][what]
            .as_u64()
            .unwrap_or(0)
    }

    fn flag_of(&self, fault: &PlantedFault, what: &str) -> u64 {
        self.quality["by_symbol"][&fault.symbol]["flags"][what]
            .as_u64()
            .unwrap_or(0)
    }

    fn feature_file(&self, symbol: &str) -> RecordBatch {
        let run = self.summary["run_id"].as_str().unwrap();
        let folder = format!("out/runs/{run}/market_data_with_features");
        read(&self.workplace.path(&format!("{folder}/{symbol}.parquet")))
    }

    fn list_has(&self, finding: &str, symbol: &str) -> bool {
        let symbols = self.quality["list"][finding].as_array().unwrap();
        symbols.contains(&json!(symbol))
    }

    fn expect_quarantined_rows(&self, fault: &PlantedFault) {
        let market = self.workplace.path("market").join(&fault.path);
        let bytes = fs::read(market).unwrap();
        for line in &fault.lines {
            let key = (fault.path.clone(), *line);
            let Some(SetAside {
                reason: found,
                offset,
                raw,
            }) = self.quarantine.get(&key)
            else {
                panic!("{fault:?}: line {line} is not in quarantine")
            };
            assert_eq!(found, reason(fault.kind), "{fault:?}");
            let start = *offset as usize;
            let line_there = bytes[..start].split(|byte| *byte == b'\n').count();
            assert_eq!(line_there as u64, *line, "{fault:?}: the byte offset");
            assert!(bytes[start..].starts_with(raw), "{fault:?}: the raw bytes");
            assert!(!raw.is_empty() && !raw.contains(&b'\n'), "{fault:?}");
        }
    }

    fn expect_quarantined_file(&self, fault: &PlantedFault) {
        let entry = self.quarantine.get(&(fault.path.clone(), 0));
        let entry = entry.unwrap_or_else(|| panic!("{fault:?} is not in quarantine"));
        assert_eq!(entry.reason, reason(fault.kind), "{fault:?}");
        assert!(
            self.quality["quarantined_files"][&fault.path].is_string(),
            "{fault:?}"
        );
    }

    fn expect_kept(&self, fault: &PlantedFault) {
        let lines = fault.lines.len() as u64;
        let flag = match fault.kind {
            FaultKind::ZeroOpen => Some("open_zero"),
            FaultKind::ZeroVolume => Some("volume_zero"),
            FaultKind::NegativeAdjClose => Some("adj_close_negative"),
            FaultKind::HighBelowLow => Some("high_below_low"),
            FaultKind::TenfoldJump => Some("tenfold_jump"),
            FaultKind::DatesOutOfOrder => Some("out_of_order"),
            _ => None,
        };
        if let Some(flag) = flag {
            assert_eq!(self.flag_of(fault, flag), lines, "{fault:?}");
        }
        let rows = self.feature_file(&fault.symbol).num_rows();
        match fault.kind {
            FaultKind::HeaderOnly => assert_eq!(rows, 0),
            FaultKind::ShortFile => assert_eq!(rows, 12),
            _ => assert!(rows >= 247, "{fault:?}: {rows} rows"),
        }
        if rows < 30 {
            let short = self.quality["symbols_short"].as_array().unwrap();
            assert!(short.contains(&json!(fault.symbol)), "{fault:?}");
        }
    }

    fn expect_reported(&self, fault: &PlantedFault) {
        let finding = match fault.kind {
            FaultKind::ListedWithoutFile | FaultKind::UnsafeListedSymbol => "without_file",
            FaultKind::ListedTwice => "listed_twice",
            other => panic!("{other:?} is not for a report alone"),
        };
        assert!(self.list_has(finding, &fault.symbol), "{fault:?}");
        if fault.kind == FaultKind::ListedTwice {
            let names = texts(&self.feature_file(&fault.symbol), "Security Name");
            let first = names[0].as_deref().expect("the first entry has a name");
            assert_ne!(first, "A Name That Comes Too Late");
        }
    }

    fn expect_null_name(&self, fault: &PlantedFault) {
        let finding = match fault.kind {
            FaultKind::EmptyName => "empty_name",
            _ => "without_entry",
        };
        assert!(self.list_has(finding, &fault.symbol), "{fault:?}");
        let names = texts(&self.feature_file(&fault.symbol), "Security Name");
        assert_eq!(names, vec![None; 250], "{fault:?}");
    }
}

#[test]
fn every_planted_fault_is_found_as_its_outcome_says() {
    let found = find_all();
    assert!(found.written.planted_faults.len() > 35);
    for fault in &found.written.planted_faults {
        let lines = fault.lines.len() as u64;
        match fault.outcome {
            Outcome::Discarded => assert_eq!(found.rows_of(fault, "discarded"), lines, "{fault:?}"),
            Outcome::Merged => assert_eq!(found.rows_of(fault, "merged"), lines, "{fault:?}"),
            Outcome::RowQuarantined => found.expect_quarantined_rows(fault),
            Outcome::FileQuarantined => found.expect_quarantined_file(fault),
            Outcome::Kept => found.expect_kept(fault),
            Outcome::NullName => found.expect_null_name(fault),
            Outcome::Reported => found.expect_reported(fault),
        }
    }
}

#[test]
fn nothing_but_the_planted_faults_is_set_aside_and_the_rows_balance() {
    let found = find_all();
    let mut planted = BTreeSet::new();
    for fault in &found.written.planted_faults {
        match fault.outcome {
            Outcome::RowQuarantined => {
                planted.extend(fault.lines.iter().map(|line| (fault.path.clone(), *line)));
            }
            Outcome::FileQuarantined => {
                planted.insert((fault.path.clone(), 0));
            }
            _ => {}
        }
    }
    let set_aside: BTreeSet<_> = found.quarantine.keys().cloned().collect();
    assert_eq!(set_aside, planted);
    let summary = &found.summary;
    let count = |name: &str| summary[name].as_u64().unwrap();
    assert_eq!(count("rows_read"), found.written.rows);
    let accounted = count("rows_written")
        + count("rows_discarded")
        + count("rows_merged")
        + count("rows_quarantined");
    assert_eq!(accounted, count("rows_read"));
    let (files, rows) = (
        planted.iter().filter(|(_, line)| *line == 0).count(),
        planted.iter().filter(|(_, line)| *line > 0).count(),
    );
    assert_eq!(count("files_quarantined"), files as u64);
    assert_eq!(count("rows_quarantined"), rows as u64);
    assert_eq!(
        count("symbols") + count("files_quarantined"),
        found.written.tickers as u64
    );
    for (symbol, quality) in found.quality["by_symbol"].as_object().unwrap() {
        let rows = |name: &str| quality["rows"][name].as_u64().unwrap();
        let accounted = rows("written") + rows("discarded") + rows("merged") + rows("quarantined");
        assert_eq!(accounted, rows("read"), "{symbol}");
    }
}

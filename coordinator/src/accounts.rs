//! The accounts of a run: its ledger, its quality report, its manifest and digest, all made from records alone. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, RecordBatch, StringArray, UInt64Array};
use bytes::Bytes;
use market::layout::{Dataset, ListFindings};
use market::ledger::{QualityFlags, RowCounts};
use output::document::to_pretty_json;
use proto::record::{TickerRecord, TickerResult, WrittenFile};
use serde::{Deserialize, Serialize};

/// Beyond these shares of what was found a run fails.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct QualityLimits {
    /// Rows quarantined, of the rows read.
    pub max_quarantined_rows: f64,
    /// Files quarantined, of all price files.
    pub max_quarantined_files: f64,
}

impl Default for QualityLimits {
    fn default() -> Self {
        Self {
            max_quarantined_rows: 0.001,
            max_quarantined_files: 0.01,
        }
    }
}

/// What a run's records add up to.
pub(crate) struct Accounts {
    pub(crate) counts: RowCounts,
    pub(crate) symbols: u64,
    pub(crate) symbols_short: u64,
    pub(crate) files: u64,
    pub(crate) files_quarantined: u64,
    pub(crate) dataset_digest: String,
    quality: Quality,
    manifest: Manifest,
    quarantine: Vec<QuarantineEntry>,
}

/// `quality.json`.
#[derive(Serialize)]
struct Quality {
    rows: RowCounts,
    files: u64,
    files_quarantined: u64,
    flags: QualityFlags,
    list: ListFindings,
    symbols_short: Vec<String>,
    quarantined_files: BTreeMap<String, String>,
    quarantined_rows_by_reason: BTreeMap<String, u64>,
    by_symbol: BTreeMap<String, SymbolQuality>,
}

/// A ticker in `quality.json`, where there is something to say of it.
#[derive(Serialize)]
struct SymbolQuality {
    rows: RowCounts,
    flags: QualityFlags,
}

/// `manifest.json`.
#[derive(Serialize)]
struct Manifest {
    dataset_digest: String,
    features: BTreeMap<String, WrittenFile>,
    raw: BTreeMap<String, WrittenFile>,
}

struct QuarantineEntry {
    file: String,
    line: Option<u64>,
    offset: Option<u64>,
    reason: &'static str,
    detail: Option<String>,
    raw: Option<String>,
}

impl Accounts {
    /// Adds up the records, one for each ticker of the data set, in rising order of symbol.
    ///
    /// Panics where a record does not balance: the reader has checked it.
    pub(crate) fn of(dataset: &Dataset, records: &[TickerRecord], longest_window: usize) -> Self {
        let mut counts = RowCounts::default();
        let mut flags_total = QualityFlags::default();
        let mut short = Vec::new();
        let mut manifest = Manifest {
            dataset_digest: String::new(),
            features: BTreeMap::new(),
            raw: BTreeMap::new(),
        };
        let mut quarantined_files = BTreeMap::new();
        let mut by_reason: BTreeMap<String, u64> = BTreeMap::new();
        let mut by_symbol = BTreeMap::new();
        let mut quarantine = Vec::new();
        for file in &dataset.set_aside {
            quarantined_files.insert(file.path.clone(), file.fault.to_string());
            quarantine.push(QuarantineEntry::of_file(&file.path, &file.fault));
        }
        for record in records {
            let symbol = record.input.symbol.to_string();
            let path = &record.input.path;
            match &record.result {
                TickerResult::Quarantined { fault } => {
                    quarantined_files.insert(path.clone(), fault.to_string());
                    quarantine.push(QuarantineEntry::of_file(path, fault));
                }
                TickerResult::Written {
                    features,
                    raw,
                    counts: rows,
                    flags,
                    quarantined,
                } => {
                    assert!(
                        rows.balance(),
                        "the rows of {path} do not balance: {rows:?}"
                    );
                    counts += *rows;
                    flags_total += *flags;
                    if rows.written < longest_window as u64 {
                        short.push(symbol.clone());
                    }
                    for row in quarantined {
                        *by_reason.entry(row.reason.code().to_owned()).or_default() += 1;
                        quarantine.push(QuarantineEntry {
                            file: path.clone(),
                            line: Some(row.line),
                            offset: Some(row.offset),
                            reason: row.reason.code(),
                            detail: None,
                            raw: Some(row.raw.clone()),
                        });
                    }
                    if rows.written != rows.read || *flags != QualityFlags::default() {
                        by_symbol.insert(
                            symbol.clone(),
                            SymbolQuality {
                                rows: *rows,
                                flags: *flags,
                            },
                        );
                    }
                    if let Some(raw) = raw {
                        manifest.raw.insert(symbol.clone(), raw.clone());
                    }
                    manifest.features.insert(symbol, features.clone());
                }
            }
        }
        assert!(
            counts.balance(),
            "the rows of the run do not balance: {counts:?}"
        );
        let files = manifest.features.iter();
        let files = files.map(|(symbol, file)| (symbol.as_str(), file.blake3.as_str()));
        let dataset_digest = dataset_digest(files);
        manifest.dataset_digest.clone_from(&dataset_digest);
        quarantine.sort_by(|left, right| (&left.file, left.line).cmp(&(&right.file, right.line)));
        let files = (dataset.tickers.len() + dataset.set_aside.len()) as u64;
        let files_quarantined = quarantined_files.len() as u64;
        Self {
            counts,
            symbols: manifest.features.len() as u64,
            symbols_short: short.len() as u64,
            files,
            files_quarantined,
            dataset_digest,
            quality: Quality {
                rows: counts,
                files,
                files_quarantined,
                flags: flags_total,
                list: dataset.findings.clone(),
                symbols_short: short,
                quarantined_files,
                quarantined_rows_by_reason: by_reason,
                by_symbol,
            },
            manifest,
            quarantine,
        }
    }

    /// Why the run may not complete, where more was set aside than the limits allow.
    pub(crate) fn beyond(&self, limits: &QualityLimits) -> Option<String> {
        let mut reasons = Vec::new();
        let share = |part: u64, whole: u64| {
            if whole == 0 {
                0.0
            } else {
                part as f64 / whole as f64
            }
        };
        let rows = share(self.counts.quarantined, self.counts.read);
        if rows > limits.max_quarantined_rows {
            reasons.push(format!(
                "{} of {} rows are quarantined ({rows:.6}), more than quality.max_quarantined_rows = {}",
                self.counts.quarantined, self.counts.read, limits.max_quarantined_rows
            ));
        }
        let files = share(self.files_quarantined, self.files);
        if files > limits.max_quarantined_files {
            reasons.push(format!(
                "{} of {} files are quarantined ({files:.4}), more than quality.max_quarantined_files = {}",
                self.files_quarantined, self.files, limits.max_quarantined_files
            ));
        }
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    /// What the user should know of the data.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let list = &self.quality.list;
        let mut warnings = Vec::new();
        if !list.list_found {
            warnings.push("there is no symbols_valid_meta.csv: security names are null".to_owned());
        }
        let mut say = |count: usize, what: &str| {
            if count > 0 {
                warnings.push(format!("{count} {what}"));
            }
        };
        say(list.without_file.len(), "listed symbols have no price file");
        say(
            list.without_entry.len(),
            "price files have no entry in the list: their names are null",
        );
        say(
            list.empty_name.len(),
            "listed symbols have a blank name: it is null",
        );
        say(
            list.listed_twice.len(),
            "symbols are listed more than once: the first entry counts",
        );
        say(self.files_quarantined as usize, "files are quarantined");
        say(self.counts.quarantined as usize, "rows are quarantined");
        warnings
    }

    pub(crate) fn quality_json(&self) -> Bytes {
        to_pretty_json(&self.quality)
    }

    pub(crate) fn manifest_json(&self) -> Bytes {
        to_pretty_json(&self.manifest)
    }

    /// `quarantine.parquet`: file, line, byte offset, reason code, detail and raw bytes, by file and line. A file that is
    /// set aside as a whole has no line, offset or raw bytes: it is there itself.
    pub(crate) fn quarantine_parquet(&self) -> Bytes {
        let entries = &self.quarantine;
        let text = |get: fn(&QuarantineEntry) -> Option<&str>| -> ArrayRef {
            Arc::new(entries.iter().map(get).collect::<StringArray>())
        };
        let number = |get: fn(&QuarantineEntry) -> Option<u64>| -> ArrayRef {
            Arc::new(entries.iter().map(get).collect::<UInt64Array>())
        };
        let raw: BinaryArray = entries
            .iter()
            .map(|entry| entry.raw.as_ref().map(String::as_bytes))
            .collect();
        let columns = [
            ("file", text(|entry| Some(&entry.file)), false),
            ("line", number(|entry| entry.line), true),
            ("byte_offset", number(|entry| entry.offset), true),
            ("reason", text(|entry| Some(entry.reason)), false),
            ("detail", text(|entry| entry.detail.as_deref()), true),
            ("raw", Arc::new(raw) as ArrayRef, true),
        ];
        let batch =
            RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length");
        market::feature_file::encode(&batch)
    }
}

impl QuarantineEntry {
    fn of_file(path: &str, fault: &market::ledger::FileFault) -> Self {
        Self {
            file: path.to_owned(),
            line: None,
            offset: None,
            reason: fault.code(),
            detail: Some(fault.to_string()),
            raw: None,
        }
    }
}

/// BLAKE3 over the lines `SYMBOL digest\n` of feature files, in this order, which is that of their symbols.
pub(crate) fn dataset_digest<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut hasher = blake3::Hasher::new();
    for (symbol, digest) in files {
        hasher.update(format!("{symbol} {digest}\n").as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

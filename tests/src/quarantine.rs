//! `quarantine.parquet`: what was set aside, where it was, and why.

use std::collections::BTreeMap;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use market::synth::FaultKind;

use crate::feature_files::{self, texts};
use crate::workplace::Workplace;

/// A row, or a file as a whole, that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// The reason code.
    pub reason: String,
    /// The offset of the row in its file; 0 for a whole file.
    pub offset: u64,
    /// The row's bytes; none for a whole file.
    pub raw: Vec<u8>,
}

/// The quarantine of a run, by file and line; a whole file has line 0.
///
/// Panics where a row is there twice, or has a line without an offset or bytes.
pub fn read(workplace: &Workplace, run: &str) -> BTreeMap<(String, u64), SetAside> {
    let path = workplace.path(&format!("out/runs/{run}/quarantine.parquet"));
    let batch = feature_files::read(&path);
    let files = texts(&batch, "file").into_iter().flatten();
    let reasons: Vec<String> = texts(&batch, "reason").into_iter().flatten().collect();
    let lines = batch["line"].as_primitive::<UInt64Type>();
    let offsets = batch["byte_offset"].as_primitive::<UInt64Type>();
    let raw = batch["raw"].as_binary::<i32>();
    let mut entries = BTreeMap::new();
    for (row, file) in files.enumerate() {
        let whole_file = lines.is_null(row);
        assert_eq!(offsets.is_null(row), whole_file, "{file}");
        assert_eq!(raw.is_null(row), whole_file, "{file}");
        let line = if whole_file { 0 } else { lines.value(row) };
        let set_aside = SetAside {
            reason: reasons[row].clone(),
            offset: if whole_file { 0 } else { offsets.value(row) },
            raw: if whole_file {
                Vec::new()
            } else {
                raw.value(row).to_vec()
            },
        };
        let twice = entries.insert((file.clone(), line), set_aside);
        assert!(twice.is_none(), "{file} line {line} is there twice");
    }
    entries
}

/// The reason code of a fault that goes to quarantine; panics for another.
pub fn reason(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::BlankField => "blank-field",
        FaultKind::NullField | FaultKind::NanField | FaultKind::NotANumber => "not-a-number",
        FaultKind::InfiniteField => "infinite",
        FaultKind::NegativePrice => "negative-price",
        FaultKind::NegativeVolume => "negative-volume",
        FaultKind::FractionalVolume => "fractional-volume",
        FaultKind::RaggedLine | FaultKind::TruncatedLine | FaultKind::RaggedFile => "ragged",
        FaultKind::BadDate => "bad-date",
        FaultKind::DifferentRepeatedDate => "repeated-date",
        FaultKind::EmptyFile => "empty",
        FaultKind::MissingColumns => "columns-missing",
        FaultKind::NotText => "not-text",
        FaultKind::UnsafeFileName => "bad-symbol",
        FaultKind::TwoFiles => "two-files",
        other => panic!("{other:?} is not for quarantine"),
    }
}

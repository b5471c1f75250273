//! The job that is simulated: its plan, and what every attempt at a ticker makes of it.

use std::collections::BTreeMap;

use bytes::Bytes;
use features::schema::FeatureSchema;
use market::layout::{Dataset, ListFindings, TickerFile};
use market::ledger::{QualityFlags, RowCounts};
use market::panel::PanelRows;
use market::rows::ModelRows;
use market::sample::{Sample, SampledRow};
use market::store::Fingerprint;
use market::symbol::Symbol;
use model::parameters::ForestParameters;
use proto::id::RunId;
use proto::record::{TickerRecord, TickerResult, WrittenFile};
use proto::ticket::Recipe;

use super::scenario::Scenario;
use crate::accounts::{Accounts, QualityLimits};
use crate::job::{Job, ModelJob};
use crate::plan::{Plan, Shard};
use output::turn::Turn;

/// Rows of the sample: fewer than the tickers have together.
const SAMPLE_ROWS: usize = 20;
/// Sampled rows of each ticker.
const ROWS_PER_TICKER: i32 = 3;

pub(super) fn plan(scenario: &Scenario) -> Plan {
    let mut number = 0;
    let mut ticker = |bytes: u64| {
        number += 1;
        TickerFile {
            symbol: Symbol::parse(&format!("T{number:05}")).expect("it is one"),
            path: format!("stocks/T{number:05}.csv"),
            fingerprint: Fingerprint {
                size: bytes,
                version: "mtime:0".to_owned(),
            },
            security_name: None,
        }
    };
    let shards: Vec<Shard> = scenario
        .shards
        .iter()
        .map(|tickers| Shard {
            tickers: tickers.iter().map(|bytes| ticker(*bytes)).collect(),
        })
        .collect();
    let dataset = Dataset {
        tickers: shards
            .iter()
            .flat_map(|shard| shard.tickers.clone())
            .collect(),
        set_aside: Vec::new(),
        findings: ListFindings::default(),
    };
    Plan {
        run: RunId::parse("0123456789abcdef-1").expect("it is one"),
        planned: Turn { epoch: 1, turn: 1 },
        data: "memory://data".to_owned(),
        job: Job {
            recipe: Recipe {
                schema: FeatureSchema::default(),
                raw: false,
            },
            model: Some(model()),
            volume: None,
        },
        forced_by: None,
        limits: QualityLimits::default(),
        dataset,
        carried: Vec::new(),
        shards,
    }
}

fn model() -> ModelJob {
    ModelJob {
        name: "simulated".to_owned(),
        inputs: vec!["vol_moving_avg".to_owned()],
        sample_rows: SAMPLE_ROWS,
        test_fraction: 0.2,
        forest: ForestParameters {
            trees: 1,
            min_rows_per_leaf: 5,
            max_depth: None,
            seed: 0,
        },
    }
}

/// The bytes of a ticker's feature file.
pub(super) fn feature_file(symbol: &Symbol) -> Bytes {
    format!("features of {symbol}").into()
}

/// A ticker's record.
pub(super) fn record(input: &TickerFile) -> TickerRecord {
    let file = feature_file(&input.symbol);
    let features = WrittenFile {
        blake3: blake3::hash(&file).to_hex().to_string(),
        size: file.len() as u64,
    };
    let rows = input.fingerprint.size;
    let counts = RowCounts {
        read: rows,
        written: rows,
        ..RowCounts::default()
    };
    TickerRecord {
        input: input.clone(),
        input_blake3: blake3::hash(input.path.as_bytes()).to_hex().to_string(),
        result: TickerResult::Written {
            features,
            raw: None,
            counts,
            flags: QualityFlags::default(),
            quarantined: Vec::new(),
        },
    }
}

/// The sampled rows of a ticker.
fn sampled(symbol: &Symbol) -> impl Iterator<Item = SampledRow> {
    (0..ROWS_PER_TICKER).map(move |date| {
        let hash = blake3::hash(format!("{symbol} {date}").as_bytes());
        let (first, _) = hash.as_bytes().split_first_chunk().expect("it has 32");
        SampledRow {
            hash: u64::from_le_bytes(*first),
            symbol: symbol.as_str().into(),
            date,
            inputs: vec![f64::from(date)],
            today: 1.0,
            target: 2.0,
        }
    })
}

/// The panel's rows of a ticker, which are its own.
fn panel(symbol: &Symbol) -> PanelRows {
    let today = symbol.as_str().bytes().map(f32::from).collect();
    PanelRows {
        today,
        ..PanelRows::default()
    }
}

/// The rows that models take of these records.
pub(super) fn rows_of(records: &[TickerRecord]) -> ModelRows {
    let mut rows = ModelRows {
        sample: Sample::new(SAMPLE_ROWS),
        panel: BTreeMap::new(),
    };
    for record in records {
        let symbol = &record.input.symbol;
        for row in sampled(symbol) {
            rows.sample.offer(row);
        }
        rows.panel.insert(symbol.clone(), panel(symbol));
    }
    rows
}

/// The digest of all feature files, as the run's accounts have it.
pub(super) fn digest(plan: &Plan, mut records: Vec<TickerRecord>) -> String {
    records.sort_by(|left, right| left.input.symbol.cmp(&right.input.symbol));
    Accounts::of(&plan.dataset, &records, 30).dataset_digest
}

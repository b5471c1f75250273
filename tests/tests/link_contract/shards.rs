//! Shards of a run: what their tickets ask for, and what comes of it.

use std::collections::BTreeMap;
use std::fs;

use features::schema::{FeatureSchema, Target};
use features::volume_inputs::volume_inputs;
use futures::poll;
use market::feature_file::read_columns;
use market::feature_rows::read_prices;
use market::layout::discover;
use market::panel::{PanelRequest, PanelRows};
use market::rows::{ModelRows, RowRequest};
use market::sample::{SampleRequest, SampledRow};
use market::symbol::Symbol;
use proto::id::{RunId, ShardId};
use proto::link::{FailureKind, ShardError, ShardProgress, ShardResult};
use proto::record::{TickerResult, WrittenFile};
use proto::ticket::{Recipe, ShardTicket};
use tickermill_tests::market::edit_last_volume;
use tokio::sync::mpsc;

use crate::bench::{Bench, TICKERS};

const SAMPLE_ROWS: usize = 100;

impl Bench {
    /// A ticket for every price file, as it is now.
    async fn ticket(&self, run: u64, attempt: u32) -> ShardTicket {
        let run = RunId::parse(&format!("0123456789abcdef-{run}")).unwrap();
        let mut tickers = discover(&self.data).await.unwrap().tickers;
        tickers.rotate_left(TICKERS / 2); // an order that is not the symbols'
        ShardTicket {
            features_folder: format!("runs/{run}/market_data_with_features"),
            raw_folder: format!("runs/{run}/market_data"),
            run,
            epoch: self.epoch,
            shard: ShardId(3),
            attempt,
            data: self.data.locate(""),
            tickers,
            recipe: Recipe {
                schema: FeatureSchema::default(),
                raw: true,
            },
            rows: request(),
            careful: false,
        }
    }

    /// Computes a ticket, and returns the progress that was told too.
    async fn compute(
        &self,
        ticket: ShardTicket,
    ) -> (Result<ShardResult, ShardError>, Vec<ShardProgress>) {
        let (progress, mut told) = mpsc::channel(64);
        let result = self.link.compute(ticket, progress).await;
        let mut all = Vec::new();
        while let Ok(progress) = told.try_recv() {
            all.push(progress);
        }
        (result, all)
    }

    async fn refusal(&self, ticket: ShardTicket) -> ShardError {
        let (result, _) = self.compute(ticket).await;
        result.expect_err("it cannot be computed")
    }

    /// A file of the output, which must be there as it was said to be.
    async fn file(&self, folder: &str, name: &str, said: &WrittenFile) -> bytes::Bytes {
        let path = format!("{folder}/{name}.parquet");
        let bytes = self.out.read(&path).await.unwrap().expect("it is there");
        assert_eq!(blake3::hash(&bytes).to_hex().to_string(), said.blake3);
        assert_eq!(bytes.len() as u64, said.size);
        bytes
    }
}

fn request() -> RowRequest {
    let sample = SampleRequest {
        rows: SAMPLE_ROWS,
        seed: 7,
        inputs: ["vol_moving_avg", "adj_close_rolling_med"]
            .map(str::to_owned)
            .to_vec(),
        today: "Volume".to_owned(),
        target: "next_day_volume".to_owned(),
        ceiling: u64::MAX,
    };
    let panel = PanelRequest {
        schema: FeatureSchema::declare(volume_inputs(), Target::default()).unwrap(),
        average_rows: 30,
    };
    RowRequest {
        sample: Some(sample),
        panel: Some(panel),
    }
}

/// A ticker's date, with everything that belongs to it.
type SampledValues = (u64, String, i32, Vec<f64>, f64, f64);

/// Everything of the rows: sampled ones themselves are compared by their keys.
fn values(rows: ModelRows) -> (Vec<SampledValues>, BTreeMap<Symbol, PanelRows>) {
    let value = |row: SampledRow| {
        let symbol = row.symbol.to_string();
        (
            row.hash, symbol, row.date, row.inputs, row.today, row.target,
        )
    };
    let sample = rows.sample.into_rows().into_iter().map(value).collect();
    (sample, rows.panel)
}

/// The files, the records, the rows and the progress agree with the ticket, and with each other; a second attempt makes the
/// same again.
pub(crate) async fn check_results(bench: &Bench) {
    let ticket = bench.ticket(1, 1).await;
    let (result, progress) = bench.compute(ticket.clone()).await;
    let first = result.unwrap();
    let inputs: Vec<_> = first.records.iter().map(|record| &record.input).collect();
    assert!(
        inputs.iter().copied().eq(&ticket.tickers),
        "in the ticket's order"
    );
    let mut in_files = ModelRows::new(&request());
    for record in &first.records {
        let symbol = &record.input.symbol;
        let TickerResult::Written { features, raw, .. } = &record.result else {
            panic!("{symbol} is sound");
        };
        let raw = raw.as_ref().expect("it was asked for");
        bench.file(&ticket.raw_folder, symbol.as_str(), raw).await;
        let file = bench.file(&ticket.features_folder, symbol.as_str(), features);
        let columns = [
            "Date",
            "Volume",
            "vol_moving_avg",
            "adj_close_rolling_med",
            "next_day_volume",
        ];
        for batch in read_columns(file.await, &columns).unwrap() {
            in_files.take_sample(&request(), symbol, &batch).unwrap();
        }
        let path = format!("{}/{symbol}.parquet", ticket.features_folder);
        let file = bench.out.read(&path).await.unwrap().expect("it is there");
        let prices = read_prices(file).unwrap().into_arrays();
        in_files.take_panel(&request(), symbol, &prices).unwrap();
    }
    let first_rows = values(first.rows);
    assert_eq!(first_rows.0.len(), SAMPLE_ROWS);
    assert!(!first_rows.1.is_empty());
    assert!(
        first_rows == values(in_files),
        "the rows that the files hold"
    );
    let input_bytes: u64 = ticket.tickers.iter().map(|it| it.fingerprint.size).sum();
    assert!(progress.iter().all(|told| told.shard == ticket.shard));
    assert!(progress.is_sorted_by_key(|told| told.input_bytes));
    let furthest = progress.last().map_or(0, |told| told.input_bytes);
    assert!(furthest <= input_bytes);
    if bench.tells_every_step {
        assert_eq!(furthest, input_bytes);
    }
    first.receipt.committed();

    let (again, _) = bench.compute(bench.ticket(1, 2).await).await;
    let again = again.unwrap();
    assert_eq!(again.records, first.records);
    assert!(values(again.rows) == first_rows, "the same rows again");
    drop(again.receipt); // another attempt was committed
}

/// An attempt that is given up leaves the worker to the next one.
pub(crate) async fn check_giving_up(bench: &Bench) {
    let (progress, _told) = mpsc::channel(64);
    let mut given_up = bench.link.compute(bench.ticket(2, 1).await, progress);
    assert!(poll!(&mut given_up).is_pending());
    drop(given_up);
    let (result, _) = bench.compute(bench.ticket(2, 2).await).await;
    let result = result.unwrap();
    assert_eq!(result.records.len(), TICKERS);
    result.receipt.committed();
}

/// A file that is there with other bytes is told from bad luck, and stays.
pub(crate) async fn check_other_bytes(bench: &Bench) {
    let ticket = bench.ticket(3, 1).await;
    let path = format!(
        "{}/{}.parquet",
        ticket.features_folder, ticket.tickers[4].symbol
    );
    let other = bytes::Bytes::from_static(b"other");
    bench.out.create(&path, other.clone()).await.unwrap();
    let error = bench.refusal(ticket).await;
    assert_eq!(error.kind(), FailureKind::Nondeterminism, "{error}");
    assert_eq!(bench.out.read(&path).await.unwrap(), Some(other));
}

/// A price file that is not what was planned is told from bad luck, and named.
pub(crate) async fn check_changed_input(bench: &Bench) {
    let ticket = bench.ticket(4, 1).await;
    let changed = ticket.tickers[5].path.clone();
    let file = bench.workplace.path("market").join(&changed);
    edit_last_volume(&file, false);
    let error = bench.refusal(ticket.clone()).await;
    assert_eq!(error.kind(), FailureKind::InputChanged, "{error}");
    assert!(error.to_string().contains(changed.as_str()), "{error}");
    fs::remove_file(file).unwrap();
    let gone = ShardTicket {
        attempt: 2,
        ..ticket
    };
    let error = bench.refusal(gone).await;
    assert!(error.to_string().contains(changed.as_str()), "{error}");
}

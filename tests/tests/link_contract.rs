//! What a coordinator may rely on, whoever computes: one suite for a worker in its own process and for one over gRPC.

#![expect(
    clippy::unwrap_used,
    reason = "what is not there fails the test, in its helpers too"
)]

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use coordinator::epoch::{Claimant, Holder};
use coordinator::run::Patience;
use coordinator::server::{Coordinator, MemberLimits, Terms};
use features::schema::{FeatureSchema, Target};
use features::volume_inputs::volume_inputs;
use futures::poll;
use market::feature_file::read_columns;
use market::feature_rows::read_prices;
use market::layout::discover;
use market::panel::{PanelRequest, PanelRows};
use market::rows::{ModelRows, RowRequest};
use market::sample::{SampleRequest, SampledRow};
use market::store::Store;
use market::symbol::Symbol;
use proto::id::{RunId, ShardId, WorkerId};
use proto::link::{FailureKind, ShardError, ShardProgress, ShardResult, WorkerLink};
use proto::record::{TickerResult, WrittenFile};
use proto::ticket::{Recipe, ShardTicket};
use rayon::{ThreadPool, ThreadPoolBuilder};
use tickermill_tests::market::{edit_last_volume, synthetic};
use tickermill_tests::workplace::Workplace;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinSet, LocalSet};
use trust::Trust;
use worker::in_process::InProcessWorker;
use worker::join::{Joining, work};

const TICKERS: usize = 12;
const ROWS_PER_TICKER: usize = 200;
const SAMPLE_ROWS: usize = 100;

/// A market, an empty output, and a worker.
struct Bench {
    workplace: Workplace,
    data: Store,
    out: Store,
    link: Arc<dyn WorkerLink>,
    epoch: u64,
    /// A worker in this process tells every step; one elsewhere may leave some out.
    tells_every_step: bool,
    /// What the link needs to work; it ends with the bench.
    _background: JoinSet<()>,
}

fn place() -> (Workplace, Store, Store) {
    let workplace = Workplace::empty();
    synthetic(&workplace.path("market"), TICKERS, ROWS_PER_TICKER);
    let data = Store::open(workplace.path("market").to_str().unwrap()).unwrap();
    let out = Store::open_or_create(workplace.path("out").to_str().unwrap()).unwrap();
    (workplace, data, out)
}

fn pool() -> Arc<ThreadPool> {
    Arc::new(ThreadPoolBuilder::new().num_threads(2).build().unwrap())
}

fn in_process() -> Bench {
    let (workplace, data, out) = place();
    let id = WorkerId("here".to_owned());
    let link = InProcessWorker::new(id, data.clone(), out.clone(), pool());
    Bench {
        workplace,
        data,
        out,
        link: Arc::new(link),
        epoch: 1,
        tells_every_step: true,
        _background: JoinSet::new(),
    }
}

async fn over_grpc() -> Bench {
    let (workplace, data, out) = place();
    let holder = Holder {
        name: "contract".to_owned(),
        nonce: "contract".to_owned(),
    };
    let terms = Terms {
        listen: "127.0.0.1:0".parse().unwrap(),
        allowed_roots: Vec::new(),
        trust: Trust::default(),
        claimant: Claimant {
            holder,
            lease: Duration::from_secs(10),
        },
        members: MemberLimits {
            heartbeat: Duration::from_millis(200),
            lease: Duration::from_secs(10),
            max_workers: 1,
            max_slots: 1,
        },
        patience: Patience::default(),
        max_queued: 1,
        max_connections: 16,
    };
    let waiting = |_: &str| unreachable!("the output is new");
    let coordinator = Coordinator::build(
        terms,
        out.clone(),
        pool(),
        Arc::new(coordinator::metrics::Metrics::new()),
        waiting,
    )
    .await;
    let coordinator = coordinator.unwrap();
    let (epoch, mut workers) = (coordinator.epoch(), coordinator.workers());
    let joining = Joining {
        coordinator: format!("http://{}", coordinator.address()),
        trust: Trust::default(),
        name: "there".to_owned(),
        slots: 1,
        drain: Duration::from_secs(1),
    };
    let mut background = JoinSet::new();
    // Neither is told to stop: both end with the bench.
    background.spawn_local(async move {
        let (_stop, stopped) = watch::channel(false);
        coordinator.serve(stopped).await.unwrap();
    });
    background.spawn_local(async move {
        let (_drain, drained) = watch::channel(false);
        let metrics = Arc::new(worker::metrics::Metrics::new(joining.slots));
        work(&joining, &pool(), &metrics, drained).await.unwrap();
    });
    let link = {
        let there = workers.wait_for(|workers| !workers.is_empty()).await;
        Arc::clone(&there.unwrap()[0])
    };
    Bench {
        workplace,
        data,
        out,
        link,
        epoch,
        tells_every_step: false,
        _background: background,
    }
}

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
async fn check_results(bench: &Bench) {
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
async fn check_giving_up(bench: &Bench) {
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
async fn check_other_bytes(bench: &Bench) {
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
async fn check_changed_input(bench: &Bench) {
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

async fn check_all(bench: &Bench) {
    assert_eq!(bench.link.slots(), 1);
    check_results(bench).await;
    check_giving_up(bench).await;
    check_other_bytes(bench).await;
    check_changed_input(bench).await;
}

#[tokio::test]
async fn a_worker_in_this_process_keeps_the_contract() {
    check_all(&in_process()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_over_grpc_keeps_the_contract() {
    let checks = async { check_all(&over_grpc().await).await };
    LocalSet::new().run_until(checks).await;
}

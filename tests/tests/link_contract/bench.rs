//! A place to work at, with a worker and the link to it.

use std::sync::Arc;
use std::time::Duration;

use coordinator::epoch::{Claimant, Holder};
use coordinator::metrics::Metrics;
use coordinator::run::Patience;
use coordinator::server::{Coordinator, MemberLimits, Terms};
use market::store::Store;
use proto::id::WorkerId;
use proto::link::WorkerLink;
use rayon::{ThreadPool, ThreadPoolBuilder};
use tickermill_tests::market::synthetic;
use tickermill_tests::workplace::Workplace;
use tokio::sync::watch;
use tokio::task::JoinSet;
use trust::Trust;
use worker::in_process::InProcessWorker;
use worker::join::{Joining, work};

/// Price files of the market.
pub(crate) const TICKERS: usize = 12;
const ROWS_PER_TICKER: usize = 200;

/// A market, an empty output, and a worker.
pub(crate) struct Bench {
    pub(crate) workplace: Workplace,
    pub(crate) data: Store,
    pub(crate) out: Store,
    pub(crate) link: Arc<dyn WorkerLink>,
    pub(crate) epoch: u64,
    /// A worker in this process tells every step; one elsewhere may leave some out.
    pub(crate) tells_every_step: bool,
    /// The numbers of the coordinator that a worker elsewhere joined.
    pub(crate) metrics: Option<Arc<Metrics>>,
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

/// The threads of a worker.
pub(crate) fn pool() -> Arc<ThreadPool> {
    Arc::new(ThreadPoolBuilder::new().num_threads(2).build().unwrap())
}

/// A worker in this process.
pub(crate) fn in_process() -> Bench {
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
        metrics: None,
        _background: JoinSet::new(),
    }
}

/// A worker that dialled in. Runs in a `LocalSet`.
pub(crate) async fn over_grpc() -> Bench {
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
    let metrics = Arc::new(Metrics::new());
    let coordinator = Coordinator::build(terms, out.clone(), pool(), Arc::clone(&metrics), waiting);
    let coordinator = coordinator.await.unwrap();
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
        metrics: Some(metrics),
        _background: background,
    }
}

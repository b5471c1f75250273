use std::convert::Infallible;
use std::future::{pending, ready};
use std::sync::Arc;
use std::time::Duration;

use futures::poll;
use market::store::Store;
use model::boost::BoostParameters;
use model::fold_plan::FoldPlan;
use model::panel::Panel;
use model::trial::Trial;
use prometheus_client::metrics::counter::Counter;
use proto::id::{Incarnation, RunId, ShardId};
use proto::link::FailureKind;
use proto::session::{AttemptId, FromWorker, InHand, ToWorker};
use proto::wire;
use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::mpsc;
use tonic::transport::Endpoint;
use trust::Trust;

use super::Hands;
use crate::fetch::NoPanel;
use crate::invented::{inputs, panel};
use crate::join::Joining;
use crate::metrics::Metrics;
use crate::panels::{Asked, Panels};
use crate::session::Session;

/// What a session needs, whose coordinator is nowhere.
struct Bench {
    endpoint: Endpoint,
    joining: Joining,
    pool: Arc<ThreadPool>,
    metrics: Arc<Metrics>,
    panels: Arc<Panels>,
}

impl Bench {
    fn new() -> Self {
        let nowhere = "http://127.0.0.1:1";
        let joining = Joining {
            coordinator: nowhere.to_owned(),
            trust: Trust::default(),
            name: "w".to_owned(),
            slots: 2,
            drain: Duration::ZERO,
        };
        Self {
            endpoint: Endpoint::from_static(nowhere),
            joining,
            pool: Arc::new(ThreadPoolBuilder::new().num_threads(2).build().unwrap()),
            metrics: Arc::new(Metrics::new(2)),
            panels: Arc::default(),
        }
    }

    /// Empty hands, and what is said.
    fn hands(&self) -> (Hands<'_>, mpsc::Receiver<wire::FromWorker>) {
        let session = Session {
            endpoint: &self.endpoint,
            joining: &self.joining,
            pool: &self.pool,
            metrics: &self.metrics,
            panels: &self.panels,
        };
        let (outbound, said) = mpsc::channel(8);
        let out = Store::in_memory(Duration::ZERO);
        let deliveries = self.endpoint.connect_lazy();
        let lease = Duration::from_secs(10);
        (
            Hands::empty(&session, out, deliveries, outbound, lease),
            said,
        )
    }

    /// How many attempts were done, failed and given up.
    fn counts(&self) -> [u64; 3] {
        let metrics = &self.metrics;
        [&metrics.trials, &metrics.failed, &metrics.given_up].map(Counter::get)
    }
}

fn attempt(shard: u32) -> AttemptId {
    AttemptId {
        epoch: 1,
        incarnation: Incarnation(1),
        run: RunId::parse("0123456789abcdef-1").unwrap(),
        shard: ShardId(shard),
        attempt: 1,
    }
}

fn asked() -> Asked {
    Asked {
        tuning: attempt(0).run,
        rows: 40_003,
        inputs: inputs(),
    }
}

fn try_out(shard: u32) -> wire::ToWorker {
    let trial = Trial {
        parameters: BoostParameters {
            trees: 2,
            leaves: 4,
            ..BoostParameters::default()
        },
        folds: FoldPlan {
            folds: 2,
            unseen_share: 0.0,
            max_train_rows: 1_000,
            ..FoldPlan::default()
        },
        fold: 1,
    };
    let asked = asked();
    let message = ToWorker::TryOut {
        attempt: attempt(shard),
        trial: Box::new(trial),
        rows: asked.rows,
        inputs: asked.inputs,
    };
    message.into()
}

/// The next thing that is said.
async fn next(said: &mut mpsc::Receiver<wire::FromWorker>) -> FromWorker {
    FromWorker::try_from(said.recv().await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_trial_is_in_hand_until_its_errors_are_said() {
    let bench = Bench::new();
    let there = || ready(Ok::<Panel, Infallible>(panel()));
    bench.panels.get(&asked(), there).await.unwrap();
    let (mut hands, mut said) = bench.hands();
    let mut unanswered = 0;
    for _ in 0..2 {
        hands.hear(try_out(5), &mut unanswered).unwrap();
    }
    let in_hand = InHand {
        attempt: attempt(5),
        input_bytes: 0,
        symbols: Vec::new(),
    };
    assert!(hands.have_trial() && hands.have_news());
    assert_eq!(hands.in_hand(), [in_hand]);

    let done = hands.next_done().await.unwrap();
    assert_eq!(hands.len(), 1);
    hands.put_down(done).await.unwrap();
    assert!(hands.are_empty() && !hands.have_trial());
    let FromWorker::TrialDone {
        attempt: id,
        errors,
    } = next(&mut said).await
    else {
        panic!("something else was said")
    };
    assert_eq!(id, attempt(5));
    assert!(errors.rows > 10_000, "{errors:?}");
    drop(hands);
    assert_eq!(bench.counts(), [1, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_trial_whose_panel_cannot_be_fetched_has_failed() {
    let bench = Bench::new();
    let (mut hands, mut said) = bench.hands();
    hands.hear(try_out(5), &mut 0).unwrap();
    let done = hands.next_done().await.unwrap();
    hands.put_down(done).await.unwrap();
    assert!(hands.are_empty());
    let FromWorker::ShardFailed {
        attempt: id,
        kind,
        message,
    } = next(&mut said).await
    else {
        panic!("something else was said")
    };
    assert_eq!((id, kind), (attempt(5), FailureKind::Retryable));
    assert!(message.contains("cannot fetch the panel"), "{message}");
    assert_eq!(bench.counts(), [0, 1, 0]);
}

#[tokio::test]
async fn a_trial_is_given_up_given_back_or_dropped() {
    let bench = Bench::new();
    let asked = asked();
    // Trials wait for this fetch.
    let mut fetching = Box::pin(bench.panels.get(&asked, pending::<Result<Panel, NoPanel>>));
    assert!(poll!(&mut fetching).is_pending());
    let (mut hands, mut said) = bench.hands();
    for shard in 5..8 {
        hands.hear(try_out(shard), &mut 0).unwrap();
    }
    let revoke = ToWorker::Revoke(attempt(6));
    hands.hear(revoke.into(), &mut 0).unwrap();
    assert_eq!(hands.len(), 2);
    assert_eq!(bench.counts(), [0, 0, 1]);
    hands.hand_back().await.unwrap();
    assert!(hands.are_empty());
    for shard in [5, 7] {
        let expected = FromWorker::ShardFailed {
            attempt: attempt(shard),
            kind: FailureKind::HandedBack,
            message: "the worker was told to stop".to_owned(),
        };
        assert_eq!(next(&mut said).await, expected);
    }
    assert_eq!(bench.counts(), [0, 0, 3]);
    for _ in 0..3 {
        let aborted = hands.next_done().await.unwrap();
        hands.put_down(aborted).await.unwrap();
    }
    hands.hear(try_out(8), &mut 0).unwrap();
    drop(hands);
    assert_eq!(bench.counts(), [0, 0, 4]);
    assert!(said.recv().await.is_none());
}

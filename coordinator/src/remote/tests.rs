use super::given::HEARTBEATS_UNNAMED;
use super::*;
use features::schema::FeatureSchema;
use futures::poll;
use market::rows::RowRequest;
use model::boost::BoostParameters;
use model::fold_plan::FoldPlan;
use model::forecast_errors::ErrorSums;
use model::panel::PanelColumns;
use model::trial::Trial;
use proto::id::Incarnation;
use proto::ticket::Recipe;
use tokio::sync::mpsc::Receiver;

fn worker() -> (Arc<RemoteWorker>, Receiver<ToWorker>) {
    let joined = Joined {
        incarnation: Incarnation(7),
        worker: WorkerId("host/7".to_owned()),
        slots: 2,
    };
    let (outbound, messages) = mpsc::channel(64);
    (RemoteWorker::new(3, joined, outbound), messages)
}

fn trial_ticket(attempt: u32) -> TrialTicket {
    let panel = Panel::new(PanelColumns {
        codes: vec![vec![0, 1, 2], vec![5, 4, 3]],
        input_names: ["first", "second"].map(str::to_owned).to_vec(),
        symbols: vec!["A".to_owned()],
        ticker: vec![0; 3],
        date: vec![10, 11, 12],
        today: vec![100.0; 3],
        moving_average: vec![100.0; 3],
        target: vec![100.0; 3],
    });
    TrialTicket {
        tuning: RunId::parse("fedcba9876543210-1").unwrap(),
        epoch: 3,
        shard: ShardId(5),
        attempt,
        panel: Arc::new(panel.unwrap()),
        trial: Trial {
            parameters: BoostParameters::default(),
            folds: FoldPlan::default(),
            fold: 1,
        },
    }
}

fn shard_ticket() -> ShardTicket {
    ShardTicket {
        run: RunId::parse("0123456789abcdef-1").unwrap(),
        epoch: 3,
        shard: ShardId(5),
        attempt: 1,
        data: "memory://data".to_owned(),
        tickers: Vec::new(),
        recipe: Recipe {
            schema: FeatureSchema::default(),
            raw: false,
        },
        features_folder: "features".to_owned(),
        raw_folder: "raw".to_owned(),
        rows: RowRequest::default(),
        careful: false,
    }
}

fn errors() -> ForecastErrors {
    let sums = |absolute: f64| ErrorSums {
        absolute,
        squared: absolute * absolute,
    };
    ForecastErrors {
        rows: 9,
        model: sums(0.1),
        naive_today: sums(0.2),
        naive_moving_average: sums(0.3),
    }
}

/// The attempt that the worker is given next.
fn given(messages: &mut Receiver<ToWorker>) -> AttemptId {
    match messages.try_recv() {
        Ok(ToWorker::Assign { attempt, .. } | ToWorker::TryOut { attempt, .. }) => attempt,
        other => panic!("it was given nothing: {other:?}"),
    }
}

/// The attempt that the worker is told to give up next.
fn revoked(messages: &mut Receiver<ToWorker>) -> AttemptId {
    match messages.try_recv() {
        Ok(ToWorker::Revoke(attempt)) => attempt,
        other => panic!("nothing was revoked: {other:?}"),
    }
}

#[tokio::test]
async fn a_trial_says_what_to_fetch_and_is_answered_by_its_errors() {
    let (worker, mut messages) = worker();
    let ticket = trial_ticket(2);
    let mut trial = worker.try_out(ticket.clone());
    assert!(poll!(&mut trial).is_pending());
    let Ok(ToWorker::TryOut {
        attempt,
        trial: said,
        rows,
        inputs,
    }) = messages.try_recv()
    else {
        panic!("it was not given to the worker");
    };
    let expected = AttemptId {
        epoch: 3,
        incarnation: Incarnation(7),
        run: ticket.tuning.clone(),
        shard: ShardId(5),
        attempt: 2,
    };
    assert_eq!(attempt, expected);
    assert_eq!(*said, ticket.trial);
    assert_eq!((rows, inputs.join(" ")), (3, "first second".to_owned()));
    let panel = worker.panel(&attempt).unwrap();
    assert!(Arc::ptr_eq(&panel, &ticket.panel), "no copy of it");

    worker.trial_done(&attempt, errors()).unwrap();
    assert_eq!(trial.await.unwrap(), errors());
    assert_eq!(worker.trial_done(&attempt, errors()), Err(Unwanted));
    assert_eq!(worker.panel(&attempt), Err(Unwanted));
    assert!(messages.try_recv().is_err(), "there is nothing to revoke");
}

#[tokio::test]
async fn what_answers_a_trial_answers_no_shard_of_a_run_and_the_other_way_round() {
    let (worker, mut messages) = worker();
    let (progress, mut told) = mpsc::channel(1);
    let mut shard = worker.compute(shard_ticket(), progress);
    assert!(poll!(&mut shard).is_pending());
    let of_run = given(&mut messages);
    let mut trial = worker.try_out(trial_ticket(1));
    assert!(poll!(&mut trial).is_pending());
    let of_tuning = given(&mut messages);

    let rows = || ModelRows::new(&RowRequest::default());
    assert_eq!(worker.panel(&of_run), Err(Unwanted));
    assert_eq!(worker.trial_done(&of_run, errors()), Err(Unwanted));
    assert_eq!(worker.wanted(&of_tuning), Err(Unwanted));
    assert!(worker.deliver(&of_tuning, Vec::new(), rows()).is_err());

    // Both are waited for as before.
    let in_hand = [&of_run, &of_tuning].map(|attempt| InHand {
        attempt: attempt.clone(),
        input_bytes: 0,
        symbols: Vec::new(),
    });
    worker.heard(in_hand.into());
    assert!(matches!(messages.try_recv(), Ok(ToWorker::Heard)));
    assert_eq!(told.try_recv().unwrap().shard, of_run.shard);
    assert!(worker.wanted(&of_run).is_ok());
    let committed = worker.deliver(&of_run, Vec::new(), rows()).unwrap();
    shard.await.unwrap().receipt.committed();
    committed.await.unwrap();
    worker.trial_done(&of_tuning, errors()).unwrap();
    assert_eq!(trial.await.unwrap(), errors());
}

#[tokio::test]
async fn a_trial_fails_with_its_worker_and_comes_back_where_it_did_not_arrive() {
    let (worker, mut messages) = worker();
    let mut fails = worker.try_out(trial_ticket(1));
    assert!(poll!(&mut fails).is_pending());
    let message = "out of luck".to_owned();
    let attempt = given(&mut messages);
    let failed = worker.failed(&attempt, FailureKind::Retryable, message);
    assert_eq!(failed, Ok(()));
    let error = fails.await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Retryable);
    assert_eq!(error.to_string(), "out of luck");

    let mut missed = worker.try_out(trial_ticket(2));
    assert!(poll!(&mut missed).is_pending());
    for _ in 1..HEARTBEATS_UNNAMED {
        worker.heard(Vec::new());
    }
    assert!(poll!(&mut missed).is_pending());
    worker.heard(Vec::new());
    let error = missed.await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::HandedBack, "{error}");

    let mut lost = worker.try_out(trial_ticket(3));
    assert!(poll!(&mut lost).is_pending());
    worker.lose("it was unplugged");
    let error = lost.await.unwrap_err();
    assert!(matches!(error, ShardError::WorkerLost { .. }), "{error}");
    let error = worker.try_out(trial_ticket(4)).await.unwrap_err();
    assert!(matches!(error, ShardError::NotInHand), "{error}");
}

#[tokio::test]
async fn a_trial_that_nobody_waits_for_is_revoked_and_again_where_the_worker_names_it() {
    let (worker, mut messages) = worker();
    let mut dropped = worker.try_out(trial_ticket(1));
    assert!(poll!(&mut dropped).is_pending());
    let attempt = given(&mut messages);
    drop(dropped);
    assert_eq!(revoked(&mut messages), attempt);
    assert_eq!(worker.panel(&attempt), Err(Unwanted));
    assert_eq!(worker.trial_done(&attempt, errors()), Err(Unwanted));
    worker.heard(vec![InHand {
        attempt: attempt.clone(),
        input_bytes: 0,
        symbols: Vec::new(),
    }]);
    assert_eq!(revoked(&mut messages), attempt);
}

#[tokio::test]
async fn a_trial_comes_back_from_a_worker_that_leaves_with_nothing_in_hand() {
    let (worker, mut messages) = worker();
    let mut trial = worker.try_out(trial_ticket(1));
    assert!(poll!(&mut trial).is_pending());
    given(&mut messages);
    worker.hand_back();
    let error = trial.await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::HandedBack, "{error}");
}

use features::schema::FeatureSchema;
use market::panel::PanelRequest;
use market::rows::RowRequest;
use market::sample::SampleRequest;
use model::boost::BoostParameters;
use model::fold_plan::FoldPlan;
use model::forecast_errors::{ErrorSums, ForecastErrors};
use model::trial::Trial;
use prost::Message;

use super::*;
use crate::ticket::Recipe;

fn attempt() -> AttemptId {
    AttemptId {
        epoch: 3,
        incarnation: Incarnation(7),
        run: RunId::parse("0123456789abcdef-2").unwrap(),
        shard: ShardId(11),
        attempt: 4,
    }
}

fn ticket(rows: RowRequest) -> ShardTicket {
    let file = |symbol: &str, name: Option<&str>| TickerFile {
        symbol: Symbol::parse(symbol).unwrap(),
        path: format!("stocks/{symbol}.csv"),
        fingerprint: Fingerprint {
            size: 5,
            version: "mtime:1".to_owned(),
        },
        security_name: name.map(str::to_owned),
    };
    ShardTicket {
        run: attempt().run,
        epoch: 3,
        shard: ShardId(11),
        attempt: 4,
        data: "/data".to_owned(),
        tickers: vec![file("A", Some("")), file("CARR#", None)],
        recipe: Recipe {
            schema: FeatureSchema::default(),
            raw: true,
        },
        features_folder: "runs/r/f".to_owned(),
        raw_folder: "runs/r/m".to_owned(),
        rows,
        careful: true,
    }
}

#[test]
fn what_a_worker_says_comes_out_as_it_went_in() {
    let symbols = vec![Symbol::parse("A").unwrap()];
    let messages = [
        FromWorker::Hello(Hello {
            protocol: 1,
            build: "b".to_owned(),
            name: "n".to_owned(),
            slots: 2,
        }),
        FromWorker::Heartbeat(Vec::new()),
        FromWorker::Heartbeat(vec![InHand {
            attempt: attempt(),
            input_bytes: 9,
            symbols,
        }]),
        FromWorker::Draining,
    ];
    let kinds = [
        FailureKind::Retryable,
        FailureKind::HandedBack,
        FailureKind::InputChanged,
        FailureKind::Nondeterminism,
        FailureKind::NeedsPerson,
    ];
    let failures = kinds.map(|kind| FromWorker::ShardFailed {
        attempt: attempt(),
        kind,
        message: "m".to_owned(),
    });
    for message in messages.into_iter().chain(failures) {
        let bytes = wire::FromWorker::from(message.clone()).encode_to_vec();
        let back = wire::FromWorker::decode(bytes.as_slice()).unwrap();
        assert_eq!(FromWorker::try_from(back).unwrap(), message);
    }
}

#[test]
fn a_ticket_comes_out_as_it_went_in() {
    let sample = SampleRequest {
        rows: 10,
        seed: u64::MAX,
        inputs: vec!["x".to_owned()],
        today: "Volume".to_owned(),
        target: "t".to_owned(),
        ceiling: u64::MAX,
    };
    let panel = PanelRequest {
        schema: FeatureSchema::default(),
        average_rows: 30,
    };
    let both = RowRequest {
        sample: Some(sample),
        panel: Some(panel),
    };
    for rows in [RowRequest::default(), both] {
        let ticket = ticket(rows);
        let message = ToWorker::Assign {
            attempt: attempt(),
            ticket: Box::new(ticket.clone()),
        };
        let bytes = wire::ToWorker::from(message).encode_to_vec();
        let back = wire::ToWorker::decode(bytes.as_slice()).unwrap();
        let ToWorker::Assign {
            attempt: id,
            ticket: back,
        } = ToWorker::try_from(back).unwrap()
        else {
            panic!("another message came out")
        };
        assert_eq!((id, *back), (attempt(), ticket));
    }
}

/// Numbers whose every bit counts.
fn errors() -> ForecastErrors {
    let sums = |absolute, squared| ErrorSums { absolute, squared };
    ForecastErrors {
        rows: u64::MAX,
        model: sums(0.1 + 0.2, f64::MAX),
        naive_today: sums(f64::MIN_POSITIVE, 5e-324),
        naive_moving_average: sums(0.0, 1.0_f64.next_down()),
    }
}

fn bits(errors: &ForecastErrors) -> [u64; 7] {
    let [model, today, average] = [
        errors.model,
        errors.naive_today,
        errors.naive_moving_average,
    ]
    .map(|sums| [sums.absolute.to_bits(), sums.squared.to_bits()]);
    [
        errors.rows,
        model[0],
        model[1],
        today[0],
        today[1],
        average[0],
        average[1],
    ]
}

#[test]
fn the_errors_of_a_trial_come_out_with_all_their_bits() {
    let message = FromWorker::TrialDone {
        attempt: attempt(),
        errors: errors(),
    };
    let bytes = wire::FromWorker::from(message).encode_to_vec();
    let back = wire::FromWorker::decode(bytes.as_slice()).unwrap();
    let FromWorker::TrialDone {
        attempt: id,
        errors: back,
    } = FromWorker::try_from(back).unwrap()
    else {
        panic!("another message came out")
    };
    assert_eq!(id, attempt());
    assert_eq!(bits(&back), bits(&errors()));
}

#[test]
fn a_trial_comes_out_as_it_went_in() {
    let trial = Trial {
        parameters: BoostParameters {
            learning_rate: 0.1 + 0.2,
            input_share: 0.7,
            seed: u64::MAX,
            ..BoostParameters::default()
        },
        folds: FoldPlan {
            unseen_share: 1.0 / 3.0,
            max_train_rows: 77_778,
            ..FoldPlan::default()
        },
        fold: 2,
    };
    let message = ToWorker::TryOut {
        attempt: attempt(),
        trial: Box::new(trial.clone()),
        rows: 5_000_000_000,
        inputs: vec!["b".to_owned(), "a".to_owned()],
    };
    let bytes = wire::ToWorker::from(message).encode_to_vec();
    let back = wire::ToWorker::decode(bytes.as_slice()).unwrap();
    let ToWorker::TryOut {
        attempt: id,
        trial: back,
        rows,
        inputs,
    } = ToWorker::try_from(back).unwrap()
    else {
        panic!("another message came out")
    };
    assert_eq!((id, *back), (attempt(), trial));
    assert_eq!((rows, inputs.join(" ")), (5_000_000_000, "b a".to_owned()));
}

#[test]
fn a_trial_or_its_errors_that_make_no_sense_are_refused() {
    let mut without = trials::trial_done(&attempt(), &errors());
    without.naive_today = None;
    let mut infinite = errors();
    infinite.model.squared = f64::INFINITY;
    assert!(matches!(
        trials::done(without),
        Err(ConvertError::Missing("naive_today"))
    ));
    assert!(matches!(
        trials::done(trials::trial_done(&attempt(), &infinite)),
        Err(ConvertError::NoSum("model"))
    ));
    let bad_trial = wire::TryOut {
        attempt: Some((&attempt()).into()),
        trial: "{}".to_owned(),
        rows: 1,
        inputs: Vec::new(),
    };
    let bad_trial = wire::ToWorker {
        message: Some(ToWorkerMessage::TryOut(bad_trial)),
    };
    assert!(matches!(
        ToWorker::try_from(bad_trial),
        Err(ConvertError::Json { field: "trial", .. })
    ));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let empty = wire::FromWorker { message: None };
    assert!(matches!(
        FromWorker::try_from(empty),
        Err(ConvertError::Missing("message"))
    ));
    let bad_run = wire::Attempt {
        run: "../x".to_owned(),
        ..(&attempt()).into()
    };
    assert!(matches!(
        AttemptId::try_from(Some(bad_run)),
        Err(ConvertError::Run(_))
    ));
    let mut bad_symbol = assign(&attempt(), ticket(RowRequest::default()));
    bad_symbol.files[0].symbol = "../../etc".to_owned();
    assert!(matches!(assigned(bad_symbol), Err(ConvertError::Symbol(_))));
    let mut bad_recipe = assign(&attempt(), ticket(RowRequest::default()));
    bad_recipe.recipe = "{}".to_owned();
    assert!(matches!(
        assigned(bad_recipe),
        Err(ConvertError::Json {
            field: "recipe",
            ..
        })
    ));
}

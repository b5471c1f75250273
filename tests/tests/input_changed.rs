//! Price files that change while a run reads them: the run fails and says which.

#![expect(
    clippy::unwrap_used,
    reason = "what is not there fails the test, in its helpers too"
)]

use std::fs;
use std::sync::Arc;

use features::schema::{FeatureSchema, Target, standard};
use market::layout::{TickerFile, discover};
use market::rows::RowRequest;
use market::store::Store;
use proto::id::{RunId, ShardId, WorkerId};
use proto::link::{ShardError, WorkerLink};
use proto::ticket::{Recipe, ShardTicket};
use rayon::ThreadPoolBuilder;
use rustix::process::Signal;
use tickermill_tests::process::{Running, files_in_runs};
use tickermill_tests::workplace::Workplace;
use tickermill_tests::{market as markets, tickermill};
use worker::in_process::InProcessWorker;

/// What a worker makes of a ticket for one ticker.
async fn compute(workplace: &Workplace, ticker: TickerFile) -> Result<usize, ShardError> {
    let store = |name: &str| {
        let folder = workplace.path(name);
        Store::open_or_create(folder.to_str().unwrap()).unwrap()
    };
    let pool = ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let id = WorkerId("one".to_owned());
    let worker = InProcessWorker::new(id, store("market"), store("out"), Arc::new(pool));
    let schema = FeatureSchema::declare(standard(30), Target::default()).unwrap();
    let asked = ShardTicket {
        run: RunId::parse("0123456789abcdef-1").unwrap(),
        epoch: 1,
        shard: ShardId(0),
        attempt: 1,
        data: workplace.path("market").display().to_string(),
        tickers: vec![ticker],
        recipe: Recipe { schema, raw: false },
        features_folder: "features".to_owned(),
        raw_folder: "raw".to_owned(),
        rows: RowRequest::default(),
        careful: false,
    };
    let (progress, _heard) = tokio::sync::mpsc::channel(1);
    let result = worker.compute(asked, progress).await?;
    Ok(result.records.len())
}

#[tokio::test]
async fn a_worker_refuses_a_file_that_is_not_the_planned_one() {
    let workplace = markets::small_workplace();
    let data = Store::open(workplace.path("market").to_str().unwrap()).unwrap();
    let found = discover(&data).await.unwrap();
    let mut tickers = found.tickers.into_iter();
    let (edited, removed, kept) = (
        tickers.next().unwrap(),
        tickers.next().unwrap(),
        tickers.next().unwrap(),
    );
    markets::edit_last_volume(&workplace.path("market").join(&edited.path), false);
    fs::remove_file(workplace.path("market").join(&removed.path)).unwrap();
    for ticker in [edited, removed] {
        let name = ticker.path.clone();
        let refused = compute(&workplace, ticker).await.unwrap_err();
        let ShardError::InputChanged { path } = &refused else {
            panic!("{refused:?}")
        };
        assert!(path.ends_with(&name), "{path}");
        assert!(workplace.files("out").is_empty());
    }
    assert_eq!(compute(&workplace, kept).await.unwrap(), 1);
    assert_eq!(workplace.files("out").len(), 1);
}

#[test]
fn a_run_whose_input_changes_fails_for_good_and_names_the_file() {
    let workplace = Workplace::empty();
    markets::synthetic(&workplace.path("market"), 60, 2000);
    let run = "run --data market --no-train --workers 1 --json";
    let mut running = Running::start(&mut tickermill::command(workplace.folder(), run));
    let out = workplace.path("out");
    running.until("the first commit", || files_in_runs(&out, "commits") >= 1);
    running.freeze();
    let committed = files_in_runs(&out, "commits");
    let id = workplace.runs()[0].clone();
    let plan = workplace.json(&format!("out/runs/{id}/plan.json"));
    let shards = plan["shards"].as_array().unwrap().len();
    assert!(
        committed < shards,
        "it had read everything before it was stopped"
    );
    for file in workplace.files("market/stocks").keys() {
        markets::edit_last_volume(&workplace.path("market/stocks").join(file), false);
    }
    running.signal(Signal::CONT);
    let failed = running.end().expect_exit(1);
    let summary = failed.json();
    assert_eq!(summary["status"], "failed");
    let reason = summary["reason"].as_str().unwrap();
    let folder = workplace.path("market/stocks");
    assert!(reason.contains(folder.to_str().unwrap()), "{reason}");
    assert!(
        reason.contains("changed while the run was reading it: run again"),
        "{reason}"
    );
    assert!(!workplace.path("out/latest.json").exists());
    // At rest, the changed files are another job.
    let done = workplace.run(run).completed();
    let fresh = workplace.run(&format!("{run} --out fresh")).completed();
    assert_eq!(done["dataset_digest"], fresh["dataset_digest"]);
    assert_ne!(done["run_id"], id.as_str());
}

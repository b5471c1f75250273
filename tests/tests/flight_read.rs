//! Features over Arrow Flight: what there is, its rows, what is refused, and how little is read ahead.

#![expect(
    clippy::unwrap_used,
    reason = "what is not there fails the test, in its helpers too"
)]

use std::fs;
use std::path::PathBuf;

use ::market::feature_rows::BATCH_ROWS;
use ::market::store::Store;
use arrow_array::RecordBatch;
use arrow_flight::error::FlightError;
use arrow_flight::{Criteria, FlightClient, FlightDescriptor, FlightInfo, Ticket};
use arrow_select::concat::concat_batches;
use coordinator::service::flight_read::FlightReads;
use futures::{StreamExt, TryStreamExt};
use serde_json::{Value, json};
use tickermill_tests::flight_server::FlightServer;
use tickermill_tests::workplace::Workplace;
use tickermill_tests::{feature_files, market, python};
use tonic::{Code, Status};

const RUN: &str = "run --data market --no-train --json";

fn ticket(query: &Value) -> Ticket {
    Ticket::new(query.to_string())
}

fn store(workplace: &Workplace) -> Store {
    Store::open(workplace.path("out").to_str().unwrap()).unwrap()
}

fn id(summary: &Value) -> String {
    summary["run_id"].as_str().unwrap().to_owned()
}

fn file(workplace: &Workplace, run: &str, symbol: &str) -> PathBuf {
    workplace.path(&format!(
        "out/runs/{run}/market_data_with_features/{symbol}.parquet"
    ))
}

/// All batches that a ticket is answered with.
async fn take(client: &mut FlightClient, query: &Value) -> Result<Vec<RecordBatch>, FlightError> {
    client.do_get(ticket(query)).await?.try_collect().await
}

/// All rows that a ticket is answered with, in one batch.
async fn read(client: &mut FlightClient, query: Value) -> RecordBatch {
    let batches = take(client, &query).await.unwrap();
    concat_batches(&batches[0].schema(), &batches).unwrap()
}

async fn list(client: &mut FlightClient, criteria: &str) -> Vec<FlightInfo> {
    let flights = client.list_flights(criteria.to_owned()).await.unwrap();
    flights.try_collect().await.unwrap()
}

fn paths(flights: &[FlightInfo]) -> Vec<Vec<String>> {
    let path = |flight: &FlightInfo| flight.flight_descriptor.clone().unwrap().path;
    flights.iter().map(path).collect()
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(answer: Result<T, FlightError>, code: Code, parts: &[&str]) {
    let FlightError::Tonic(status) = answer.unwrap_err() else {
        panic!("the answer is no status");
    };
    assert_status(&status, code, parts);
}

#[track_caller]
fn assert_status(status: &Status, code: Code, parts: &[&str]) {
    assert_eq!(status.code(), code, "{status:?}");
    for part in parts {
        assert!(status.message().contains(part), "{part:?}: {status:?}");
    }
}

/// A market of one ticker whose file has several batches, and two smaller ones.
fn long_workplace() -> Workplace {
    let workplace = Workplace::empty();
    for (symbol, rows) in [("LONG", 20_000), ("ONE", 1), ("SHORT", 40)] {
        let prices = market::price_file(rows, 5);
        workplace.write(&format!("market/stocks/{symbol}.csv"), prices);
    }
    workplace
}

#[tokio::test]
async fn a_ticker_is_its_parquet_file() {
    let workplace = long_workplace();
    let run = id(&workplace.run(RUN).completed());
    let server = FlightServer::start(store(&workplace)).await;
    let mut client = server.client().await;
    for symbol in ["LONG", "ONE", "SHORT"] {
        let written = feature_files::read(&file(&workplace, &run, symbol));
        let query = json!({"run": "latest", "symbols": [symbol]});
        assert_eq!(read(&mut client, query).await, written);
        let path = vec![run.clone(), symbol.to_owned()];
        let descriptor = FlightDescriptor::new_path(path);
        let schema = client.get_schema(descriptor).await.unwrap();
        assert_eq!(schema, *written.schema());
    }
}

#[tokio::test]
async fn dates_and_columns_are_a_part_of_it() {
    let workplace = long_workplace();
    let run = id(&workplace.run(RUN).completed());
    let server = FlightServer::start(store(&workplace)).await;
    let mut client = server.client().await;
    let written = feature_files::read(&file(&workplace, &run, "LONG"));
    // The made-up calendar has 336 days a year from 2001 on; its last row is of 2060-07-08.
    let from = json!({"run": run, "symbols": ["LONG"], "from": "2060-07-07"});
    let want = written.slice(19_998, 2);
    assert_eq!(read(&mut client, from).await, want);
    let to = json!({"run": run, "symbols": ["LONG"], "to": "2001-01-02"});
    assert_eq!(read(&mut client, to).await, written.slice(0, 2));
    let year = json!({
        "run": run, "symbols": ["LONG"], "from": "2030-01-01", "to": "2030-12-31",
        "columns": ["next_day_volume", "Symbol", "Adj Close"],
    });
    let want = written.project(&[11, 7, 5]).unwrap().slice(29 * 336, 336);
    assert_eq!(read(&mut client, year.clone()).await, want);
    let schema = client.get_schema(FlightDescriptor::new_cmd(year.to_string()));
    assert_eq!(schema.await.unwrap(), *want.schema());
    let none = json!({"run": run, "from": "1999-01-01", "to": "2000-12-31"});
    let mut none = client.do_get(ticket(&none)).await.unwrap();
    assert!(none.next().await.is_none());
    assert_eq!(
        none.schema(),
        Some(&written.schema()),
        "it comes without rows too"
    );
}

#[tokio::test]
async fn all_symbols_come_in_order() {
    let workplace = market::small_workplace();
    let run = id(&workplace.run(RUN).completed());
    let server = FlightServer::start(store(&workplace)).await;
    let mut client = server.client().await;
    let symbols = ["CARR#", "NAN", "NULL", "TRUE"];
    let written = symbols.map(|symbol| feature_files::read(&file(&workplace, &run, symbol)));
    let all = concat_batches(&written[0].schema(), &written).unwrap();
    assert_eq!(read(&mut client, json!({"run": run})).await, all);
    let two = json!({"run": run, "symbols": ["NULL", "CARR#", "NULL"]});
    let want = concat_batches(&all.schema(), [&written[0], &written[2]]).unwrap();
    assert_eq!(read(&mut client, two).await, want);
}

#[tokio::test]
async fn runs_and_symbols_are_listed_with_tickets_that_work() {
    let workplace = market::small_workplace();
    let first = id(&workplace.run(RUN).completed());
    let second = workplace.run(&format!("{RUN} --window 20"));
    let second = id(&second.completed());
    let server = FlightServer::start(store(&workplace)).await;
    let mut client = server.client().await;
    let runs = list(&mut client, "").await;
    assert_eq!(paths(&runs), [vec![second.clone()], vec![first.clone()]]);
    let symbols = list(&mut client, "latest").await;
    let want =
        ["CARR#", "NAN", "NULL", "TRUE"].map(|symbol| vec![second.clone(), symbol.to_owned()]);
    assert_eq!(paths(&symbols), want);
    assert_eq!(
        paths(&list(&mut client, &first).await)[0],
        [first.clone(), "CARR#".to_owned()]
    );
    let mut bytes = 0;
    for flight in &symbols {
        let path = &flight.flight_descriptor.as_ref().unwrap().path;
        let file = file(&workplace, &path[0], &path[1]);
        let size = fs::metadata(&file).unwrap().len() as i64;
        assert_eq!((flight.total_records, flight.total_bytes), (60, size));
        bytes += size;
        let schema = flight.clone().try_decode_schema().unwrap();
        let written = feature_files::read(&file);
        assert_eq!(schema, *written.schema());
        let ticket = flight.endpoint[0].ticket.clone().unwrap();
        let rows = client.do_get(ticket).await.unwrap();
        let rows: Vec<RecordBatch> = rows.try_collect().await.unwrap();
        assert_eq!(rows, [written]);
    }
    assert_eq!((runs[0].total_records, runs[0].total_bytes), (240, bytes));

    let latest = FlightDescriptor::new_path(vec!["latest".to_owned()]);
    let info = client.get_flight_info(latest.clone()).await.unwrap();
    assert_eq!(info.flight_descriptor, Some(latest));
    assert_eq!((info.total_records, info.total_bytes), (240, bytes));
    let ticket = info.endpoint[0].ticket.clone().unwrap();
    assert_eq!(ticket.ticket, json!({"run": second}).to_string());
    // What is not known without reading is not guessed.
    let part = json!({"run": first, "symbols": ["NAN"], "from": "2001-01-05"});
    let part = FlightDescriptor::new_cmd(part.to_string());
    let info = client.get_flight_info(part).await.unwrap();
    assert_eq!((info.total_records, info.total_bytes), (-1, -1));
    let columns = json!({"run": first, "symbols": ["NAN"], "columns": ["Date"]});
    let columns = FlightDescriptor::new_cmd(columns.to_string());
    let info = client.get_flight_info(columns).await.unwrap();
    assert_eq!((info.total_records, info.total_bytes), (60, -1));
}

#[tokio::test]
async fn what_makes_no_sense_or_is_not_there_is_refused() {
    let workplace = market::small_workplace();
    let run = id(&workplace.run(RUN).completed());
    let server = FlightServer::start(store(&workplace)).await;
    let mut client = server.client().await;
    let no_run = "0123456789abcdef-1";
    for (query, code, parts) in [
        (
            json!("made up"),
            Code::InvalidArgument,
            vec!["expected JSON such as", "\"run\""],
        ),
        (
            json!({}),
            Code::InvalidArgument,
            vec!["missing field `run`"],
        ),
        (
            json!({"run": "../.."}),
            Code::InvalidArgument,
            vec!["`../..`", "`latest`"],
        ),
        (
            json!({"run": no_run}),
            Code::NotFound,
            vec![no_run, "list of flights"],
        ),
        (
            json!({"run": run, "symbols": ["AAPL"]}),
            Code::NotFound,
            vec!["AAPL", &run],
        ),
        (
            json!({"run": run, "symbols": ["../NAN"]}),
            Code::InvalidArgument,
            vec!["`../NAN`"],
        ),
        (
            json!({"run": run, "columns": ["volume"]}),
            Code::NotFound,
            vec!["`volume`", "`Volume`"],
        ),
        (
            json!({"run": run, "columns": ["Date", "Date"]}),
            Code::InvalidArgument,
            vec!["twice"],
        ),
        (
            json!({"run": run, "from": "2001-02-30"}),
            Code::InvalidArgument,
            vec!["YYYY-MM-DD"],
        ),
        (
            json!({"run": run, "from": "2002-01-01", "to": "2001-01-01"}),
            Code::InvalidArgument,
            vec!["2002-01-01", "after"],
        ),
        (
            json!({"run": run, "limit": 5}),
            Code::InvalidArgument,
            vec!["unknown field `limit`"],
        ),
        (
            json!({"run": "x".repeat(100_000)}),
            Code::InvalidArgument,
            vec!["xxx"],
        ),
        (
            json!({"run": "x".repeat(300_000)}),
            Code::InvalidArgument,
            vec!["262144 are allowed"],
        ),
    ] {
        assert_refused(take(&mut client, &query).await, code, &parts);
        let described = FlightDescriptor::new_cmd(query.to_string());
        assert_refused(
            client.get_flight_info(described.clone()).await,
            code,
            &parts,
        );
        assert_refused(client.get_schema(described).await, code, &parts);
    }
    let made_up = client.do_get(Ticket::new(vec![0xff, 0x00])).await;
    assert_refused(
        made_up.map(|_| ()),
        Code::InvalidArgument,
        &["expected JSON"],
    );
    for (criteria, code) in [("made up", Code::InvalidArgument), (no_run, Code::NotFound)] {
        let listed = client.list_flights(criteria.to_owned()).await.map(|_| ());
        assert_refused(listed, code, &[criteria]);
    }
    for path in [vec![], vec!["latest".to_owned(); 3]] {
        let described = FlightDescriptor::new_path(path);
        let info = client.get_flight_info(described).await;
        assert_refused(info, Code::InvalidArgument, &["[RUN] or [RUN, SYMBOL]"]);
    }
    let neither = client.get_flight_info(FlightDescriptor::default()).await;
    assert_refused(neither, Code::InvalidArgument, &["a descriptor is"]);
    assert_eq!(server.reads.rows_decoded(), 0);
}

#[tokio::test]
async fn only_completed_runs_are_read() {
    let workplace = Workplace::empty();
    fs::create_dir(workplace.path("out")).unwrap();
    let server = FlightServer::start(store(&workplace)).await;
    let mut client = server.client().await;
    assert_eq!(list(&mut client, "").await, []);
    let latest = json!({"run": "latest"});
    let parts = ["no completed run", "tickermill run"];
    assert_refused(take(&mut client, &latest).await, Code::NotFound, &parts);

    workplace.write("market/stocks/GOOD.csv", market::price_file(40, 1));
    workplace.write("market/stocks/BAD.csv", "");
    workplace.run(RUN).expect_exit(3);
    let [failed] = &workplace.runs()[..] else {
        panic!("there is one run");
    };
    let failed = json!({"run": failed});
    let parts = ["failed: quality limit", "only completed runs"];
    assert_refused(
        take(&mut client, &failed).await,
        Code::FailedPrecondition,
        &parts,
    );
    assert_eq!(list(&mut client, "").await, []);

    fs::remove_file(workplace.path("market/stocks/BAD.csv")).unwrap();
    let run = id(&workplace.run(RUN).completed());
    assert_eq!(read(&mut client, latest.clone()).await.num_rows(), 40);
    fs::remove_file(workplace.path(&format!("out/runs/{run}/outcome.json"))).unwrap();
    let parts = ["unfinished", "only completed runs"];
    assert_refused(
        take(&mut client, &latest).await,
        Code::FailedPrecondition,
        &parts,
    );
    assert_eq!(list(&mut client, "").await, []);
}

#[tokio::test]
async fn a_damaged_or_missing_file_is_named() {
    let workplace = market::small_workplace();
    let run = id(&workplace.run(RUN).completed());
    let server = FlightServer::start(store(&workplace)).await;
    let mut client = server.client().await;
    let damaged = file(&workplace, &run, "NAN");
    let mut bytes = fs::read(&damaged).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::remove_file(&damaged).unwrap();
    fs::write(&damaged, bytes).unwrap();
    let all = client.do_get(ticket(&json!({"run": run}))).await.unwrap();
    let answers: Vec<_> = all.collect().await;
    let [Ok(before), Err(FlightError::Tonic(status))] = &answers[..] else {
        panic!("the files before it are read, and then its error is told: {answers:?}");
    };
    assert_eq!(before.num_rows(), 60);
    assert_status(
        status,
        Code::DataLoss,
        &[damaged.to_str().unwrap(), "--force"],
    );

    let missing = file(&workplace, &run, "TRUE");
    fs::remove_file(&missing).unwrap();
    let query = json!({"run": run, "symbols": ["TRUE"]});
    let parts = [missing.to_str().unwrap(), "missing"];
    assert_refused(take(&mut client, &query).await, Code::DataLoss, &parts);
    let query = json!({"run": run, "symbols": ["CARR#"]});
    assert_eq!(read(&mut client, query).await.num_rows(), 60);

    // A server that has not read the run yet sees that a commit is gone.
    let commits = workplace.path(&format!("out/runs/{run}/commits"));
    let commit = fs::read_dir(commits).unwrap().next().unwrap().unwrap();
    fs::remove_file(commit.path()).unwrap();
    let fresh = FlightReads::new(store(&workplace));
    let refused = fresh
        .do_get(ticket(&json!({"run": run})))
        .await
        .err()
        .unwrap();
    assert_status(&refused, Code::DataLoss, &["commits", &run]);
}

#[tokio::test]
async fn nothing_is_read_before_it_is_taken() {
    let workplace = long_workplace();
    workplace.run(RUN).completed();
    let reads = FlightReads::new(store(&workplace));
    let mut messages = reads
        .do_get(ticket(&json!({"run": "latest"})))
        .await
        .unwrap();
    assert_eq!(reads.rows_decoded(), 0);
    messages.next().await.unwrap().unwrap(); // the schema
    assert_eq!(reads.rows_decoded(), 0);
    messages.next().await.unwrap().unwrap();
    assert_eq!(reads.rows_decoded(), BATCH_ROWS as u64);
    drop(messages);
    assert_eq!(reads.rows_decoded(), BATCH_ROWS as u64);
    let only_dates = json!({"run": "latest", "columns": ["Date"]});
    let messages = reads.do_get(ticket(&only_dates)).await.unwrap();
    let messages: Vec<_> = messages.try_collect().await.unwrap();
    assert_eq!(
        messages.len(),
        1 + 20_000_usize.div_ceil(BATCH_ROWS) + 1 + 1
    );
    assert_eq!(reads.rows_decoded(), BATCH_ROWS as u64 + 20_041);
}

#[tokio::test]
async fn a_slow_reader_slows_the_server() {
    const TICKERS: usize = 40;
    const ROWS: usize = 2_000;
    // Each ticker is a message of some 200 KB. Ahead of the reader are those that fill the windows of HTTP/2 and one
    // that waits for room in them.
    const AHEAD: usize = 4;
    let workplace = Workplace::empty();
    for ticker in 0..TICKERS {
        let prices = market::price_file(ROWS, ticker);
        workplace.write(&format!("market/stocks/T{ticker:02}.csv"), prices);
    }
    workplace.run(RUN).completed();
    let server = FlightServer::start(store(&workplace)).await;
    let mut client = server.client().await;
    let all = json!({"run": "latest"});
    let mut batches = client.do_get(ticket(&all)).await.unwrap();
    let (mut taken, mut most_ahead) = (0, 0);
    while let Some(batch) = batches.next().await {
        taken += batch.unwrap().num_rows();
        for _ in 0..1_000 {
            tokio::task::yield_now().await; // the server has all the time that it wants
        }
        let decoded = server.reads.rows_decoded() as usize;
        most_ahead = most_ahead.max((decoded - taken) / ROWS);
    }
    assert!(most_ahead <= AHEAD, "{most_ahead} files are read ahead");
    assert_eq!(taken, TICKERS * ROWS);
}

#[tokio::test]
async fn no_more_than_sixteen_are_served_at_a_time() {
    let workplace = market::small_workplace();
    workplace.run(RUN).completed();
    let reads = FlightReads::new(store(&workplace));
    let all = json!({"run": "latest"});
    let mut streams = Vec::new();
    for _ in 0..16 {
        streams.push(reads.do_get(ticket(&all)).await.unwrap());
    }
    let refused = reads.do_get(ticket(&all)).await.err().unwrap();
    assert_status(&refused, Code::ResourceExhausted, &["16", "try again"]);
    // Lists and schemas need no place among them.
    let flights = reads.list_flights(Criteria::default()).await.unwrap();
    assert_eq!(flights.count().await, 1);
    streams.pop();
    let messages = reads.do_get(ticket(&all)).await.unwrap();
    assert_eq!(messages.count().await, 1 + 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pyarrow_reads_what_is_in_the_files() {
    let Some(mut python) = python::command("pyarrow_reads_what_is_in_the_files") else {
        return;
    };
    let workplace = long_workplace();
    market::copy_sample(&workplace.path("market"));
    let summary = workplace.run(RUN).completed();
    let server = FlightServer::start(store(&workplace)).await;
    python
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/python/read_flight.py"
        ))
        .arg(server.url("grpc"))
        .arg(summary["features_dir"].as_str().unwrap())
        .arg(id(&summary));
    let output = tokio::task::spawn_blocking(move || python.output());
    let output = output.await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{wrong}");
}

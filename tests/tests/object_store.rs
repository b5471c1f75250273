//! Data and output in an object store: the same as in folders, through every fault, or a refusal that says why.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tickermill_tests::fault_proxy::{Fault, FaultProxy, Faults};
use tickermill_tests::process::Running;
use tickermill_tests::s3_server::{BUCKET, S3Server, use_server};
use tickermill_tests::tickermill::{self, Ended};
use tickermill_tests::workplace::Workplace;
use tickermill_tests::{digest, market};

const RUN: &str = "run --data s3://bucket/market --out s3://bucket/out --workers 2 --json";

/// A command that uses what listens at an address as its object store.
fn command(workplace: &Workplace, address: SocketAddr, arguments: &str) -> Command {
    let mut command = tickermill::command(workplace.folder(), arguments);
    use_server(&mut command, address);
    command
}

fn run(workplace: &Workplace, address: SocketAddr, arguments: &str) -> Ended {
    tickermill::run(&mut command(workplace, address, arguments))
}

/// A market in a folder and in a bucket, and what a run on folders makes of it.
fn undisturbed(workplace: &Workplace, server: &S3Server) -> Value {
    server.put_folder(&workplace.path("market"), "market");
    let reference = "run --data market --out undisturbed --workers 2 --json";
    workplace.run(reference).completed()
}

/// A synthetic market, see [`undisturbed`].
fn market_of(tickers: usize, rows: usize, server: &S3Server) -> (Workplace, Value) {
    let workplace = Workplace::empty();
    market::synthetic(&workplace.path("market"), tickers, rows);
    let reference = undisturbed(&workplace, server);
    (workplace, reference)
}

/// Asserts that a run came to what one on folders did, and that the bucket holds what its summary says.
#[track_caller]
fn expect_same(summary: &Value, reference: &Value, workplace: &Workplace, server: &S3Server) {
    for member in ["dataset_digest", "symbols", "rows_read", "rows_written"] {
        assert_eq!(summary[member], reference[member], "{member}");
    }
    for member in ["digest", "version", "mae"] {
        let (model, expected) = (&summary["model"][member], &reference["model"][member]);
        assert_eq!(model, expected, "{member}");
    }
    let folder = downloaded(summary, workplace, server);
    let found = digest::of_feature_files(&folder);
    assert_eq!(summary["dataset_digest"], found);
    let model = key(&summary["model"]["path"]);
    let model = blake3::hash(&server.get(&model).expect("the model is there"));
    let told = summary["model"]["digest"].as_str().unwrap_or_default();
    assert!(told.contains(model.to_hex().as_str()), "{told}");
}

/// The key of a URL.
fn key(url: &Value) -> String {
    let url = url.as_str().expect("it is a text");
    let key = url.strip_prefix(&format!("s3://{BUCKET}/"));
    key.expect("it is in the bucket").to_owned()
}

/// The feature files of a run, in a folder.
fn downloaded(summary: &Value, workplace: &Workplace, server: &S3Server) -> PathBuf {
    let features = key(&summary["features_dir"]);
    let folder = format!("downloaded/{features}");
    for key in server.keys(&format!("{features}/")) {
        let bytes = server.get(&key).expect("it was listed");
        workplace.write(&format!("downloaded/{key}"), bytes);
    }
    workplace.path(&folder)
}

#[test]
fn a_run_on_objects_comes_to_what_one_on_folders_does() {
    let Some(server) = S3Server::start("run on objects") else {
        return;
    };
    let workplace = market::workplace_with_sample();
    workplace.write("market/stocks/CARR#.csv", market::price_file(60, 1000));
    let reference = undisturbed(&workplace, &server);
    let mut first = command(&workplace, server.address(), RUN);
    let first = tickermill::run(first.env("RUST_LOG", "trace"));
    assert!(
        !first.stderr.contains("a secret that is never told"),
        "credentials are told"
    );
    let first = first.completed();
    expect_same(&first, &reference, &workplace, &server);
    let out = server.keys("out/");
    assert!(
        !out.iter().any(|key| key.contains("probe")),
        "the probe removes what it wrote: {out:?}"
    );
    let second = run(&workplace, server.address(), RUN).completed();
    assert_eq!(second["unchanged"], true);
    assert_eq!(second["run_id"], first["run_id"]);
    assert_eq!(server.keys("out/"), out, "nothing was written");

    // One file changes: the others are carried over, which this server has no conditional copy for.
    let file = workplace.path("market/stocks/CARR#.csv");
    market::edit_last_volume(&file, true);
    server.put(
        "market/stocks/CARR#.csv",
        &fs::read(&file).expect("it is there"),
    );
    let folders = "run --data market --out undisturbed --workers 2 --json";
    let reference = workplace.run(folders).completed();
    let third = run(&workplace, server.address(), RUN).completed();
    assert_eq!(third["recomputed"], 1);
    assert_eq!(third["carried_over"], reference["carried_over"]);
    expect_same(&third, &reference, &workplace, &server);

    // The history of an output is that of folders too.
    let listed = run(&workplace, server.address(), "runs --out s3://bucket/out").expect_exit(0);
    assert_eq!(listed.stdout.matches("completed").count(), 2, "{listed:?}");
    let prune = "prune --keep 1 --out s3://bucket/out";
    run(&workplace, server.address(), prune).expect_exit(0);
    let (first, third) = (first["run_id"].as_str(), third["run_id"].as_str());
    let is_of = |key: &String, run: Option<&str>| key.contains(run.expect("a run has an id"));
    let left = server.keys("out/runs/");
    assert!(!left.iter().any(|key| is_of(key, first)), "{left:?}");
    assert!(left.iter().any(|key| is_of(key, third)), "{left:?}");
}

#[test]
fn a_killed_run_goes_on_from_its_commits() {
    let Some(server) = S3Server::start("killed run on objects") else {
        return;
    };
    let (workplace, reference) = market_of(60, 2000, &server);
    let proxy = FaultProxy::start(server.address(), Faults::NONE);
    let mut running = Running::start(&mut command(&workplace, proxy.address(), RUN));
    running.until("two writes of commits", || {
        proxy.requests("PUT", "/commits/") >= 2
    });
    running.kill();
    let written = server.keys("out/runs/");
    assert!(!written.iter().any(|key| key.ends_with("outcome.json")));
    assert_eq!(server.get("out/latest.json"), None);
    let mut resume = command(&workplace, server.address(), RUN);
    // The killed one had no lock that its end would have opened: its lease is waited for.
    resume.env("TICKERMILL__RUN__LEASE_SECONDS", "1");
    let resumed = tickermill::run(&mut resume);
    assert!(resumed.stderr.contains("waiting for process"));
    let resumed = resumed.completed();
    expect_same(&resumed, &reference, &workplace, &server);
    let done_before = resumed["resumed"].as_u64().unwrap_or_default();
    assert!(done_before > 0, "{resumed:#}");
    for key in written.iter().filter(|key| key.ends_with(".parquet")) {
        assert!(server.get(key).is_some(), "{key} was removed");
    }
}

#[test]
fn a_server_that_writes_over_objects_is_refused() {
    let Some(server) = S3Server::start_without_conditions("server without conditions") else {
        return;
    };
    let (workplace, _) = market_of(3, 60, &server);
    let refused = run(&workplace, server.address(), RUN).expect_exit(1);
    refused.expect_one_error(&[
        "s3://bucket/out cannot be an output",
        "If-None-Match",
        "use a server and version with conditional writes",
    ]);
    let left = server.keys("out/");
    assert!(left.is_empty(), "{left:?}");
    // To read from, it is good enough.
    let read = "run --data s3://bucket/market --no-train --json";
    let read = run(&workplace, server.address(), read).completed();
    assert_eq!(read["symbols"], 3);
}

#[test]
fn faults_of_server_and_network_change_nothing() {
    let Some(server) = S3Server::start("faults of an object store") else {
        return;
    };
    let (workplace, reference) = market_of(40, 300, &server);
    let mut happened = [0; Fault::ALL.len()];
    for seed in 1..=3 {
        let faults = Faults {
            seed,
            unavailable: 30,
            conflict: 50,
            lost_reply: 30,
            stall: 15,
            cut_body: 40,
        };
        let proxy = FaultProxy::start(server.address(), faults);
        let arguments = format!(
            "run --data s3://bucket/market --out s3://bucket/out-{seed} --workers 2 --json"
        );
        let mut disturbed = command(&workplace, proxy.address(), &arguments);
        disturbed.env("AWS_TIMEOUT", "2s");
        let disturbed = tickermill::run(&mut disturbed).completed();
        expect_same(&disturbed, &reference, &workplace, &server);
        let counts = Fault::ALL.map(|fault| proxy.count(fault));
        for (sum, count) in happened.iter_mut().zip(counts) {
            *sum += count;
        }
        // What is there is what an undisturbed run leaves: nothing twice, nothing of the probe.
        let keys = server.keys(&format!("out-{seed}/"));
        let features = keys.iter().filter(|key| key.ends_with(".parquet"));
        assert_eq!(features.count(), 41, "the tickers and the quarantine");
        assert!(!keys.iter().any(|key| key.contains("probe")), "{keys:?}");
    }
    for (fault, count) in Fault::ALL.into_iter().zip(happened) {
        assert!(count > 0, "{fault:?} never happened: {happened:?}");
    }
}

#[test]
fn locations_that_cannot_be_meant_are_bad_usage() {
    let workplace = market::small_workplace();
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    let elsewhere = "run --data market --out ftp://host/out --json";
    run(&workplace, nobody, elsewhere)
        .expect_exit(2)
        .expect_one_error(&["cannot open ftp://host/out", "s3://bucket/prefix"]);
    let mut plain = command(
        &workplace,
        nobody,
        "run --data market --out s3://bucket/out --json",
    );
    let plain = tickermill::run(plain.env_remove("AWS_ALLOW_HTTP")).expect_exit(2);
    plain.expect_one_error(&["http://127.0.0.1:9 has no TLS", "set AWS_ALLOW_HTTP=true"]);
}

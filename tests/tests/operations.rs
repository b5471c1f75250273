//! What operators and their tools see of every process: probes, numbers, the load that workers are scaled by, logs.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use serde_json::Value;
use tickermill_tests::cluster::Cluster;
use tickermill_tests::daemon::Daemon;
use tickermill_tests::http::Http;
use tickermill_tests::journal::Journal;
use tickermill_tests::predictor::Predictor;
use tickermill_tests::reference::small;
use tickermill_tests::tickermill::repository;
use tickermill_tests::workplace::Workplace;
use tickermill_tests::{market, python, tickermill};

/// What Prometheus' own parser reads of a process; `None`, said loudly, where it is not there.
fn scrape(address: SocketAddr) -> Option<Value> {
    let mut command = python::command_with("a scrape", "prometheus_client")?;
    let script = repository().join("tests/python/scrape.py");
    let url = format!("http://{address}/metrics");
    Some(
        tickermill::run(command.arg(script).arg(url))
            .expect_exit(0)
            .json(),
    )
}

/// A whole number that is told.
fn sample(scraped: &Value, name: &str) -> u64 {
    let value = scraped["samples"][name].as_f64();
    value.unwrap_or_else(|| panic!("there is no {name}: {scraped:#}")) as u64
}

/// What KEDA's client hears.
fn ask_as_keda(cluster: &Cluster) -> Option<Value> {
    let mut command = python::command_with("a client of KEDA's contract", "grpc_tools")?;
    let address = cluster.address().rsplit('/').next()?;
    command
        .arg(repository().join("tests/python/keda.py"))
        .arg(repository().join("proto"))
        .arg(address);
    Some(tickermill::run(&mut command).expect_exit(0).json())
}

/// The names of a role's numbers in the document for operators.
fn documented(role: &str) -> BTreeSet<String> {
    let document = fs::read_to_string(repository().join("deploy/README.md"));
    let document = document.expect("the document is there");
    let prefix = format!("| `tickermill_{role}_");
    let rows = document.lines().filter(|line| line.starts_with(&prefix));
    let names = rows.map(|row| row.split('`').nth(1).expect("it begins so").to_owned());
    names.collect()
}

#[track_caller]
fn expect_documented(role: &str, scraped: &Value) {
    let families = scraped["families"].as_object().expect("it is one");
    let told: BTreeSet<String> = families.keys().cloned().collect();
    assert_eq!(told, documented(role), "{role}");
}

#[test]
fn numbers_of_coordinator_and_workers_move_with_a_run_and_workers_are_wanted_while_it_goes_on() {
    let mut cluster = Cluster::of(small).observed();
    let gate = cluster.gate("gate");
    cluster.start_coordinator("");
    cluster.start_worker("w1", 1, &format!("mid-shard#3={}", gate.hold()));
    let coordinator = cluster.coordinator().operators_ask();
    let worker = cluster.worker("w1").operators_ask();
    for address in [coordinator, worker] {
        for path in ["/livez", "/readyz"] {
            assert_eq!(Http::of(address).get(path).status, 200, "{path}");
        }
    }
    if let Some(keda) = ask_as_keda(&cluster) {
        assert_eq!(keda["active"], false);
        assert_eq!(keda["streamed"], false);
        assert_eq!((&keda["shards"], &keda["target"]), (&0.into(), &3.into()));
    }

    let run = cluster.submit();
    cluster.worker("w1").wait_for("fault at mid-shard");
    if let Some(scraped) = scrape(coordinator) {
        let of = |name: &str| sample(&scraped, &format!("tickermill_coordinator_{name}"));
        assert_eq!((of("workers"), of("slots")), (1, 1));
        assert_eq!((of("runs_active"), of("runs_waiting")), (1, 0));
        assert_eq!(of("shards_running"), 1);
        assert!(of("shards_pending") > 0 && of("epoch") == 1);
        assert_eq!(of("shards_committed_total"), cluster.commits().len() as u64);
        let keda = ask_as_keda(&cluster).unwrap();
        assert_eq!(keda["active"], true);
        let shards = keda["shards"].as_u64().unwrap();
        assert_eq!(shards, of("shards_pending") + of("shards_running"));
    }
    gate.open();
    let summary = cluster.expect_same(run);

    let Some(scraped) = scrape(coordinator) else {
        return;
    };
    let commits = cluster.commits().len() as u64;
    let of = |name: &str| sample(&scraped, &format!("tickermill_coordinator_{name}"));
    assert_eq!(of("shards_committed_total"), commits);
    assert_eq!(of("runs_ended_total{status=completed}"), 1);
    assert_eq!((of("shards_pending"), of("shards_running")), (0, 0));
    assert_eq!(of("runs_active"), 0);
    for stage in [
        "discover", "plan", "features", "audit", "sample", "train", "publish",
    ] {
        assert_eq!(of(&format!("stage_seconds_count{{stage={stage}}}")), 1);
    }
    expect_documented("coordinator", &scraped);
    let keda = ask_as_keda(&cluster).unwrap();
    assert_eq!(
        (&keda["active"], &keda["shards"]),
        (&false.into(), &0.into())
    );

    let scraped = scrape(worker).unwrap();
    let of = |name: &str| sample(&scraped, &format!("tickermill_worker_{name}"));
    assert_eq!((of("joined"), of("slots"), of("sessions_total")), (1, 1, 1));
    assert_eq!(of("shards_committed_total"), commits);
    assert_eq!(of("shard_seconds_count"), commits);
    assert_eq!(
        of("rows_written_total"),
        summary["rows_written"].as_u64().unwrap()
    );
    assert!(of("input_bytes_total") > 0);
    assert_eq!(of("shards_in_hand"), 0);
    expect_documented("worker", &scraped);

    // A worker without a coordinator lives, and is not ready.
    cluster.take_coordinator().terminate().expect_exit(0);
    cluster.worker("w1").wait_for("no session with");
    assert_eq!(Http::of(worker).get("/livez").status, 200);
    let unready = Http::of(worker).get("/readyz");
    assert_eq!(unready.status, 503);
    assert!(unready.text().contains("no session with a coordinator"));
}

#[test]
fn what_goes_wrong_in_a_run_is_counted() {
    let mut cluster = Cluster::of(small)
        .observed()
        .with("CLUSTER__DRAIN_MS", 50)
        .with("CLUSTER__COPY_AFTER_MS", 100);
    let never = cluster.gate("never");
    let held = format!("mid-shard#2={}", never.hold());
    cluster.start_coordinator("");
    for name in ["goes", "dies", "late"] {
        cluster.start_worker(name, 1, &held);
    }
    let until_lost = cluster.gate("until-lost");
    let held = format!("mid-shard#2={},mid-shard#9=panic", until_lost.hold());
    cluster.start_worker("stalls", 1, &held);
    let coordinator = cluster.coordinator().operators_ask();
    let run = cluster.submit();
    for name in ["goes", "dies", "late", "stalls"] {
        cluster.worker(name).wait_for("fault at mid-shard");
    }
    let waits = cluster.submit_with("--force");
    cluster.take_worker("goes").terminate().expect_exit(0);
    cluster.wait_for_coordinator(0, " handed back by goes/");
    cluster.take_worker("dies").kill();
    cluster.wait_for_coordinator(0, " on dies/");
    let stalls = cluster.worker("stalls");
    stalls.freeze();
    cluster.wait_for_coordinator(0, "worker stalls/4 lost: it was not heard");
    let waiting = scrape(coordinator);
    until_lost.open();
    stalls.thaw();
    cluster.wait_for_coordinator(0, "refused a late ");
    cluster.wait_for_coordinator(0, " as a copy");
    never.open();
    cluster.expect_same(run);
    waits.end().completed();

    let Some(waiting) = waiting else {
        return;
    };
    let of = |name: &str| sample(&waiting, &format!("tickermill_coordinator_{name}"));
    assert_eq!((of("runs_active"), of("runs_waiting")), (1, 1));
    let scraped = scrape(coordinator).unwrap();
    let of = |name: &str| sample(&scraped, &format!("tickermill_coordinator_{name}_total"));
    for counter in [
        "shards_handed_back",
        "attempts_failed",
        "stale_messages",
        "shards_copied",
    ] {
        assert!(of(counter) > 0, "{counter}: {}", cluster.journal);
    }
    let completed = "tickermill_coordinator_runs_ended_total{status=completed}";
    assert_eq!(sample(&scraped, completed), 2);
    let scraped = scrape(cluster.worker("stalls").operators_ask()).unwrap();
    let of = |name: &str| sample(&scraped, &format!("tickermill_worker_{name}_total"));
    assert_eq!(of("sessions"), 2);
    assert_eq!(of("shards_failed"), 1);
    assert!(of("shards_given_up") > 0);
}

#[test]
fn a_coordinator_that_waits_for_its_output_lives_and_is_not_ready() {
    let mut cluster = Cluster::of(small).observed();
    cluster.start_coordinator("");
    let second = cluster.second_coordinator();
    second.wait_for("waiting for ");
    let mut client = Http::of(second.operators_ask());
    assert_eq!(client.get("/livez").status, 200);
    let unready = client.get("/readyz");
    assert_eq!(unready.status, 503);
    assert!(unready.text().contains("the output is not held yet"));
}

/// A predictor of an output, with variables such as `PREDICTOR__MAX_ROWS`, and where operators ask it.
fn observed_predictor(folder: &Path, variables: &[(&str, &str)]) -> (Predictor, SocketAddr) {
    let variables = [&[("OPERATIONS__LISTEN", "127.0.0.1:0")], variables].concat();
    let predictor = Predictor::start(folder, &variables);
    let address = predictor.daemon.operators_ask();
    (predictor, address)
}

/// The labels of a number that is told once, with the value.
fn labelled<'a>(scraped: &'a Value, name: &str) -> Option<(&'a str, u64)> {
    let samples = scraped["samples"].as_object().expect("it is one");
    samples.iter().find_map(|(sample, value)| {
        let labels = sample.strip_prefix(name)?.strip_prefix('{')?;
        Some((labels.strip_suffix('}')?, value.as_f64()? as u64))
    })
}

#[test]
fn numbers_of_a_predictor_move_with_requests() {
    let workplace = market::workplace_with_sample();
    let summary = workplace.run("run --data market --json").completed();
    let broken = workplace.path("out/models/broken");
    fs::create_dir(&broken).unwrap();
    fs::write(broken.join("current.json"), "{").unwrap();
    let variables = [
        ("PREDICTOR__MAX_IN_FLIGHT", "1"),
        ("PREDICTOR__RELOAD_MS", "20"),
    ];
    let (predictor, operators) = observed_predictor(workplace.folder(), &variables);
    let Some(before) = scrape(operators) else {
        return;
    };
    let of = |scraped: &Value, name: &str| sample(scraped, &format!("tickermill_predictor_{name}"));
    for name in ["cache_bytes", "overloads_total", "requests_in_flight"] {
        assert_eq!(of(&before, name), 0, "{name}");
    }
    assert_eq!(
        (of(&before, "connections"), of(&before, "model_loads_total")),
        (0, 1)
    );
    assert_eq!(of(&before, "model_rejections_total"), 1);
    let (labels, value) = labelled(&before, "tickermill_predictor_model_rejected").unwrap();
    assert!(labels.contains("model=broken") && value == 1, "{labels}");
    let (labels, value) = labelled(&before, "tickermill_predictor_model_live").unwrap();
    let version = summary["model"]["version"].as_str().unwrap();
    assert!(
        labels.contains(&format!("version={version}")) && value == 1,
        "{labels}"
    );

    let mut client = predictor.client();
    assert_eq!(client.get("/predict?symbol=NULL").status, 200);
    let mut open = TcpStream::connect(predictor.address).unwrap();
    let head = "POST /predict HTTP/1.1\r\nHost: here\r\nContent-Length: 1000\r\n\r\n{";
    open.write_all(head.as_bytes()).unwrap();
    let tells = |line: &str| {
        let told = Http::of(operators).get("/metrics");
        told.text().lines().any(|told| told == line)
    };
    let in_flight = "tickermill_predictor_requests_in_flight 1";
    predictor.wait_until("one in flight", |_| tells(in_flight));
    assert_eq!(client.get("/predict?symbol=NULL").status, 503);
    let place = predictor.journal.place();
    let pointer = workplace.path("out/latest.json");
    let latest = fs::read(&pointer).unwrap();
    fs::write(&pointer, "{").unwrap();
    let told = "cannot keep up with the store";
    predictor.daemon.wait_from(place, told);
    let during = scrape(operators).unwrap();
    fs::write(&pointer, latest).unwrap();
    predictor
        .daemon
        .wait_from(place, "keeping up with the store again");
    assert_eq!(of(&during, "requests_total{route=predict,status=200}"), 1);
    assert_eq!(of(&during, "requests_total{route=predict,status=503}"), 1);
    assert_eq!(of(&during, "request_seconds_count{route=predict}"), 2);
    assert_eq!(
        (
            of(&during, "requests_in_flight"),
            of(&during, "overloads_total")
        ),
        (1, 1)
    );
    assert_eq!(of(&during, "connections"), 2);
    assert!(of(&during, "cache_bytes") > 0 && of(&during, "store_failures_total") > 0);
    expect_documented("predictor", &during);

    // What is over is not told any more.
    fs::remove_dir_all(&broken).unwrap();
    workplace
        .run_with("run --data market --json", &[("SEED", "7")])
        .completed();
    predictor
        .daemon
        .wait_from(place, "of volume-forest is live");
    drop((open, client));
    let connections = "tickermill_predictor_connections 0";
    predictor.wait_until("nobody is connected", |_| tells(connections));
    let after = scrape(operators).unwrap();
    assert_eq!(
        (
            of(&after, "requests_in_flight"),
            of(&after, "model_loads_total")
        ),
        (0, 2)
    );
    assert_eq!(
        labelled(&after, "tickermill_predictor_model_rejected"),
        None
    );
}

#[test]
fn health_is_asked_by_the_binary_itself() {
    let workplace = Workplace::empty();
    fs::create_dir(workplace.path("out")).unwrap();
    let (_predictor, operators) = observed_predictor(workplace.folder(), &[]);
    let ask = |address: SocketAddr, path: &str| {
        let arguments = format!("health http://{address}{path}");
        tickermill::run(&mut tickermill::command(workplace.folder(), &arguments))
    };
    ask(operators, "/livez").expect_exit(0);
    let unready = ask(operators, "/readyz").expect_exit(1);
    unready.expect_one_error(&["/readyz answers 503", "there is no model to serve yet"]);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let gone = ask(nobody, "/livez").expect_exit(1);
    gone.expect_one_error(&["does not answer"]);
    // Without a URL it is what the configuration says that is asked.
    let mut configured = tickermill::command(workplace.folder(), "health");
    let nowhere = tickermill::run(&mut configured).expect_exit(1);
    nowhere.expect_one_error(&["operations.listen"]);
    configured.env("TICKERMILL__OPERATIONS__LISTEN", operators.to_string());
    tickermill::run(&mut configured).expect_exit(0);
}

#[test]
fn logs_can_be_an_object_a_line() {
    let workplace = Workplace::empty();
    let arguments = "coordinator --listen 127.0.0.1:0 --log-format json";
    let mut command = tickermill::command(workplace.folder(), arguments);
    let journal = Journal::default();
    let coordinator = Daemon::start("coordinator", &mut command, &journal);
    coordinator.wait_for("coordinator listens on http://");
    let lines = coordinator.lines();
    coordinator.terminate().expect_exit(0);
    assert!(!lines.is_empty());
    for line in lines {
        let line: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
        assert!(
            line["message"].is_string() && line["timestamp"].is_string(),
            "{line}"
        );
        assert!(line["level"].is_string(), "{line}");
    }
}

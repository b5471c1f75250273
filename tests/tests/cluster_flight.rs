//! Reading over Flight: by others' libraries, and slowly, while a run is under way in bounded memory.

use tickermill_tests::cluster::Cluster;
use tickermill_tests::memory::peak_kib;
use tickermill_tests::python;
use tickermill_tests::reference::{large, small};
use tickermill_tests::slow_reader::SlowReader;
use tickermill_tests::tickermill::{self, repository};

/// Bytes a second that the slow reader takes.
const SLOWLY: u64 = 1 << 20;

#[test]
fn pyarrow_lists_the_runs_and_reads_what_the_files_have() {
    let Some(mut python) = python::command("pyarrow.flight") else {
        return;
    };
    let mut cluster = Cluster::of(small);
    cluster.start_coordinator("");
    cluster.start_worker("w1", 2, "");
    let summary = cluster.expect_same(cluster.submit());
    let text = |member: &str| summary[member].as_str().expect("a text").to_owned();
    python
        .arg(repository().join("tests/python/read_flight.py"))
        .arg(cluster.address().replace("http://", "grpc://"))
        .args([text("features_dir"), text("run_id")]);
    let ended = tickermill::run(&mut python);
    assert_eq!(ended.exit, Some(0), "{}{}", ended.stdout, ended.stderr);
}

#[test]
fn memory_is_bounded_while_a_reader_takes_its_time() {
    let mut cluster = Cluster::of(large);
    cluster.start_coordinator("");
    cluster.start_worker("w1", 2, "");
    cluster.expect_same(cluster.submit());
    let reader = SlowReader::start(cluster.address(), r#"{"run":"latest"}"#, SLOWLY);
    let summary = cluster.submit_with("--force").end().completed();
    cluster.reference().expect_same(&summary);
    assert!(reader.end() > 0, "the reader read nothing");
    let coordinator = peak_kib(cluster.coordinator().id());
    let worker = peak_kib(cluster.worker("w1").id());
    eprintln!("coordinator {coordinator} KiB, worker {worker} KiB");
    assert!(coordinator < 100 * 1024, "coordinator: {coordinator} KiB");
    assert!(worker < 128 * 1024, "worker: {worker} KiB");
}

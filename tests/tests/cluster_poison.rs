//! A ticker that brings down whatever computes it: the run fails after a few attempts and names it.

use std::collections::BTreeSet;

use tickermill_tests::cluster::Cluster;
use tickermill_tests::course::Event;
use tickermill_tests::daemon::Daemon;
use tickermill_tests::reference::small;

const WORKERS: [&str; 3] = ["w1", "w2", "w3"];
const MOST_ATTEMPTS: usize = 4;

fn start(cluster: &mut Cluster, faults: &str) {
    for name in WORKERS {
        cluster.start_worker(name, 1, faults);
    }
}

/// A ticker of the market, which lies in a shard with others.
fn poison(cluster: &Cluster) -> String {
    let stocks = cluster.reference().data.join("stocks");
    let files = std::fs::read_dir(stocks).expect("the market has stocks");
    let names = files.map(|file| file.expect("it can be listed").path());
    let symbol = |name: std::path::PathBuf| name.file_stem().map(|stem| stem.display().to_string());
    names.filter_map(symbol).min().expect("there is a stock")
}

/// Asserts that the run fails and names the ticker, and that the next run, without the fault, works.
fn expect_bounded(mut cluster: Cluster, run: Daemon, symbol: &str) {
    let reason = run.end().ended_as("failed");
    assert!(reason.contains(symbol), "{reason}");
    let attempts = cluster
        .events_since(0)
        .into_iter()
        .filter_map(|event| match event {
            Event::Failed(attempt, _) => Some(attempt.worker),
            _ => None,
        });
    let attempts: Vec<String> = attempts.collect();
    assert!(
        (2..=MOST_ATTEMPTS).contains(&attempts.len()),
        "{attempts:?}"
    );
    let workers: BTreeSet<&String> = attempts.iter().collect();
    assert!(workers.len() > 1, "one worker decided alone: {attempts:?}");
    let faults = cluster.faults_at("mid-shard").len();
    assert!((1..=MOST_ATTEMPTS).contains(&faults), "{faults} attempts");
    for name in WORKERS {
        cluster.take_worker(name).kill();
    }
    start(&mut cluster, "");
    let summary = cluster.expect_same(cluster.submit());
    assert!(summary["carried_over"].as_u64() > Some(0), "{summary:#}");
}

#[test]
fn a_ticker_that_panics_everywhere() {
    let mut cluster = Cluster::of(small);
    let symbol = poison(&cluster);
    cluster.start_coordinator("");
    start(&mut cluster, &format!("mid-shard:{symbol}=panic"));
    let run = cluster.submit();
    expect_bounded(cluster, run, &symbol);
}

#[test]
fn a_ticker_that_kills_every_worker() {
    let mut cluster = Cluster::of(small);
    let symbol = poison(&cluster);
    let fault = format!("mid-shard:{symbol}=kill");
    cluster.start_coordinator("");
    start(&mut cluster, &fault);
    let run = cluster.submit();
    // As an operator's supervisor would, until the run has an end.
    let mut seen = BTreeSet::new();
    loop {
        let ended = cluster.journal.wait_from(0, "an end", |said| {
            said.line.is_none() && !seen.contains(&said.process)
        });
        if ended.who == "run" {
            break;
        }
        seen.insert(ended.process);
        cluster.take_worker(&ended.who).expect_killed();
        cluster.start_worker(&ended.who, 1, &fault);
    }
    assert!(!seen.is_empty());
    expect_bounded(cluster, run, &symbol);
}

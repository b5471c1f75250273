//! One of two predictors is restarted again and again behind clients that try nothing again but what was refused.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tickermill_tests::http::Http;
use tickermill_tests::journal::Journal;
use tickermill_tests::market;
use tickermill_tests::predictor::Predictor;

const RESTARTS: usize = 20;
const CLIENTS: usize = 4;

#[test]
fn twenty_restarts_of_one_of_two_fail_no_request() {
    let workplace = market::workplace_with_sample();
    workplace.run("run --data market --json").completed();
    let stays = Predictor::start(workplace.folder(), &[]);
    let mut goes = Predictor::start(workplace.folder(), &[]);
    let addresses = [goes.address, stays.address];
    let arguments = format!("--models out --listen {}", goes.address);
    let (done, answered) = (
        AtomicBool::new(false),
        [AtomicUsize::new(0), AtomicUsize::new(0)],
    );
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| ask_until(addresses, &done, &answered));
        }
        for restart in 0..RESTARTS {
            // Each time the one that is restarted has answered something before it is told to end.
            let before = answered[0].load(Ordering::Relaxed);
            stays.wait_until("answers of the other", |_| {
                answered[0].load(Ordering::Relaxed) > before + 10
            });
            let ended = goes.daemon.terminate();
            assert_eq!(ended.exit, Some(0), "restart {restart}: {}", ended.stderr);
            goes = Predictor::start_with(workplace.folder(), &arguments, &[], &Journal::default());
        }
        done.store(true, Ordering::Relaxed);
    });
}

/// Asks one after the other, each request anew at the other one where the first refuses a connection. Any other failure
/// panics.
fn ask_until(addresses: [SocketAddr; 2], done: &AtomicBool, answered: &[AtomicUsize; 2]) {
    let mut clients = addresses.map(Http::of);
    let mut turn = 0;
    while !done.load(Ordering::Relaxed) {
        turn = 1 - turn;
        let path = "/predict?vol_moving_avg=1000&adj_close_rolling_med=10";
        let asked = match clients[turn].request("GET", path, &[], b"") {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                turn = 1 - turn;
                clients[turn].request("GET", path, &[], b"")
            }
            asked => asked,
        };
        let answer = asked.unwrap_or_else(|error| panic!("a request failed: {error}"));
        assert_eq!(answer.status, 200, "{answer:?}");
        answered[turn].fetch_add(1, Ordering::Relaxed);
    }
}

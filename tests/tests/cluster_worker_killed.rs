//! A worker that is killed with a shard in hand is made up for.

use tickermill_tests::cluster::Cluster;
use tickermill_tests::course::{Event, expect_each_committed_once, is_of};
use tickermill_tests::reference::large;
use tickermill_tests::soak::rounds;

/// Kills the worker of the name as it begins its so-many-th ticker.
fn kill_one(workers: u32, victim: &str, ticker: u32) {
    let mut cluster = Cluster::of(large);
    cluster.start_coordinator("");
    for number in 1..=workers {
        let name = format!("w{number}");
        let fault = if name == victim {
            format!("mid-shard#{ticker}=kill")
        } else {
            String::new()
        };
        cluster.start_worker(&name, 1, &fault);
    }
    let run = cluster.submit();
    let victim_process = cluster.take_worker(victim);
    let victim_id = victim_process.id();
    victim_process.expect_killed();
    let fault = cluster.expect_one_fault("mid-shard");
    assert_eq!(fault.process, victim_id);
    let place = cluster.journal.place();
    if workers == 1 {
        cluster.start_worker("replacement", 1, "");
    }
    cluster.expect_same(run);

    let events = cluster.events_since(0);
    let committed = expect_each_committed_once(&events);
    let lost = |event: &Event| matches!(event, Event::Lost(worker, _) if is_of(worker, victim));
    assert!(events.iter().any(lost), "{}", cluster.journal);
    let was_in_hand = |event: &Event| match event {
        Event::Given(attempt) | Event::Copied(attempt) => {
            is_of(&attempt.worker, victim) && !is_of(&committed[&attempt.shard], victim)
        }
        _ => false,
    };
    assert!(events.iter().any(was_in_hand), "no shard was in progress");
    let late = |event: &Event| matches!(event, Event::Committed(attempt) if is_of(&attempt.worker, victim));
    let after = cluster.events_since(place);
    let late = after.iter().filter(|event| late(event)).count();
    // Its last delivery may have been committed while it died.
    assert!(late <= 1, "{}", cluster.journal);
}

#[test]
fn each_worker_in_turn_is_killed_with_a_shard_in_progress() {
    for round in 0..rounds().max(3) {
        let workers = [2, 4, 1][round as usize % 3];
        let victim = format!("w{}", 1 + round / 3 % workers);
        kill_one(workers, &victim, 2 + round * 7 % 40);
    }
}

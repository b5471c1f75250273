//! A worker much slower than the rest does not hold the run up: a copy of its shard wins.

use tickermill_tests::cluster::Cluster;
use tickermill_tests::course::{Event, expect_each_committed_once, is_of};
use tickermill_tests::reference::small;
use tickermill_tests::soak::rounds;

/// Milliseconds that every ticker takes the slow worker longer: more than twenty times what it takes the others.
const SLOWER_BY_MS: u64 = 1000;

#[test]
fn a_copy_of_the_slow_workers_shard_wins() {
    for _ in 0..rounds() {
        let mut cluster = Cluster::of(small).with("CLUSTER__COPY_AFTER_MS", 200);
        cluster.start_coordinator("");
        cluster.start_worker("slow", 1, &format!("mid-shard=slow:{SLOWER_BY_MS}"));
        cluster.start_worker("quick", 1, "");
        cluster.expect_same(cluster.submit());
        let slowed = cluster.faults_at("mid-shard");
        assert!(!slowed.is_empty());
        let events = cluster.events_since(0);
        let committed = expect_each_committed_once(&events);
        let copies = events.iter().filter_map(|event| match event {
            Event::Copied(attempt) => Some(attempt),
            _ => None,
        });
        let mut won = 0;
        for copy in copies {
            assert!(is_of(&copy.worker, "quick"), "{copy:?}");
            won += usize::from(committed[&copy.shard] == copy.worker);
        }
        assert!(won > 0, "no copy won\n{}", cluster.journal);
    }
}

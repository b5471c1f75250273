//! One coordinator at a time: another takes the output over where the first stands still, and the first gives way.

use tickermill_tests::cluster::Cluster;
use tickermill_tests::reference::small;
use tickermill_tests::soak::rounds;

#[test]
fn a_coordinator_that_stood_still_gives_way_to_the_one_that_took_over() {
    for _ in 0..rounds() {
        let mut cluster = Cluster::of(small);
        cluster.start_coordinator("after-commit#2=stop");
        cluster.start_worker("old", 1, "");
        let forsaken = cluster.submit();
        let still = cluster.take_coordinator();
        still.wait_until_it_stands_still();
        cluster.expect_one_fault("after-commit");
        let committed = cluster.commits();
        let place = cluster.journal.place();

        cluster.leave_port();
        cluster.start_coordinator("");
        cluster.start_worker("new", 1, "");
        cluster.expect_same(cluster.submit());
        cluster.expect_not_given_since(place, &committed);

        let before = cluster.workplace.files("out/runs");
        still.thaw();
        let ended = still.end();
        assert_ne!(ended.exit, Some(0), "{}", ended.stderr);
        assert!(ended.stderr.contains("epoch"), "{}", ended.stderr);
        assert_eq!(cluster.workplace.files("out/runs"), before);
        forsaken.kill();
    }
}

#[test]
fn a_second_coordinator_waits_and_says_for_whom() {
    let mut cluster = Cluster::of(small);
    cluster.start_coordinator("");
    let second = cluster.second_coordinator();
    let line = second.wait_for("waiting for ");
    assert!(line.contains("holds"), "{line}");
    cluster.take_coordinator().terminate().expect_exit(0);
    second.wait_for("coordinator listens on ");
}

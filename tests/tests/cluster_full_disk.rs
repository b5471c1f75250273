//! A full disk stops a run with a clear error and tears nothing; with room, it goes on.

use std::path::{Path, PathBuf};

use tickermill_tests::cluster::Cluster;
use tickermill_tests::feature_files::read;
use tickermill_tests::reference::small;
use tickermill_tests::small_disk::SmallDisk;
use tickermill_tests::workplace::files_below;

/// Every file below a folder whose name ends so.
fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut files = files_below(folder);
    files.retain(|file| file.to_string_lossy().ends_with(end));
    files
}

#[test]
fn a_run_stopped_by_a_full_disk_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::of("a full disk", 2048) else {
        return;
    };
    let mut cluster = Cluster::of(small).with_out(disk.path("out"));
    cluster.start_coordinator("");
    for name in ["w1", "w2"] {
        cluster.start_worker(name, 1, "");
    }
    let stopped = cluster.submit().end().expect_exit(1);
    stopped.expect_one_error(&["No space left", "free some space"]);
    let whole = files(cluster.out(), ".parquet");
    assert!(!whole.is_empty(), "it was full before anything was written");
    for file in whole {
        read(&file);
    }
    assert!(files(cluster.out(), "outcome.json").is_empty());
    assert!(files(cluster.out(), "latest.json").is_empty());
    let committed = cluster.commits();

    disk.grow(64 * 1024);
    let place = cluster.journal.place();
    cluster.expect_same(cluster.submit());
    cluster.expect_not_given_since(place, &committed);
    assert_eq!(files(cluster.out(), "outcome.json").len(), 1);
}

//! Markets that many tests run on, and what an undisturbed run in one process makes of each.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;

use crate::skip::skipped;
use crate::tickermill::{self, binary, repository};
use crate::workplace::Workplace;
use crate::{digest, market};

/// A market, and the summary of a run of it in one process.
pub struct Reference {
    /// The price files.
    pub data: PathBuf,
    /// The summary.
    pub summary: Value,
}

/// A synthetic market of 60 tickers and several shards, quick to run.
pub fn small() -> &'static Reference {
    static SMALL: LazyLock<Reference> = LazyLock::new(|| Reference::of(synthetic(60, 2000)));
    &SMALL
}

/// The 400 real tickers, or a synthetic market where they are not there.
pub fn large() -> &'static Reference {
    static LARGE: LazyLock<Reference> = LazyLock::new(|| {
        let shared = std::env::var_os("TICKERMILL_SHARED").map(PathBuf::from);
        let shared = shared.unwrap_or_else(|| repository().join("../shared"));
        let real = shared.join("data/market");
        if !real.is_dir() {
            let why = format!(
                "{} is not there: a synthetic market is used",
                real.display()
            );
            skipped("real tickers", why);
            return Reference::of(synthetic(200, 1500));
        }
        Reference::of(real.canonicalize().expect("the folder is there"))
    });
    &LARGE
}

impl Reference {
    fn of(data: PathBuf) -> Self {
        let workplace = Workplace::empty();
        let mut command = tickermill::command(workplace.folder(), "run --json --data");
        let summary = tickermill::run(command.arg(&data)).completed();
        Self { data, summary }
    }

    /// Asserts that a run came to the same, by its summary and by its files.
    #[track_caller]
    pub fn expect_same(&self, summary: &Value) {
        for member in ["dataset_digest", "symbols", "rows_read", "rows_written"] {
            assert_eq!(summary[member], self.summary[member], "{member}");
        }
        for member in ["digest", "version", "mae"] {
            let (made, expected) = (&summary["model"][member], &self.summary["model"][member]);
            assert_eq!(made, expected, "model.{member}");
        }
        let features = summary["features_dir"].as_str().expect("a path");
        let digest = digest::of_feature_files(Path::new(features));
        assert_eq!(summary["dataset_digest"], digest);
    }
}

/// A synthetic market, kept from one run of the tests to the next beside what is built. Called in turn alone.
fn synthetic(tickers: usize, rows_per_ticker: usize) -> PathBuf {
    let built = binary().ancestors().nth(2).expect("it is in a folder");
    let markets = built.join("tmp/markets");
    let market = markets.join(format!("{tickers}-of-{rows_per_ticker}"));
    if !market.is_dir() {
        fs::create_dir_all(&markets).expect("the folder can be made");
        let begun = tempfile::tempdir_in(&markets).expect("the folder can be made");
        market::synthetic(begun.path(), tickers, rows_per_ticker);
        fs::rename(begun.keep(), &market).expect("the folder can be renamed");
    }
    market
}

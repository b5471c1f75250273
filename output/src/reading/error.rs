//! Why features cannot be read.

use market::feature_file::ReadFeaturesError;
use market::store::StoreError;
use market::symbol::Symbol;
use proto::id::RunId;
use proto::query::Day;

use crate::document::DocumentError;

/// Why features cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store has no completed run.
    #[error("there is no completed run in {out}: make one with `tickermill run`")]
    NoCompletedRun {
        /// The store.
        out: String,
    },
    /// There is no such run.
    #[error(
        "there is no run {run}: `tickermill runs`, or a list of flights, has those that there are"
    )]
    NoSuchRun {
        /// The run.
        run: RunId,
    },
    /// The run is there, and has not completed.
    #[error("run {run} is {state}: only completed runs are read")]
    NotCompleted {
        /// The run.
        run: RunId,
        /// What it is instead.
        state: &'static str,
    },
    /// The run has no feature file of the symbol.
    #[error(
        "run {run} has no features of {symbol}: a list of flights with the run as its criteria has the symbols"
    )]
    NoSuchSymbol {
        /// The run.
        run: RunId,
        /// The symbol.
        symbol: Symbol,
    },
    /// The run's files have no such column.
    #[error("run {run} has no column `{column}`: it has {columns}")]
    NoSuchColumn {
        /// The run.
        run: RunId,
        /// The column asked for.
        column: String,
        /// Those that there are.
        columns: String,
    },
    /// A column is asked for twice.
    #[error("column `{column}` is asked for twice: name each column once")]
    ColumnTwice {
        /// The column.
        column: String,
    },
    /// The first date is after the last one.
    #[error("`from` {from} is after `to` {to}: exchange them")]
    DatesReversed {
        /// The first date.
        from: Day,
        /// The last date.
        to: Day,
    },
    /// A run's own documents cannot be read.
    #[error(transparent)]
    Run(#[from] DocumentError),
    /// A run's commits are not those of its outcome.
    #[error(
        "the commits of run {run} have {found} feature files and its outcome {expected}: its folder is damaged, make the run again with `--force`"
    )]
    Incomplete {
        /// The run.
        run: RunId,
        /// The feature files that the commits speak of.
        found: u64,
        /// Those that the outcome counts.
        expected: u64,
    },
    /// A feature file of a completed run is gone.
    #[error("{path} is missing, though its run completed: make the run again with `--force`")]
    MissingFile {
        /// The file.
        path: String,
    },
    /// A feature file has other bytes than those that were committed.
    #[error(
        "{path} is damaged: its digest is not the one committed: make the run again with `--force`"
    )]
    OtherDigest {
        /// The file.
        path: String,
    },
    /// A feature file cannot be decoded, though its bytes are those that were committed.
    #[error("{path} cannot be decoded: {source}")]
    Undecodable {
        /// The file.
        path: String,
        /// Why.
        source: ReadFeaturesError,
    },
    /// The decoder broke.
    #[error("{path} cannot be decoded: {message}")]
    Broken {
        /// The file.
        path: String,
        /// What is known of it.
        message: String,
    },
}

impl From<StoreError> for ReadError {
    fn from(error: StoreError) -> Self {
        Self::Run(error.into())
    }
}

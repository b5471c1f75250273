//! The whole market: what is asked for, what was written, and the writing.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;

use super::ages::traded_days;
use super::calendar::{TradingDay, trading_day_count, trading_days};
use super::chance::{Chance, MARKET_STREAM, ticker_stream};
use super::error::SynthError;
use super::faults::{FaultyMarket, PlantedFault};
use super::listing::{LIST_NAME, Listing, render_list};
use super::price_file::render;
use super::price_rows::price_rows;
use super::profile::Profile;
use super::symbols::{Security, Ticker, draw_tickers};

/// There are symbols enough for this many tickers.
const MOST_TICKERS: usize = 1_000_000;

/// The market to make. Equal values make equal bytes, on any platform and any number of threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntheticMarket {
    /// How many tickers without faults, 1 to 1,000,000. About a fifth are ETFs.
    pub tickers: usize,
    /// Mean of their rows, from 1 to the trading days between 1962-01-02 and 2020-04-01.
    pub rows_per_ticker: usize,
    /// Decides everything else.
    pub seed: u64,
    /// Adds a file, or a line of the list, for each [`FaultKind`](super::FaultKind). The tickers
    /// without faults are the same as in the market without them.
    pub faults: bool,
}

/// The market of `data/sample`: small enough to be kept beside the code.
pub const SAMPLE: SyntheticMarket = SyntheticMarket {
    tickers: 40,
    rows_per_ticker: 900,
    seed: 1,
    faults: false,
};

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Price files in `stocks/` and `etfs/`, faulty ones among them.
    pub tickers: usize,
    /// Rows a reader must account for: non-blank lines after the header, in all price files but
    /// those which [`Outcome::FileQuarantined`](super::Outcome::FileQuarantined) takes out whole.
    pub rows: u64,
    /// Bytes of all files, the list among them.
    pub bytes: u64,
    /// Every fault, in the order of planting, the same for the same market. Empty unless faults were asked for.
    pub planted_faults: Vec<PlantedFault>,
}

/// Writes `market` into the folder `out`, which is made if it is missing.
///
/// It holds `stocks/SYMBOL.csv`, `etfs/SYMBOL.csv` and, written last, `symbols_valid_meta.csv`.
/// Work is spread over the threads of the current rayon pool; each holds one price file in
/// memory. `progress` is called from those threads once for each price file, with its bytes.
///
/// Lengths vary: one ticker in 25 has fewer than 30 rows (where the mean is at least 60), the
/// oldest about three times the mean, and together they have `tickers * rows_per_ticker` within
/// 1 % unless the market is small. All end on 2020-04-01, except one in 40 that was delisted.
///
/// # Errors
///
/// See [`SynthError`]. A folder that has `stocks`, `etfs` or the list already is refused.
pub fn write_market(
    out: &Path,
    market: &SyntheticMarket,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Written, SynthError> {
    check_size(market)?;
    prepare_folders(out)?;

    let mut chance = Chance::new(market.seed, MARKET_STREAM);
    let days = trading_days(&mut chance);
    let tickers = draw_tickers(market.tickers, &mut chance);
    let mut listings: Vec<Listing> = tickers
        .iter()
        .map(|ticker| Listing::new(ticker, &mut chance))
        .collect();
    let ages = traded_days(
        market.tickers,
        market.rows_per_ticker,
        days.len(),
        &mut chance,
    );

    let bytes = write_clean_files(out, market.seed, &days, &tickers, &ages, progress)?;
    let mut written = Written {
        tickers: tickers.len(),
        rows: ages.iter().map(|age| age.len() as u64).sum(),
        bytes,
        planted_faults: Vec::new(),
    };
    if market.faults {
        let faulty = FaultyMarket::new(&days, market.seed, listings.len());
        for file in &faulty.files {
            written.bytes += write_price_file(out, &file.path, &file.bytes, progress)?;
        }
        written.tickers += faulty.files.len();
        written.rows += faulty.rows;
        written.planted_faults = faulty.planted;
        listings.extend(faulty.listings);
    }

    let list = render_list(&listings);
    write_new_file(&out.join(LIST_NAME), &list)?;
    written.bytes += list.len() as u64;
    Ok(written)
}

/// Writes each ticker with the rows of its age, in parallel, and returns the bytes written.
fn write_clean_files(
    out: &Path,
    seed: u64,
    days: &[TradingDay],
    tickers: &[Ticker],
    ages: &[Range<usize>],
    progress: &(dyn Fn(u64) + Sync),
) -> Result<u64, SynthError> {
    tickers
        .par_iter()
        .zip(ages)
        .enumerate()
        .map(|(index, (ticker, age))| {
            let chance = Chance::new(seed, ticker_stream(index));
            let bytes = clean_price_file(ticker, &days[age.clone()], chance);
            write_price_file(out, &ticker.relative_path(), &bytes, progress)
        })
        .try_reduce(|| 0, |left, right| Ok(left + right))
}

fn check_size(market: &SyntheticMarket) -> Result<(), SynthError> {
    let mut problems = Vec::new();
    if !(1..=MOST_TICKERS).contains(&market.tickers) {
        problems.push(format!(
            "{} tickers were asked for, choose 1 to {MOST_TICKERS}",
            market.tickers
        ));
    }
    let most_rows = trading_day_count();
    if !(1..=most_rows).contains(&market.rows_per_ticker) {
        problems.push(format!(
            "{} rows per ticker were asked for, choose 1 to {most_rows}",
            market.rows_per_ticker
        ));
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(SynthError::InvalidSize { problems })
}

/// Makes the folders, or refuses because a market, or a part of one, is there.
fn prepare_folders(out: &Path) -> Result<(), SynthError> {
    for name in ["stocks", "etfs", LIST_NAME] {
        let path = out.join(name);
        match fs::symlink_metadata(&path) {
            Ok(_) => return Err(SynthError::AlreadyThere { path }),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(source) => return Err(SynthError::Write { path, source }),
        }
    }
    fs::create_dir_all(out).map_err(|source| write_error(out, source))?;
    for name in ["stocks", "etfs"] {
        let path = out.join(name);
        fs::create_dir(&path).map_err(|source| write_error(&path, source))?;
    }
    Ok(())
}

fn clean_price_file(ticker: &Ticker, days: &[TradingDay], mut chance: Chance) -> Vec<u8> {
    let profile = if ticker.security == Security::Etf {
        Profile::etf(&mut chance)
    } else {
        Profile::stock(&mut chance)
    };
    render(days, &price_rows(&profile, days, &mut chance))
}

/// Writes one price file and returns its bytes.
fn write_price_file(
    out: &Path,
    relative_path: &str,
    bytes: &[u8],
    progress: &(dyn Fn(u64) + Sync),
) -> Result<u64, SynthError> {
    write_new_file(&out.join(relative_path), bytes)?;
    let size = bytes.len() as u64;
    progress(size);
    Ok(size)
}

fn write_new_file(path: &Path, bytes: &[u8]) -> Result<(), SynthError> {
    fs::File::create_new(path)
        .and_then(|mut file| file.write_all(bytes))
        .map_err(|source| write_error(path, source))
}

/// Somebody else may be writing into the same folder: then the file is there, not unwritable.
fn write_error(path: &Path, source: io::Error) -> SynthError {
    let path = path.to_owned();
    if source.kind() == ErrorKind::AlreadyExists {
        return SynthError::AlreadyThere { path };
    }
    SynthError::Write { path, source }
}

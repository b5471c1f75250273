//! Price folders to run on.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use market::synth::{SyntheticMarket, Written, write_market};

use crate::tickermill::repository;
use crate::workplace::Workplace;

/// The header of a price file.
pub const HEADER: &str = "Date,Open,High,Low,Close,Adj Close,Volume\n";

/// Writes a synthetic market.
pub fn synthetic(folder: &Path, tickers: usize, rows_per_ticker: usize) -> Written {
    write(folder, tickers, rows_per_ticker, false)
}

/// Writes a synthetic market with every fault.
pub fn faulty(folder: &Path, tickers: usize, rows_per_ticker: usize) -> Written {
    write(folder, tickers, rows_per_ticker, true)
}

fn write(folder: &Path, tickers: usize, rows_per_ticker: usize, faults: bool) -> Written {
    let market = SyntheticMarket {
        tickers,
        rows_per_ticker,
        seed: 7,
        faults,
    };
    write_market(folder, &market, &|_| ()).expect("there is room for a market")
}

/// Copies the repository's sample to `folder`.
pub fn copy_sample(folder: &Path) {
    copy(&repository().join("data/sample"), folder);
}

/// A workplace with the sample in `market`.
pub fn workplace_with_sample() -> Workplace {
    let workplace = Workplace::empty();
    copy_sample(&workplace.path("market"));
    workplace
}

/// A workplace with a list of three names in `market`, and price files of 60 rows for symbols that invite mistakes, one of
/// them without a name.
pub fn small_workplace() -> Workplace {
    let workplace = Workplace::empty();
    workplace.write(
        "market/symbols_valid_meta.csv",
        "Symbol,Security Name,NASDAQ Symbol\n\
         CARR#,\"Carrier, \"\"when issued\"\"\",CARR#\n\
         NAN,Nano Holdings,NAN\n\
         TRUE,,TRUE\n",
    );
    for (path, first_volume) in [
        ("stocks/CARR#.csv", 1000),
        ("stocks/NAN.csv", 2000),
        ("stocks/TRUE.csv", 3000),
        ("etfs/NULL.csv", 4000),
    ] {
        workplace.write(&format!("market/{path}"), price_file(60, first_volume));
    }
    workplace
}

/// A price file of `rows` consecutive days of a made-up calendar, with volumes that rise by one a row.
pub fn price_file(rows: usize, first_volume: usize) -> String {
    let mut text = HEADER.to_owned();
    for row in 0..rows {
        let (year, month, day) = (2001 + row / 336, 1 + row % 336 / 28, 1 + row % 28);
        let price = 10.0 + (row % 17) as f64 / 4.0;
        let (high, low, volume) = (price + 0.5, price - 0.5, first_volume + row);
        writeln!(
            text,
            "{year}-{month:02}-{day:02},{price},{high},{low},{price},{price},{volume}"
        )
        .expect("writing to a string does not fail");
    }
    text
}

/// Changes the volume of the last row, and leaves the file's size as it was where `keep_size`.
pub fn edit_last_volume(path: &Path, keep_size: bool) {
    let text = fs::read_to_string(path).expect("the price file can be read");
    let (before, volume) = text
        .trim_end()
        .rsplit_once(',')
        .expect("rows have several fields");
    let digit = if volume.starts_with('1') { "2" } else { "1" };
    let rest = if keep_size { &volume[1..] } else { "0000000" };
    fs::write(path, format!("{before},{digit}{rest}\n")).expect("the price file can be written");
}

/// The time at which a file was last written.
pub fn modified(path: &Path) -> SystemTime {
    let metadata = fs::metadata(path).expect("the file is there");
    metadata.modified().expect("the system keeps times")
}

/// Sets the time at which a file was last written.
pub fn set_modified(path: &Path, time: SystemTime) {
    let file = fs::File::options().append(true).open(path);
    file.and_then(|file| file.set_modified(time))
        .expect("the file's time can be set");
}

/// Copies a folder and everything below it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the folder can be made");
    for entry in fs::read_dir(from).expect("the folder can be listed") {
        let entry = entry.expect("the folder can be listed");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("the file can be copied");
        }
    }
}

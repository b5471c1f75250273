//! `tickermill synth`: a market of any size.

use std::process::ExitCode;

use market::synth::{SyntheticMarket, write_market};

use crate::args::SynthArgs;
use crate::progress::counting_bar;
use crate::report::grouped;
use crate::stdout::say;

pub(crate) fn synth(args: &SynthArgs) -> anyhow::Result<ExitCode> {
    let market = SyntheticMarket {
        tickers: args.tickers,
        rows_per_ticker: args.rows_per_ticker,
        seed: args.seed,
        faults: args.faults,
    };
    let bar = counting_bar("tickers", args.tickers as u64);
    let written = write_market(&args.out, &market, &|_| bar.inc(1))?;
    bar.finish_and_clear();
    say!(
        "{} tickers, {} rows, {} bytes in {}",
        grouped(written.tickers as u64),
        grouped(written.rows),
        grouped(written.bytes),
        args.out.display()
    );
    for fault in &written.planted_faults {
        let lines = match fault.lines.as_slice() {
            [] => String::new(),
            [first] => format!(" line {first}"),
            [first, .., last] => format!(" lines {first} to {last}"),
        };
        say!(
            "  {:?} ({:?}): {}{lines}",
            fault.kind,
            fault.outcome,
            fault.path
        );
    }
    Ok(ExitCode::SUCCESS)
}

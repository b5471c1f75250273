//! The faulty files and lines of the list that are added to a market.

use super::super::calendar::TradingDay;
use super::super::chance::{Chance, fault_stream};
use super::super::listing::{LIST_NAME, Listing};
use super::super::price_file::render;
use super::super::price_rows::price_rows;
use super::super::profile::Profile;
use super::super::symbols::{Security, Ticker};
use super::cell_faults::CELL_FAULTS;
use super::fault::{FaultKind, Outcome, PlantedFault};
use super::file_faults::FILE_FAULTS;
use super::line_faults::LINE_FAULTS;
use super::price_table::PriceTable;

/// Rows of a file before it is spoilt, where the fault does not ask for more.
const ROWS: usize = 250;

/// A price file, under the folder of the market.
pub(crate) struct FaultyFile {
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
}

/// All that faults add to a market. It is the same for markets of any size with this seed, but for
/// the lines of the list.
pub(crate) struct FaultyMarket<'days> {
    days: &'days [TradingDay],
    seed: u64,
    /// The number of the next line that is added to the list.
    next_list_line: u64,
    pub(crate) files: Vec<FaultyFile>,
    /// Rows of the files that are not to be quarantined.
    pub(crate) rows: u64,
    /// Lines to be added at the end of the list.
    pub(crate) listings: Vec<Listing>,
    pub(crate) planted: Vec<PlantedFault>,
}

impl<'days> FaultyMarket<'days> {
    /// Faults to be added to a market whose list has this many lines after its header.
    pub(crate) fn new(days: &'days [TradingDay], seed: u64, listed_before: usize) -> Self {
        let mut market = Self {
            days,
            seed,
            next_list_line: 2 + listed_before as u64,
            files: Vec::new(),
            rows: 0,
            listings: Vec::new(),
            planted: Vec::new(),
        };
        market.plant_cell_faults();
        market.plant_line_faults();
        market.plant_file_faults();
        market.plant_list_faults();
        market.plant_symbol_faults();
        market
    }

    fn plant_cell_faults(&mut self) {
        for fault in CELL_FAULTS {
            let mut table = self.good_table(ROWS);
            let lines = fault.plant(&mut table);
            self.add_table(fault.kind, fault.symbol, lines, fault.outcome, &table);
        }
    }

    fn plant_line_faults(&mut self) {
        for fault in LINE_FAULTS {
            let mut table = self.good_table(fault.rows);
            let lines = (fault.plant)(&mut table);
            if fault.outcome == Outcome::Discarded {
                let others = table.row_numbers().filter(|line| !lines.contains(line));
                self.add_fault(
                    FaultKind::VolumeWithPoint,
                    stock_path(fault.symbol),
                    fault.symbol,
                    others.collect(),
                    Outcome::Kept,
                );
            }
            self.add_table(fault.kind, fault.symbol, lines, fault.outcome, &table);
        }
    }

    fn add_table(
        &mut self,
        kind: FaultKind,
        symbol: &str,
        lines: Vec<u64>,
        outcome: Outcome,
        table: &PriceTable,
    ) {
        let path = stock_path(symbol);
        self.list(symbol);
        self.add_fault(kind, path.clone(), symbol, lines, outcome);
        self.rows += table.row_count();
        self.files.push(FaultyFile {
            path,
            bytes: table.to_bytes("\n"),
        });
    }

    fn plant_file_faults(&mut self) {
        for fault in FILE_FAULTS {
            let mut table = self.good_table(ROWS);
            let (bytes, lines) = (fault.plant)(&mut table, &mut self.chance());
            if fault.outcome != Outcome::FileQuarantined {
                self.rows += table.row_count();
            }
            let path = stock_path(fault.symbol);
            self.list(fault.symbol);
            self.add_fault(fault.kind, path.clone(), fault.symbol, lines, fault.outcome);
            self.files.push(FaultyFile { path, bytes });
        }
    }

    fn plant_list_faults(&mut self) {
        let symbol = "MISSINGFILE";
        let line = self.list(symbol);
        self.add_list_fault(
            FaultKind::ListedWithoutFile,
            symbol,
            line,
            Outcome::Reported,
        );

        let symbol = "EMPTYNAME";
        self.add_good_file(stock_path(symbol));
        let nameless = self.listing(symbol).without_name();
        let line = self.add_listing(nameless);
        self.add_list_fault(FaultKind::EmptyName, symbol, line, Outcome::NullName);

        let symbol = "LISTEDTWICE";
        self.add_good_file(stock_path(symbol));
        self.list(symbol);
        let second = self.listing(symbol).renamed("A Name That Comes Too Late");
        let line = self.add_listing(second);
        self.add_list_fault(FaultKind::ListedTwice, symbol, line, Outcome::Reported);

        let symbol = "../ESCAPE";
        let line = self.list(symbol);
        self.add_list_fault(
            FaultKind::UnsafeListedSymbol,
            symbol,
            line,
            Outcome::Reported,
        );
    }

    fn plant_symbol_faults(&mut self) {
        let symbol = "UNLISTED";
        let path = stock_path(symbol);
        self.add_good_file(path.clone());
        self.add_fault(
            FaultKind::UnlistedFile,
            path,
            symbol,
            Vec::new(),
            Outcome::NullName,
        );

        for symbol in ["UNSAFE NAME", "SEVENTEENLETTERSX"] {
            self.add_quarantined_file(FaultKind::UnsafeFileName, symbol, stock_path(symbol));
        }

        let symbol = "TWOFILES";
        self.list(symbol);
        self.add_quarantined_file(FaultKind::TwoFiles, symbol, stock_path(symbol));
        self.add_quarantined_file(FaultKind::TwoFiles, symbol, format!("etfs/{symbol}.csv"));
    }

    /// Chance for the next file, and no other.
    fn chance(&self) -> Chance {
        Chance::new(self.seed, fault_stream(self.files.len()))
    }

    /// The table from which the next file is made: a liquid stock up to the last trading day.
    fn good_table(&self, rows: usize) -> PriceTable {
        let days = &self.days[self.days.len() - rows..];
        let rows = price_rows(&Profile::liquid(), days, &mut self.chance());
        PriceTable::new(&render(days, &rows))
    }

    fn add_good_file(&mut self, path: String) {
        let table = self.good_table(ROWS);
        self.rows += table.row_count();
        self.files.push(FaultyFile {
            path,
            bytes: table.to_bytes("\n"),
        });
    }

    /// A file whose content is good and whose place is not.
    fn add_quarantined_file(&mut self, kind: FaultKind, symbol: &str, path: String) {
        let bytes = self.good_table(ROWS).to_bytes("\n");
        self.add_fault(
            kind,
            path.clone(),
            symbol,
            Vec::new(),
            Outcome::FileQuarantined,
        );
        self.files.push(FaultyFile { path, bytes });
    }

    fn add_fault(
        &mut self,
        kind: FaultKind,
        path: String,
        symbol: &str,
        lines: Vec<u64>,
        outcome: Outcome,
    ) {
        self.planted.push(PlantedFault {
            kind,
            path,
            symbol: symbol.to_owned(),
            lines,
            outcome,
        });
    }

    fn add_list_fault(&mut self, kind: FaultKind, symbol: &str, line: u64, outcome: Outcome) {
        self.add_fault(kind, LIST_NAME.to_owned(), symbol, vec![line], outcome);
    }

    /// Adds an ordinary line to the list and returns its number.
    fn list(&mut self, symbol: &str) -> u64 {
        let listing = self.listing(symbol);
        self.add_listing(listing)
    }

    fn listing(&self, symbol: &str) -> Listing {
        let ticker = Ticker::new(symbol, Security::CommonStock);
        Listing::new(&ticker, &mut self.chance())
    }

    fn add_listing(&mut self, listing: Listing) -> u64 {
        self.listings.push(listing);
        let line = self.next_list_line;
        self.next_list_line += 1;
        line
    }
}

fn stock_path(symbol: &str) -> String {
    format!("stocks/{symbol}.csv")
}

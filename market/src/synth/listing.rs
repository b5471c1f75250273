//! The list of securities, `symbols_valid_meta.csv`.

use super::chance::Chance;
use super::names::security_name;
use super::symbols::{Security, Ticker};

pub(crate) const LIST_NAME: &str = "symbols_valid_meta.csv";

const COLUMNS: [&str; 12] = [
    "Nasdaq Traded",
    "Symbol",
    "Security Name",
    "Listing Exchange",
    "Market Category",
    "ETF",
    "Round Lot Size",
    "Test Issue",
    "Financial Status",
    "CQS Symbol",
    "NASDAQ Symbol",
    "NextShares",
];

/// One line of the list, in the order of its columns.
#[derive(Clone)]
pub(crate) struct Listing([String; 12]);

impl Listing {
    /// The line of this ticker, with the oddities of the real list: a blank for no market
    /// category, `100.0` or `100` for the lot, a CQS symbol outside the NASDAQ alone.
    pub(crate) fn new(ticker: &Ticker, chance: &mut Chance) -> Self {
        let is_plain = matches!(ticker.security, Security::CommonStock | Security::Etf);
        let is_nasdaq = is_plain && chance.happens(0.45);
        let is_etf = ticker.security == Security::Etf;
        let exchange = match (is_nasdaq, is_etf) {
            (true, _) => "Q",
            (false, true) => chance.pick(&["P", "P", "Z"]),
            (false, false) => chance.pick(&["N", "N", "N", "A"]),
        };
        let market_category = match (is_nasdaq, is_etf) {
            (false, _) => " ",
            (true, true) => "G",
            (true, false) => chance.pick(&["Q", "G", "S"]),
        };
        let financial_status = match is_nasdaq {
            false => "",
            true if chance.happens(0.05) => "D",
            true => "N",
        };
        let cqs_symbol = if is_nasdaq {
            String::new()
        } else {
            ticker.cqs_symbol()
        };
        Self([
            "Y".to_owned(),
            ticker.listed_symbol(),
            security_name(ticker.security, is_nasdaq, chance),
            exchange.to_owned(),
            market_category.to_owned(),
            if is_etf { "Y" } else { "N" }.to_owned(),
            if is_plain { "100.0" } else { "100" }.to_owned(),
            "N".to_owned(),
            financial_status.to_owned(),
            cqs_symbol,
            ticker.file_symbol(),
            "N".to_owned(),
        ])
    }

    /// The same line without a name.
    pub(crate) fn without_name(mut self) -> Self {
        self.0[2].clear();
        self
    }

    /// The same line with another name.
    pub(crate) fn renamed(mut self, name: &str) -> Self {
        name.clone_into(&mut self.0[2]);
        self
    }
}

/// The header and a line for each listing, fields in quotes only where they need them.
pub(crate) fn render_list(listings: &[Listing]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(COLUMNS)
        .expect("writing to memory does not fail");
    for Listing(fields) in listings {
        writer
            .write_record(fields)
            .expect("every line has as many fields as the header");
    }
    writer
        .into_inner()
        .expect("writing to memory does not fail")
}

//! What the tickers are called, in the list and as files.

use std::collections::BTreeMap;

use super::chance::Chance;

/// A market of at least this many tickers has all of [`SPECIAL_SYMBOLS`].
const LEAST_TICKERS_FOR_SPECIALS: usize = 20;
/// Words that careless readers take for missing values or truth, and symbols that the list and the
/// files write differently.
const SPECIAL_SYMBOLS: [(&str, Security); 7] = [
    ("NAN", Security::CommonStock),
    ("TRUE", Security::CommonStock),
    ("NULL", Security::CommonStock),
    ("AGM", Security::PreferredStock),
    ("CARR", Security::WhenIssued),
    ("ACND", Security::Unit),
    ("BRK", Security::ClassShare),
];
/// Names that Windows keeps for devices: no file can have them there.
const DEVICE_NAMES: [&str; 4] = ["AUX", "CON", "NUL", "PRN"];
const ETF_ONE_IN: usize = 5;
const PREFERRED_ONE_IN: usize = 50;

/// The sort of security, which decides how its symbol is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Security {
    CommonStock,
    Etf,
    PreferredStock,
    WhenIssued,
    Unit,
    ClassShare,
}

impl Security {
    /// What follows the letters in the columns `Symbol`, `CQS Symbol` and `NASDAQ Symbol`.
    fn suffixes(self) -> [&'static str; 3] {
        match self {
            Self::CommonStock | Self::Etf => ["", "", ""],
            Self::PreferredStock => ["$A", "pA", "-A"],
            Self::WhenIssued => [".V", "w", "#"],
            Self::Unit => [".U", ".U", "="],
            Self::ClassShare => [".A", ".A", ".A"],
        }
    }
}

/// One ticker and the three ways to write its symbol.
pub(crate) struct Ticker {
    letters: String,
    pub(crate) security: Security,
}

impl Ticker {
    pub(crate) fn new(letters: &str, security: Security) -> Self {
        Self {
            letters: letters.to_owned(),
            security,
        }
    }

    /// As in the column `Symbol`, such as `AGM$A`.
    pub(crate) fn listed_symbol(&self) -> String {
        format!("{}{}", self.letters, self.security.suffixes()[0])
    }

    /// As in the column `CQS Symbol`, such as `AGMpA`.
    pub(crate) fn cqs_symbol(&self) -> String {
        format!("{}{}", self.letters, self.security.suffixes()[1])
    }

    /// As in the column `NASDAQ Symbol` and in the name of the file, such as `AGM-A`.
    pub(crate) fn file_symbol(&self) -> String {
        format!("{}{}", self.letters, self.security.suffixes()[2])
    }

    /// Where its prices are in the market, such as `stocks/AGM-A.csv`.
    pub(crate) fn relative_path(&self) -> String {
        let folder = if self.security == Security::Etf {
            "etfs"
        } else {
            "stocks"
        };
        format!("{folder}/{}.csv", self.file_symbol())
    }
}

/// `count` tickers with different symbols of 1 to 5 letters, sorted by the symbol of their file.
///
/// One in five is an ETF, one in fifty a preferred stock of another ticker.
pub(crate) fn draw_tickers(count: usize, chance: &mut Chance) -> Vec<Ticker> {
    let mut tickers = BTreeMap::new();
    if count >= LEAST_TICKERS_FOR_SPECIALS {
        for (letters, security) in SPECIAL_SYMBOLS {
            let ticker = Ticker::new(letters, security);
            tickers.insert(ticker.file_symbol(), ticker);
        }
    }
    let mut last_common_stock = None;
    while tickers.len() < count {
        let position = tickers.len() + 1;
        let issuer = last_common_stock.take_if(|_| position.is_multiple_of(PREFERRED_ONE_IN));
        let ticker = match issuer {
            Some(letters) => Ticker {
                letters,
                security: Security::PreferredStock,
            },
            None if position.is_multiple_of(ETF_ONE_IN) => {
                Ticker::new(&draw_letters(chance), Security::Etf)
            }
            None => Ticker::new(&draw_letters(chance), Security::CommonStock),
        };
        if tickers.contains_key(&ticker.file_symbol()) {
            continue;
        }
        if ticker.security == Security::CommonStock {
            last_common_stock = Some(ticker.letters.clone());
        }
        tickers.insert(ticker.file_symbol(), ticker);
    }
    tickers.into_values().collect()
}

fn draw_letters(chance: &mut Chance) -> String {
    loop {
        let length = match chance.below(100) {
            0 => 1,
            1..5 => 2,
            5..45 => 3,
            45..90 => 4,
            _ => 5,
        };
        let letters: String = (0..length)
            .map(|_| char::from(b'A' + chance.below(26) as u8))
            .collect();
        if !DEVICE_NAMES.contains(&letters.as_str()) {
            return letters;
        }
    }
}

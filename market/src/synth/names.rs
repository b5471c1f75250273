//! Names of securities that nobody has issued.

use super::chance::Chance;
use super::symbols::Security;

const FIRST_WORDS: [&str; 24] = [
    "Aspenfell",
    "Amber",
    "Basalt",
    "Birch",
    "Calder",
    "Cinder",
    "Delta Fork",
    "Ember",
    "Fennel",
    "Garnet",
    "Harrow",
    "Ivy",
    "Jasper Hill",
    "Kestrel",
    "Larch",
    "Marlow",
    "Northmoor",
    "Ochre",
    "Pembrook",
    "Quarry",
    "Rowan",
    "Sable",
    "Thistle",
    "Umber",
];
const SECOND_WORDS: [&str; 16] = [
    "Airways",
    "Bancorp",
    "Biosciences",
    "Chemical",
    "Diagnostics",
    "Energy",
    "Foods",
    "Freight",
    "Hotels",
    "Insurance",
    "Logic",
    "Materials",
    "Networks",
    "Realty",
    "Semiconductor",
    "Water",
];
/// Some names have a comma, and so need quotes.
const COMPANY_FORMS: [&str; 6] = [
    " Corporation",
    ", Inc.",
    " Inc.",
    " Holdings, Ltd.",
    " plc",
    " Group, Inc.",
];
const FUND_MARKETS: [&str; 8] = [
    "Dividend",
    "Emerging Markets",
    "Global",
    "Growth",
    "High Yield",
    "Small-Cap",
    "Treasury",
    "U.S. Value",
];

/// A name in the style of the list.
///
/// On the NASDAQ the sort of security follows a dash; elsewhere it follows at once and some names
/// end with a blank.
pub(crate) fn security_name(security: Security, is_nasdaq: bool, chance: &mut Chance) -> String {
    let first_word = chance.pick(&FIRST_WORDS);
    if security == Security::Etf {
        return format!("{first_word} {} ETF", chance.pick(&FUND_MARKETS));
    }
    let company = format!(
        "{first_word} {}{}",
        chance.pick(&SECOND_WORDS),
        chance.pick(&COMPANY_FORMS)
    );
    let dash = if is_nasdaq { " -" } else { "" };
    let trailing_blank = if !is_nasdaq && chance.happens(0.5) {
        " "
    } else {
        ""
    };
    match security {
        Security::CommonStock | Security::Etf => {
            format!("{company}{dash} Common Stock{trailing_blank}")
        }
        Security::PreferredStock => {
            format!("{company} 5.875% Non-Cumulative Preferred Stock, Series A")
        }
        Security::WhenIssued => format!("{company} Common Stock When Issued"),
        Security::Unit => {
            format!("{company} Units, each of one share and one \"half\" warrant")
        }
        Security::ClassShare => format!("{company} Class A Common Stock{trailing_blank}"),
    }
}

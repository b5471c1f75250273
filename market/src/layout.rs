//! Where a data set's files lie.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::ledger::FileFault;
use crate::securities::{SECURITY_LIST, SecurityList, SecurityListError};
use crate::store::{Fingerprint, Store, StoreError, StoredObject};
use crate::symbol::Symbol;

/// The folders of the Kaggle "Stock Market Dataset".
const MARKET_FOLDERS: [&str; 2] = ["stocks", "etfs"];

/// A ticker's price file as found, unread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickerFile {
    /// The symbol that the file is named by.
    pub symbol: Symbol,
    /// The path below the data set's root.
    pub path: String,
    /// Size and version when it was found.
    pub fingerprint: Fingerprint,
    /// The name in the list of securities, if there is one.
    pub security_name: Option<String>,
}

/// A file that is quarantined unread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAsideFile {
    /// The path below the data set's root.
    pub path: String,
    /// Size and version when it was found.
    pub fingerprint: Fingerprint,
    /// Why.
    pub fault: FileFault,
}

/// What the list of securities and the files say of each other, by rising symbol.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListFindings {
    /// Whether there is a list at all.
    pub list_found: bool,
    /// Listed symbols without a price file.
    pub without_file: Vec<String>,
    /// Price files whose symbol is not listed; they are processed with a null name.
    pub without_entry: Vec<String>,
    /// Symbols with a price file whose name in the list is blank; the name is null.
    pub empty_name: Vec<String>,
    /// Symbols listed more than once; the first entry counts.
    pub listed_twice: Vec<String>,
}

/// A data set as found: nothing of it is read but its list of securities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataset {
    /// The files to read, by rising symbol; each symbol comes once.
    pub tickers: Vec<TickerFile>,
    /// The files that are quarantined unread, by rising path.
    pub set_aside: Vec<SetAsideFile>,
    /// What the list of securities says.
    pub findings: ListFindings,
}

/// Why a data set cannot be discovered.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// There is nothing to work on.
    #[error(
        "{0} holds no price file: expected stocks/*.csv and etfs/*.csv, or *.csv, one file a ticker"
    )]
    NoPriceFiles(String),
    /// The list of securities is there and cannot be used.
    #[error("in {location}: {source}")]
    SecurityList {
        /// The data set's root.
        location: String,
        /// Why.
        source: SecurityListError,
    },
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Lists the price files of a data set and reads its list of securities.
///
/// Price files are `stocks/*.csv` and `etfs/*.csv`; where neither holds any, `*.csv` at the root. They are named by
/// symbol. A file whose name is no symbol, or whose symbol another file has too, is set aside.
pub async fn discover(data: &Store) -> Result<Dataset, DiscoverError> {
    let mut files = Vec::new();
    for folder in MARKET_FOLDERS {
        files.extend(data.list_folder(folder).await?.0);
    }
    files.retain(is_price_file);
    if files.is_empty() {
        files = data.list_folder("").await?.0;
        files.retain(is_price_file);
    }
    if files.is_empty() {
        return Err(DiscoverError::NoPriceFiles(data.locate("")));
    }
    let list = match data.read(SECURITY_LIST).await? {
        Some(bytes) => {
            Some(
                SecurityList::parse(&bytes).map_err(|source| DiscoverError::SecurityList {
                    location: data.locate(""),
                    source,
                })?,
            )
        }
        None => None,
    };
    Ok(arrange(files, list.as_ref()))
}

fn is_price_file(object: &StoredObject) -> bool {
    object.path.strip_suffix(".csv").is_some() && object.path != SECURITY_LIST
}

fn arrange(files: Vec<StoredObject>, list: Option<&SecurityList>) -> Dataset {
    let mut set_aside = Vec::new();
    let mut by_symbol: BTreeMap<Symbol, Vec<StoredObject>> = BTreeMap::new();
    for file in files {
        let file_name = file.path.rsplit('/').next().unwrap_or_default();
        let name = file_name.strip_suffix(".csv").unwrap_or(file_name);
        match Symbol::parse(name) {
            Ok(symbol) => by_symbol.entry(symbol).or_default().push(file),
            Err(error) => set_aside.push(set_aside_file(file, FileFault::BadSymbol(error.0))),
        }
    }
    let mut findings = ListFindings {
        list_found: list.is_some(),
        ..ListFindings::default()
    };
    if let Some(list) = list {
        let with_file: BTreeSet<&str> = by_symbol.keys().map(Symbol::as_str).collect();
        let without_file = |name: &&String| !with_file.contains(name.as_str());
        findings.without_file = list.names.keys().filter(without_file).cloned().collect();
        findings.listed_twice = list.listed_twice.iter().cloned().collect();
    }
    let mut tickers = Vec::with_capacity(by_symbol.len());
    for (symbol, mut files) in by_symbol {
        if files.len() > 1 {
            let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
            for file in files {
                let others: Vec<&str> = paths
                    .iter()
                    .filter(|path| **path != file.path)
                    .map(String::as_str)
                    .collect();
                let fault = FileFault::TwoFiles(others.join(", "));
                set_aside.push(set_aside_file(file, fault));
            }
            continue;
        }
        let file = files.remove(0);
        let entry = list.map(|list| list.names.get(symbol.as_str()));
        match entry {
            Some(None) => findings.without_entry.push(symbol.to_string()),
            Some(Some(None)) => findings.empty_name.push(symbol.to_string()),
            None | Some(Some(Some(_))) => {}
        }
        let security_name = entry.flatten().cloned().flatten();
        tickers.push(TickerFile {
            symbol,
            path: file.path,
            fingerprint: file.fingerprint,
            security_name,
        });
    }
    set_aside.sort_by(|left, right| left.path.cmp(&right.path));
    Dataset {
        tickers,
        set_aside,
        findings,
    }
}

fn set_aside_file(file: StoredObject, fault: FileFault) -> SetAsideFile {
    SetAsideFile {
        path: file.path,
        fingerprint: file.fingerprint,
        fault,
    }
}

#[cfg(test)]
mod tests {
    use super::{Dataset, arrange};
    use crate::ledger::FileFault;
    use crate::securities::SecurityList;
    use crate::store::{Fingerprint, StoredObject};

    fn found(paths: &[&str], list: Option<&str>) -> Dataset {
        let object = |path: &&str| StoredObject {
            path: (*path).to_owned(),
            fingerprint: Fingerprint {
                size: 1,
                version: "mtime:1".to_owned(),
            },
        };
        let list = list.map(|text| SecurityList::parse(text.as_bytes()).unwrap());
        arrange(paths.iter().map(object).collect(), list.as_ref())
    }

    #[test]
    fn joins_files_and_list_and_reports_each_mismatch() {
        let list =
            "NASDAQ Symbol,Security Name\nA,Agilent\nB,\nGONE,Gone\nA,Twice\nCARR#,Carrier\n";
        let dataset = found(
            &[
                "stocks/B.csv",
                "stocks/A.csv",
                "etfs/NEW.csv",
                "stocks/CARR#.csv",
            ],
            Some(list),
        );
        let names: Vec<_> = dataset
            .tickers
            .iter()
            .map(|ticker| (ticker.symbol.as_str(), ticker.security_name.as_deref()))
            .collect();
        assert_eq!(
            names,
            [
                ("A", Some("Agilent")),
                ("B", None),
                ("CARR#", Some("Carrier")),
                ("NEW", None)
            ]
        );
        assert_eq!(dataset.findings.without_file, ["GONE"]);
        assert_eq!(dataset.findings.without_entry, ["NEW"]);
        assert_eq!(dataset.findings.empty_name, ["B"]);
        assert_eq!(dataset.findings.listed_twice, ["A"]);
    }

    #[test]
    fn sets_aside_bad_names_and_both_of_two_files() {
        let dataset = found(
            &[
                "stocks/A.csv",
                "etfs/A.csv",
                "stocks/A B.csv",
                "stocks/C.csv",
                "stocks/C.csv.csv",
            ],
            None,
        );
        let symbols: Vec<_> = dataset.tickers.iter().map(|t| t.symbol.as_str()).collect();
        assert_eq!(symbols, ["C", "C.csv"]);
        assert!(!dataset.findings.list_found);
        let faults: Vec<_> = dataset
            .set_aside
            .iter()
            .map(|file| (file.path.as_str(), file.fault.clone()))
            .collect();
        assert_eq!(
            faults,
            [
                ("etfs/A.csv", FileFault::TwoFiles("stocks/A.csv".to_owned())),
                ("stocks/A B.csv", FileFault::BadSymbol("A B".to_owned())),
                ("stocks/A.csv", FileFault::TwoFiles("etfs/A.csv".to_owned())),
            ]
        );
    }
}

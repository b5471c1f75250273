//! How rows to train on are drawn where there are more than a fold may have.

use serde::{Deserialize, Serialize};

/// Which rows are kept of more than [`FoldPlan::max_train_rows`](crate::fold_plan::FoldPlan::max_train_rows).
///
/// Either way a keyed hash of (seed, symbol, date) draws them, so the rows do not depend on threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sampling {
    /// Those of the smallest hashes of all. Every row is as likely as any other.
    #[default]
    Uniform,
    /// Those of the smallest hashes in each stratum of dates and liquidity, so that each has the share of the rows kept
    /// that it has of all, to within a row.
    ///
    /// A stratum is a quarter of a calendar year and a tenth of the tickers that have rows to choose from, by the mean
    /// of the volumes of these rows.
    Stratified,
}

impl Sampling {
    /// All ways.
    pub const ALL: [Self; 2] = [Self::Uniform, Self::Stratified];

    /// The name, as it is configured and as the card has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Stratified => "stratified",
        }
    }

    /// The one of this [name](Sampling::name); none where there is no such.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|sampling| sampling.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_card() {
        for sampling in Sampling::ALL {
            let name = sampling.name();
            assert_eq!(Sampling::of_name(name), Some(sampling));
            let json = serde_json::to_string(&sampling).unwrap();
            assert_eq!(json, format!("\"{name}\""));
        }
        assert_eq!(Sampling::of_name("Uniform"), None);
    }
}

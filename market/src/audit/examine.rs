//! Computing features again with other futures, and comparing.

use arrow_array::{Array, Float64Array};
use rayon::prelude::*;

use super::changed::{Aftermath, rows_up_to, with_aftermath};
use super::draw::{AuditPlan, draw_cuts};
use super::report::{AuditReport, FeatureAudit, Leak, Verdict};
use crate::symbol::Symbol;
use crate::table::PriceArrays;

/// A ticker whose features are audited.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditedTicker {
    /// The ticker.
    pub symbol: Symbol,
    /// Its rows, in strictly rising order of date.
    pub prices: PriceArrays,
}

/// The features of one ticker: an array for each, of a value or a null for each of the ticker's rows.
pub type TickerFeatures = Vec<Float64Array>;

/// What computes the features of tickers: for each ticker, in their order, all features, in theirs. It gets all tickers
/// at once, so that a feature may be of several of them, and some may have no rows. Equal tickers give equal bits.
pub type ComputeFeatures<'a, E> =
    dyn Fn(&[AuditedTicker]) -> Result<Vec<TickerFeatures>, E> + Sync + 'a;

/// For each ticker and feature, the first row up to a cut whose value changes with what comes after the cut.
type FirstDifferences = Vec<Vec<Option<usize>>>;

/// Whether features look ahead.
///
/// At each date that is drawn, the rows of all tickers after that date go, and then are replaced by noise. `compute` is
/// asked again, and what it says of rows up to that date has to have the bits that it has in the whole, nulls included.
/// `names` are those of the features. A target is not to be among them, for it looks ahead by its declaration.
///
/// Works on the threads of the current rayon pool. The report depends on the arguments alone. An error is that of
/// `compute`. Panics where `compute` gives other than one array for each name, as long as its ticker.
pub fn audit<E: Send>(
    tickers: &[AuditedTicker],
    names: &[String],
    compute: &ComputeFeatures<'_, E>,
    plan: &AuditPlan,
) -> Result<AuditReport, E> {
    let compute = |tickers: &[AuditedTicker]| -> Result<Vec<TickerFeatures>, E> {
        let computed = compute(tickers)?;
        assert_shape(tickers, names, &computed);
        Ok(computed)
    };
    let whole = compute(tickers)?;
    let cuts = draw_cuts(tickers, plan);
    let compared: Vec<Result<FirstDifferences, E>> = cuts
        .par_iter()
        .map(|cut| differences_at(*cut, tickers, &whole, &compute, plan.seed))
        .collect();
    let mut at_cuts = Vec::with_capacity(cuts.len());
    for (cut, differences) in cuts.iter().zip(compared) {
        at_cuts.push((*cut, differences?)); // the first error by date, whichever thread was faster
    }
    let audited = |(feature, name): (usize, &String)| FeatureAudit {
        name: name.clone(),
        verdict: verdict(feature, name, tickers, &whole, &at_cuts),
    };
    Ok(AuditReport {
        features: names.iter().enumerate().map(audited).collect(),
        cuts,
    })
}

fn assert_shape(tickers: &[AuditedTicker], names: &[String], computed: &[TickerFeatures]) {
    assert_eq!(computed.len(), tickers.len(), "every ticker has features");
    for (ticker, features) in tickers.iter().zip(computed) {
        assert_eq!(features.len(), names.len(), "every feature is computed");
        for values in features {
            let rows = ticker.prices.rows();
            assert_eq!(values.len(), rows, "every row has a value or a null");
        }
    }
}

fn differences_at<E>(
    cut: i32,
    tickers: &[AuditedTicker],
    whole: &[TickerFeatures],
    compute: &ComputeFeatures<'_, E>,
    seed: u64,
) -> Result<FirstDifferences, E> {
    let none = whole.iter().map(|features| vec![None; features.len()]);
    let mut first: FirstDifferences = none.collect();
    for aftermath in [Aftermath::Gone, Aftermath::Noise] {
        let changed = tickers.iter();
        let changed = changed.map(|ticker| with_aftermath(ticker, cut, aftermath, seed));
        let changed: Vec<AuditedTicker> = changed.collect();
        let computed = compute(&changed)?;
        for (place, ticker) in tickers.iter().enumerate() {
            let rows = rows_up_to(&ticker.prices, cut);
            let pairs = whole[place].iter().zip(&computed[place]);
            for (first, (whole, changed)) in first[place].iter_mut().zip(pairs) {
                let row = first_difference(whole, changed, rows);
                *first = [*first, row].into_iter().flatten().min();
            }
        }
    }
    Ok(first)
}

/// The first of so many rows in which two arrays differ by a bit, or by a null.
fn first_difference(left: &Float64Array, right: &Float64Array, rows: usize) -> Option<usize> {
    let bits = |array: &Float64Array, row: usize| {
        let is_valid = array.is_valid(row);
        is_valid.then(|| array.value(row).to_bits())
    };
    (0..rows).find(|row| bits(left, *row) != bits(right, *row))
}

fn verdict(
    feature: usize,
    name: &str,
    tickers: &[AuditedTicker],
    whole: &[TickerFeatures],
    at_cuts: &[(i32, FirstDifferences)],
) -> Verdict {
    let mut furthest: Option<Leak> = None;
    let mut seen = false;
    let mut whole_history = true;
    for (cut, differences) in at_cuts {
        for (place, ticker) in tickers.iter().enumerate() {
            let rows = rows_up_to(&ticker.prices, *cut);
            let differing = differences[place][feature];
            let values = &whole[place][feature];
            let first_value = (0..rows).find(|row| values.is_valid(*row));
            // A ticker without rows after the cut has nothing that its own statistics could change with.
            if let Some(first_value) = first_value
                && rows < ticker.prices.rows()
            {
                seen = true;
                whole_history &= differing.is_some_and(|row| row <= first_value);
            }
            let Some(row) = differing else {
                continue;
            };
            let reach_rows = rows - row;
            let is_further = |leak: &Leak| reach_rows > leak.reach_rows;
            if furthest.as_ref().is_none_or(is_further) {
                furthest = Some(Leak {
                    feature: name.to_owned(),
                    symbol: ticker.symbol.clone(),
                    date: ticker.prices.date.value(row),
                    cut: *cut,
                    reach_rows,
                    whole_history: false,
                });
            }
        }
    }
    match furthest {
        Some(leak) => Verdict::Looks(Leak {
            whole_history: seen && whole_history,
            ..leak
        }),
        None if seen => Verdict::Passed,
        None => Verdict::Unseen,
    }
}

//! Features that look ahead, each in its way: the audit has to find every one, and nothing beside it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Bound::{Excluded, Unbounded};

use arrow_array::Float64Array;
use tickermill_market::audit::{
    AuditPlan, AuditReport, AuditedTicker, Leak, TickerFeatures, Verdict, audit,
};

use crate::tickers::daily;

const PLAN: AuditPlan = AuditPlan { cuts: 16, seed: 42 };

/// Two tickers of the same days, and one that was listed later and is gone earlier.
fn market() -> Vec<AuditedTicker> {
    vec![
        daily("AAA", 0, 300),
        daily("BBB", 0, 300),
        daily("CCC", 50, 150),
    ]
}

/// The feature of each ticker, computed from all of them.
type OfMarket<'a> = dyn Fn(&[AuditedTicker]) -> Vec<Float64Array> + Sync + 'a;

/// Audits a feature beside an honest one, which is the Volume of the day.
fn audited(plan: &AuditPlan, feature: &OfMarket<'_>) -> AuditReport {
    let compute = |tickers: &[AuditedTicker]| -> Result<Vec<TickerFeatures>, Infallible> {
        let both = tickers.iter().zip(feature(tickers));
        let both = both.map(|(ticker, feature)| vec![Float64Array::from(volumes(ticker)), feature]);
        Ok(both.collect())
    };
    let names = ["honest".to_owned(), "planted".to_owned()];
    audit(&market(), &names, &compute, plan).unwrap_or_else(|never| match never {})
}

/// As [`audited`], for a feature that is made of the volumes of its own ticker.
fn audited_by_ticker(feature: &(dyn Fn(&[f64]) -> Vec<Option<f64>> + Sync)) -> AuditReport {
    audited(&PLAN, &|tickers| {
        let of_each = |ticker| Float64Array::from(feature(&volumes(ticker)));
        tickers.iter().map(of_each).collect()
    })
}

fn volumes(ticker: &AuditedTicker) -> Vec<f64> {
    let volumes = ticker.prices.columns().volume.values().iter();
    volumes.map(|volume| *volume as f64).collect()
}

/// The one leak of a report, which is that of the planted feature.
#[track_caller]
fn leak_of(report: &AuditReport) -> Leak {
    assert_eq!(report.features[0].name, "honest");
    assert_eq!(report.features[0].verdict, Verdict::Passed);
    let leaks = report.check().unwrap_err().0;
    assert_eq!(leaks.len(), 1, "{leaks:?}");
    assert_eq!(leaks[0].feature, "planted");
    leaks.into_iter().next().unwrap()
}

#[test]
fn a_lead_of_one_row_is_found() {
    let report = audited_by_ticker(&|volumes| {
        let rows = 0..volumes.len();
        rows.map(|row| volumes.get(row + 1).copied()).collect()
    });
    let leak = leak_of(&report);
    assert_eq!((leak.reach_rows, leak.whole_history), (1, false));
    assert_eq!(leak.date, leak.cut, "the last row before the cut");
    let message = report.check().unwrap_err().to_string();
    let reach = "`planted` looks at least 1 row ahead";
    assert!(message.contains(reach), "{message}");
}

#[test]
fn a_centred_window_is_found() {
    let report = audited_by_ticker(&|volumes| {
        let centred = |row: usize| {
            let window = volumes.get(row.checked_sub(2)?..row + 3)?;
            Some(window.iter().sum::<f64>() / 5.0)
        };
        (0..volumes.len()).map(centred).collect()
    });
    let leak = leak_of(&report);
    assert_eq!((leak.reach_rows, leak.whole_history), (2, false));
    assert_eq!(leak.date + 1, leak.cut);
}

#[test]
fn a_z_score_over_the_whole_sample_is_found() {
    let report = audited_by_ticker(&|volumes| {
        let count = volumes.len() as f64;
        let mean = volumes.iter().sum::<f64>() / count;
        let squares = volumes.iter().map(|volume| (volume - mean).powi(2));
        let deviation = (squares.sum::<f64>() / count).sqrt();
        let scores = volumes.iter().map(|volume| (volume - mean) / deviation);
        scores.map(Some).collect()
    });
    let leak = leak_of(&report);
    assert!(leak.whole_history);
    assert_eq!(leak.date, 0, "the first row of the longest history");
    let latest = *report.cuts.last().unwrap();
    assert_eq!(leak.cut, latest);
    assert_eq!(leak.reach_rows, latest as usize + 1);
    let message = leak.to_string();
    assert!(message.contains("over the whole history"), "{message}");
}

/// The mean Volume of each date over all tickers.
fn means_by_date(tickers: &[AuditedTicker]) -> BTreeMap<i32, f64> {
    let mut by_date: BTreeMap<i32, Vec<f64>> = BTreeMap::new();
    for ticker in tickers {
        let dates = ticker.prices.columns().date.values();
        for (date, volume) in dates.iter().zip(volumes(ticker)) {
            by_date.entry(*date).or_default().push(volume);
        }
    }
    let mean = |volumes: Vec<f64>| volumes.iter().sum::<f64>() / volumes.len() as f64;
    let means = by_date.into_iter();
    means.map(|(date, volumes)| (date, mean(volumes))).collect()
}

/// A value for each row of each ticker, by its date.
fn by_date(tickers: &[AuditedTicker], value: impl Fn(i32) -> Option<f64>) -> Vec<Float64Array> {
    let of_each = |ticker: &AuditedTicker| -> Float64Array {
        let dates = ticker.prices.columns().date.values().iter();
        dates.map(|date| value(*date)).collect()
    };
    tickers.iter().map(of_each).collect()
}

#[test]
fn a_market_aggregate_of_the_next_date_is_found() {
    let report = audited(&PLAN, &|tickers| {
        let means = means_by_date(tickers);
        by_date(tickers, |date| {
            let next = means.range((Excluded(date), Unbounded)).next();
            next.map(|(_, mean)| *mean)
        })
    });
    let leak = leak_of(&report);
    assert_eq!((leak.reach_rows, leak.whole_history), (1, false));
    assert_eq!(leak.date, leak.cut);
}

#[test]
fn a_market_aggregate_of_the_same_date_passes() {
    let report = audited(&PLAN, &|tickers| {
        let means = means_by_date(tickers);
        by_date(tickers, |date| means.get(&date).copied())
    });
    assert_eq!(report.check(), Ok(()));
    assert_eq!(report.features[1].verdict, Verdict::Passed);
}

#[test]
fn a_fill_from_the_future_is_found() {
    // Every second value is missing, and taken from the row after it.
    let report = audited_by_ticker(&|volumes| {
        let filled = |row: usize| volumes.get(row + row % 2).copied();
        (0..volumes.len()).map(filled).collect()
    });
    let leak = leak_of(&report);
    assert_eq!((leak.reach_rows, leak.whole_history), (1, false));
    assert_eq!(leak.date, leak.cut);
}

#[test]
fn what_dropped_rows_or_noise_alone_would_show_is_found_too() {
    // How many rows come after: noise keeps their number.
    let countdown = audited_by_ticker(&|volumes| {
        let rows = 0..volumes.len();
        rows.map(|row| Some((volumes.len() - row) as f64)).collect()
    });
    assert!(leak_of(&countdown).whole_history);
    // The row after, but the row's own where what is after it is not there: dropping rows changes it, as noise does, in
    // the last row before the cut; further back neither does.
    let own_at_the_end = audited_by_ticker(&|volumes| {
        let rows = 0..volumes.len();
        let next = |row: usize| volumes.get(row + 1).or(volumes.get(row)).copied();
        rows.map(next).collect()
    });
    assert_eq!(leak_of(&own_at_the_end).reach_rows, 1);
}

#[test]
fn a_seed_gives_one_report_for_any_number_of_threads() {
    let score = |plan: &AuditPlan| {
        audited(plan, &|tickers| {
            let means = means_by_date(tickers);
            let all: f64 = means.values().sum();
            by_date(tickers, |date| means.get(&date).map(|mean| mean / all))
        })
    };
    let expected = score(&PLAN);
    assert!(leak_of(&expected).whole_history);
    for threads in 1..=3 {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        assert_eq!(pool.install(|| score(&PLAN)), expected);
    }
    let other = AuditPlan { seed: 43, ..PLAN };
    assert_ne!(score(&other).cuts, expected.cuts);
    assert_eq!(leak_of(&score(&other)).feature, "planted");
}

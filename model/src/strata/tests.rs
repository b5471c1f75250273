use super::*;
use crate::fold_plan::FoldPlan;
use crate::sampling::Sampling;
use crate::splitmix::splitmix64;
use crate::ticker_key::ticker_key;
use crate::walk_forward::{Fold, all_rows, folds};
use proptest::prelude::*;
use rayon::ThreadPoolBuilder;
use std::collections::{BTreeMap, BTreeSet};

/// The columns of a panel, of whole volumes, of which all sums are exact.
struct Table {
    dates: Vec<i32>,
    tickers: Vec<u32>,
    symbols: Vec<String>,
    today: Vec<f32>,
}

/// A ticker of a table: its first date, its dates, each the day after the one before, and its least volume.
type Ticker = (i32, i32, u64);

impl Table {
    fn of(of_tickers: &[Ticker]) -> Self {
        let mut table = Self {
            dates: Vec::new(),
            tickers: Vec::new(),
            symbols: Vec::new(),
            today: Vec::new(),
        };
        for (ticker, (first, days, least)) in (0_u32..).zip(of_tickers) {
            for day in 0..*days {
                let volume = least + splitmix64(u64::from(ticker), day as u64) % 100;
                table.dates.push(first + day);
                table.tickers.push(ticker);
                table.today.push(volume as f32);
            }
            table.symbols.push(format!("T{ticker}"));
        }
        table
    }

    /// 40 tickers of some 550 dates each, over nine quarters.
    fn market() -> Self {
        let of_tickers: Vec<Ticker> = (0..40)
            .map(|ticker| {
                let (first, days) = (18_000 + ticker * 37 % 200, 700 - ticker * 53 % 300);
                (first, days, ticker as u64 * 7 % 40 * 10)
            })
            .collect();
        Self::of(&of_tickers)
    }

    fn columns(&self) -> FoldColumns<'_> {
        FoldColumns {
            dates: &self.dates,
            tickers: &self.tickers,
            symbols: &self.symbols,
            today: &self.today,
        }
    }

    fn cut(&self, plan: &FoldPlan) -> Vec<Fold> {
        folds(plan, &self.columns()).expect("the panel can be cut")
    }
}

/// Year, quarter from 0 and decile from 0.
type Stratum = (i32, u32, usize);

/// The rows of each stratum, by a slow reading of the contract.
fn slow_strata(table: &Table, rows: &[u32]) -> BTreeMap<Stratum, Vec<u32>> {
    let mut volumes: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for row in rows {
        let of_ticker = volumes.entry(table.tickers[*row as usize]).or_default();
        of_ticker.push(f64::from(table.today[*row as usize]));
    }
    let mean = |ticker: &u32| volumes[ticker].iter().sum::<f64>() / volumes[ticker].len() as f64;
    let decile_of = |ticker: &u32| -> usize {
        let is_less = |other: &&u32| {
            let by_mean = mean(other).total_cmp(&mean(ticker));
            by_mean.then((*other).cmp(ticker)).is_lt()
        };
        let less = volumes.keys().filter(is_less).count();
        (0..10_usize)
            .find(|decile| less < (decile + 1) * volumes.len() / 10)
            .expect("the last decile ends with the last ticker")
    };
    let deciles: BTreeMap<u32, usize> = volumes
        .keys()
        .map(|ticker| (*ticker, decile_of(ticker)))
        .collect();
    let mut strata: BTreeMap<Stratum, Vec<u32>> = BTreeMap::new();
    for row in rows {
        let date = NaiveDate::from_epoch_days(table.dates[*row as usize]).expect("it is a date");
        let decile = deciles[&table.tickers[*row as usize]];
        let stratum = (date.year(), (date.month() - 1) / 3, decile);
        strata.entry(stratum).or_default().push(*row);
    }
    strata
}

/// The rows of the sample, by a slow reading of the contract.
fn slow_sample(table: &Table, seed: u64, rows: &[u32], wanted: usize) -> Vec<u32> {
    if rows.len() <= wanted {
        return rows.to_vec();
    }
    let strata = slow_strata(table, rows);
    let mut shares: BTreeMap<Stratum, usize> = BTreeMap::new();
    for (stratum, of_stratum) in &strata {
        shares.insert(*stratum, of_stratum.len() * wanted / rows.len());
    }
    while shares.values().sum::<usize>() < wanted {
        let missing = |stratum: &Stratum| {
            (strata[stratum].len() * wanted) as i64 - (shares[stratum] * rows.len()) as i64
        };
        // Of equals the last of those turned round, which is the first.
        let neediest = strata.keys().rev().max_by_key(|stratum| missing(stratum));
        let neediest = *neediest.expect("there are rows, so there are strata");
        *shares.entry(neediest).or_default() += 1;
    }
    let hash = |row: &u32| {
        let symbol = &table.symbols[table.tickers[*row as usize] as usize];
        let key = ticker_key("tickermill 2026-11 rows to train on", seed, symbol);
        splitmix64(key, table.dates[*row as usize] as u64)
    };
    let mut sample: Vec<u32> = Vec::new();
    for (stratum, mut of_stratum) in strata {
        of_stratum.sort_by_key(|row| (hash(row), *row));
        sample.extend(&of_stratum[..shares[&stratum]]);
    }
    sample.sort_unstable();
    sample
}

fn stratified_plan(max_train_rows: usize) -> FoldPlan {
    FoldPlan {
        max_train_rows,
        sampling: Sampling::Stratified,
        ..FoldPlan::default()
    }
}

#[test]
fn quarters_are_those_of_the_calendar() {
    // 2020-01-01 is day 18262, and 2020-04-01 day 18353.
    let first_of_2020 = quarter_of(18_262);
    assert_eq!(first_of_2020, 4 * 2020);
    assert_eq!(quarter_of(18_261), first_of_2020 - 1);
    assert_eq!(quarter_of(18_352), first_of_2020);
    assert_eq!(quarter_of(18_353), first_of_2020 + 1);
    assert_eq!(quarter_of(-1), 4 * 1970 - 1);
}

#[test]
fn deciles_are_tenths_of_the_tickers_that_have_rows() {
    let deciles = |of_tickers: &[Ticker], rows: &[u32]| {
        liquidity_deciles(&Table::of(of_tickers).columns(), rows)
    };
    let falling: Vec<Ticker> = (0..20)
        .map(|ticker| (0, 1, 19_000 - 1_000 * ticker))
        .collect();
    let rows: Vec<u32> = (0..20).collect();
    let expected: Vec<u8> = (0..20).rev().map(|rank| rank / 2).collect();
    assert_eq!(deciles(&falling, &rows), expected);
    assert_eq!(deciles(&falling[..4], &[0, 2, 3]), [9, 0, 6, 3]);

    let mut equal = Table::of(&[(0, 2, 0); 10]);
    equal.today.fill(5.0);
    let ascending: Vec<u8> = (0..10).collect();
    assert_eq!(liquidity_deciles(&equal.columns(), &rows), ascending);
}

#[test]
fn a_row_that_is_over_goes_to_the_largest_remainder_and_of_equals_to_the_first() {
    assert_eq!(shares_of(&[3, 3, 3], 4), [2, 1, 1]);
    assert_eq!(shares_of(&[5, 0, 1, 4], 4), [2, 0, 0, 2]);
    assert_eq!(shares_of(&[2, 2], 0), [0, 0]);
}

#[test]
fn every_stratum_has_its_share_of_a_fold_to_within_a_row() {
    let table = Table::market();
    let all = table.cut(&stratified_plan(usize::MAX));
    for (fold, all) in table.cut(&stratified_plan(1_000)).iter().zip(&all) {
        assert_eq!(fold.train.len(), 1_000);
        assert!(fold.train.is_sorted());
        let kept: BTreeSet<u32> = fold.train.iter().copied().collect();
        let mut expected_strata = 0;
        for (stratum, rows) in slow_strata(&table, &all.train) {
            let expected = rows.len() as f64 * 1_000.0 / all.train.len() as f64;
            let found = rows.iter().filter(|row| kept.contains(*row)).count();
            assert!(
                (found as f64 - expected).abs() < 1.0,
                "{stratum:?}: {found} of {expected}"
            );
            if expected >= 1.0 {
                assert!(found > 0, "{stratum:?}");
                expected_strata += 1;
            }
        }
        assert!(expected_strata >= 20, "{expected_strata}");
    }
}

#[test]
fn any_number_of_threads_draws_the_same_rows() {
    let table = Table::market();
    let on_threads = |threads| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.expect("threads can be started");
        pool.install(|| table.cut(&stratified_plan(1_000)))
    };
    assert_eq!(on_threads(1), on_threads(3));
}

#[test]
fn rows_that_a_fold_cannot_train_on_do_not_decide_what_it_trains_on() {
    let table = Table::market();
    let plan = stratified_plan(1_000);
    let folds = table.cut(&plan);
    let candidates = table.cut(&stratified_plan(usize::MAX));
    for (number, fold) in folds.iter().enumerate() {
        let mut others_changed = Table::market();
        let of_fold: BTreeSet<u32> = candidates[number].train.iter().copied().collect();
        for (row, today) in (0_u32..).zip(&mut others_changed.today) {
            if !of_fold.contains(&row) {
                // What was traded least is traded most.
                *today = 1e6 - 1e3 * *today;
            }
        }
        let changed = others_changed.cut(&plan);
        assert_eq!(&changed[number].train, &fold.train);
        if number == 0 {
            // Later folds train on what was changed.
            assert_ne!(changed[3].train, folds[3].train);
        }
    }
}

#[test]
fn where_every_row_has_a_place_there_is_nothing_to_draw() {
    let table = Table::market();
    let uniform = FoldPlan {
        sampling: Sampling::Uniform,
        ..stratified_plan(table.dates.len())
    };
    let stratified = stratified_plan(table.dates.len());
    assert_eq!(table.cut(&stratified), table.cut(&uniform));
    let rows = all_rows(&stratified, &table.columns()).unwrap();
    assert_eq!(rows, (0..table.dates.len() as u32).collect::<Vec<_>>());
}

/// Up to thirty tickers of up to a year of dates each, some of equal volumes.
fn of_tickers() -> impl Strategy<Value = Vec<Ticker>> {
    let of_ticker = (18_000_i32..18_400, 1_i32..365, 0_u64..6);
    let of_ticker = of_ticker.prop_map(|(first, days, least)| (first, days, least * 50));
    prop::collection::vec(of_ticker, 1..30)
}

proptest! {
    #[test]
    fn samples_are_as_a_slow_reading_of_the_contract(
        of_tickers in of_tickers(),
        folds_wanted in 1_usize..5,
        gap_sessions in 0_usize..40,
        max_train_rows in 1_usize..2_000,
        seed in 0_u64..3,
    ) {
        let table = Table::of(&of_tickers);
        let columns = table.columns();
        let plan = FoldPlan {
            folds: folds_wanted,
            gap_sessions,
            unseen_share: 0.3,
            seed,
            ..stratified_plan(max_train_rows)
        };
        let unlimited = FoldPlan { max_train_rows: usize::MAX, ..plan.clone() };
        let every_row: Vec<u32> = (0..table.dates.len() as u32).collect();
        let drawn = all_rows(&plan, &columns).expect("the plan is valid");
        prop_assert_eq!(drawn, slow_sample(&table, seed, &every_row, max_train_rows));

        let Ok(candidates) = folds(&unlimited, &columns) else { return Ok(()) };
        for (fold, all) in table.cut(&plan).iter().zip(&candidates) {
            let expected = slow_sample(&table, seed, &all.train, max_train_rows);
            prop_assert_eq!(&fold.train, &expected);
            prop_assert_eq!(&fold.test, &all.test);
        }
    }

    #[test]
    fn shares_are_within_a_row_of_the_quota(
        sizes in prop::collection::vec(0_usize..500, 1..60),
        per_mille in 0_usize..1_000,
    ) {
        let all: usize = sizes.iter().sum();
        let wanted = all * per_mille / 1_000;
        prop_assume!(wanted < all);
        let shares = shares_of(&sizes, wanted);
        prop_assert_eq!(shares.len(), sizes.len());
        prop_assert_eq!(shares.iter().sum::<usize>(), wanted);
        for (share, size) in shares.iter().zip(&sizes) {
            prop_assert!((share * all).abs_diff(size * wanted) < all);
            prop_assert!(share <= size);
            prop_assert!(*share >= 1 || size * wanted < all);
        }
    }
}

use super::*;
use crate::splitmix::splitmix64;
use crate::ticker_key::ticker_key;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// A panel by columns: dates, tickers, symbols.
type Columns = (Vec<i32>, Vec<u32>, Vec<String>);

/// A panel of which each ticker has the dates of one list.
fn panel(dates_of_tickers: &[Vec<i32>]) -> Columns {
    let (mut dates, mut tickers, mut symbols) = (Vec::new(), Vec::new(), Vec::new());
    for (ticker, of_ticker) in dates_of_tickers.iter().enumerate() {
        dates.extend(of_ticker);
        tickers.extend(vec![ticker as u32; of_ticker.len()]);
        symbols.push(format!("T{ticker}"));
    }
    (dates, tickers, symbols)
}

fn cut(plan: &FoldPlan, (dates, tickers, symbols): &Columns) -> Result<Vec<Fold>, FoldError> {
    let columns = FoldColumns {
        dates,
        tickers,
        symbols,
        today: &vec![0.0; dates.len()],
    };
    folds(plan, &columns)
}

fn cut_one(
    plan: &FoldPlan,
    (dates, tickers, symbols): &Columns,
    number: usize,
) -> Result<Fold, FoldError> {
    let columns = FoldColumns {
        dates,
        tickers,
        symbols,
        today: &vec![0.0; dates.len()],
    };
    fold(plan, &columns, number)
}

fn plan(folds: usize, gap_sessions: usize) -> FoldPlan {
    FoldPlan {
        folds,
        gap_sessions,
        unseen_share: 0.0,
        ..FoldPlan::default()
    }
}

#[test]
fn each_of_four_folds_tests_a_fifth_after_the_gap() {
    let columns = panel(&vec![(0..100).map(|day| 7 * day).collect(); 3]);
    let folds = cut(&plan(4, 5), &columns).unwrap();
    let dates: Vec<_> = folds
        .iter()
        .map(|fold| {
            (
                fold.last_train_date / 7,
                fold.first_test_date / 7,
                fold.last_test_date / 7,
            )
        })
        .collect();
    assert_eq!(
        dates,
        [(14, 20, 39), (34, 40, 59), (54, 60, 79), (74, 80, 99)]
    );
    let rows: Vec<_> = folds
        .iter()
        .map(|fold| (fold.train.len(), fold.test.len()))
        .collect();
    assert_eq!(rows, [(45, 60), (105, 60), (165, 60), (225, 60)]);
    assert_eq!(folds[0].train[14..16], [14, 100]);
    assert_eq!(folds[3].test[..2], [80, 81]);
}

#[test]
fn the_smallest_panel_has_one_date_a_fold_after_the_gap() {
    let columns = panel(&[(0..7).collect()]);
    let folds = cut(&plan(4, 2), &columns).unwrap();
    let tests: Vec<_> = folds.iter().map(|fold| fold.test.clone()).collect();
    assert_eq!(tests, [[3], [4], [5], [6]]);
    assert_eq!(
        (folds[0].train.clone(), folds[3].train.clone()),
        (vec![0], vec![0, 1, 2, 3])
    );
}

#[test]
fn a_target_taken_from_the_test_dates_does_not_train() {
    // The first ticker is halted from date 10 to 70.
    let halted = (0..=10).chain(70..100).collect();
    let folds = cut(&plan(1, 3), &panel(&[halted, (0..100).collect()])).unwrap();
    assert_eq!(
        (folds[0].last_train_date, folds[0].first_test_date),
        (55, 59)
    );
    assert_eq!(
        folds[0].train,
        (0..10).chain(41..41 + 56).collect::<Vec<_>>()
    );
}

#[test]
fn unseen_tickers_test_and_do_not_train() {
    let columns = panel(&vec![(0..60).collect(); 40]);
    let plan = FoldPlan {
        unseen_share: 0.5,
        ..plan(2, 1)
    };
    let unseen = plan.unseen(&columns.2);
    for fold in cut(&plan, &columns).unwrap() {
        let has_ticker = |rows: &[u32], ticker: u32| rows.iter().any(|row| row / 60 == ticker);
        for ticker in 0..40 {
            assert!(has_ticker(&fold.test, ticker));
            assert_eq!(has_ticker(&fold.train, ticker), !unseen[ticker as usize]);
        }
    }
}

#[test]
fn refuses_what_cannot_be_cut() {
    assert_eq!(cut(&plan(4, 2), &panel(&[])), Err(FoldError::NoRows));
    let too_few = cut(&plan(4, 2), &panel(&[(0..6).collect()])).unwrap_err();
    assert_eq!(
        too_few.to_string(),
        "the panel has 6 dates, and 4 folds with a gap of 2 sessions need at least 7: \
         take longer histories, fewer folds or a shorter gap"
    );
    assert_eq!(
        cut(&plan(1, 0), &panel(&[vec![-4_000_000, 0]])),
        Err(FoldError::DatesTooFarApart { days: 4_000_000 })
    );
    let all_unseen = FoldPlan {
        unseen_share: 0.9999,
        ..plan(1, 0)
    };
    assert_eq!(
        cut(&all_unseen, &panel(&[vec![0, 1], vec![0, 1]])),
        Err(FoldError::NoSeenTicker { tickers: 2 })
    );
    // The only row before the test has its target in it.
    assert_eq!(
        cut(&plan(1, 0), &panel(&[vec![0, 1]])),
        Err(FoldError::NothingToTrainOn { fold: 0 })
    );
    assert_eq!(
        cut(&plan(0, 0), &panel(&[])),
        Err(FoldError::Plan(FoldPlanError::Folds { folds: 0 }))
    );
}

#[test]
fn a_fold_is_cut_without_the_others() {
    // The only row before the first test has its target in it, and the second fold has rows before its own.
    let columns = panel(&[(0..3).collect()]);
    let nothing = FoldError::NothingToTrainOn { fold: 0 };
    assert_eq!(cut(&plan(2, 0), &columns), Err(nothing.clone()));
    assert_eq!(cut_one(&plan(2, 0), &columns, 0), Err(nothing));
    let second = cut_one(&plan(2, 0), &columns, 1).unwrap();
    assert_eq!((second.train, second.test), (vec![0], vec![2]));

    let none = cut_one(&plan(2, 0), &columns, 2).unwrap_err();
    assert_eq!(none, FoldError::NoSuchFold { fold: 2, folds: 2 });
    assert_eq!(
        none.to_string(),
        "there is no fold 2: the plan has 2, which are counted from 0"
    );
    assert_eq!(
        cut_one(&plan(0, 0), &columns, 0),
        Err(FoldError::Plan(FoldPlanError::Folds { folds: 0 })),
        "the plan is checked first"
    );
}

/// Up to eight tickers of up to sixty dates each, with holes.
fn dates_of_tickers() -> impl Strategy<Value = Vec<Vec<i32>>> {
    let of_ticker = prop::collection::btree_set(-30_i32..60, 1..60);
    let of_ticker = of_ticker.prop_map(|dates| dates.into_iter().collect());
    prop::collection::vec(of_ticker, 1..8)
}

/// The rows that the contract lets `fold` train on, by a scan of all dates of a row's ticker.
fn slow_train(
    (dates, tickers, symbols): &Columns,
    dates_of_tickers: &[Vec<i32>],
    plan: &FoldPlan,
    fold: &Fold,
) -> Vec<u32> {
    let unseen = plan.unseen(symbols);
    let trains = |row: &u32| {
        let (date, ticker) = (dates[*row as usize], tickers[*row as usize] as usize);
        let mut of_ticker = dates_of_tickers[ticker].iter();
        let next = of_ticker.find(|other| **other > date);
        date <= fold.last_train_date
            && !unseen[ticker]
            && next.is_none_or(|next| *next < fold.first_test_date)
    };
    let mut rows: Vec<u32> = (0..dates.len() as u32).filter(trains).collect();
    rows.sort_by_key(|row| {
        let symbol = &symbols[tickers[*row as usize] as usize];
        let key = ticker_key("tickermill 2026-11 rows to train on", plan.seed, symbol);
        splitmix64(key, dates[*row as usize] as u64)
    });
    rows.truncate(plan.max_train_rows);
    rows.sort_unstable();
    rows
}

proptest! {
    #[test]
    fn folds_are_as_a_slow_reading_of_the_contract(
        dates_of_tickers in dates_of_tickers(),
        folds in 1_usize..5,
        gap_sessions in 0_usize..4,
        max_train_rows in 1_usize..200,
    ) {
        let plan = FoldPlan { unseen_share: 0.3, max_train_rows, ..plan(folds, gap_sessions) };
        let columns = panel(&dates_of_tickers);
        let Ok(folds) = cut(&plan, &columns) else { return Ok(()) };
        let dates = &columns.0;
        for (number, fold) in folds.iter().enumerate() {
            let next_test = folds.get(number + 1).map_or(i32::MAX, |next| next.first_test_date);
            let tested = |row: &u32| (fold.first_test_date..next_test).contains(&dates[*row as usize]);
            let test: Vec<u32> = (0..dates.len() as u32).filter(tested).collect();
            prop_assert!(!test.is_empty());
            prop_assert_eq!(&fold.test, &test);

            let in_gap = |date: &i32| fold.last_train_date < *date && *date < fold.first_test_date;
            let gap: BTreeSet<i32> = dates.iter().copied().filter(in_gap).collect();
            prop_assert_eq!(gap.len(), gap_sessions);
            let train = slow_train(&columns, &dates_of_tickers, &plan, fold);
            prop_assert_eq!(&fold.train, &train);
            prop_assert_eq!(cut_one(&plan, &columns, number), Ok(fold.clone()));
        }
    }
}

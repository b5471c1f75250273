use super::*;
use proptest::prelude::*;

fn search(trials: usize) -> Search {
    Search {
        trials,
        seed: 4,
        space: SearchSpace::default(),
    }
}

fn trials_of_rounds(trials: usize) -> Vec<usize> {
    let rounds = rounds(trials, 1_000);
    rounds.iter().map(|round| round.trials).collect()
}

fn rows_of_rounds(trials: usize, max_train_rows: usize) -> Vec<usize> {
    let rounds = rounds(trials, max_train_rows);
    rounds.iter().map(|round| round.max_train_rows).collect()
}

#[test]
fn a_third_of_the_trials_goes_on_until_three_are_left() {
    assert_eq!(trials_of_rounds(24), [24, 8, 3]);
    assert_eq!(trials_of_rounds(1), [1]);
    assert_eq!(trials_of_rounds(2), [2]);
    assert_eq!(trials_of_rounds(3), [3]);
    assert_eq!(trials_of_rounds(4), [4, 2]);
    assert_eq!(trials_of_rounds(9), [9, 3]);
    assert_eq!(trials_of_rounds(10), [10, 4, 2]);
    assert_eq!(trials_of_rounds(100), [100, 34, 12, 4, 2]);
    assert_eq!(
        trials_of_rounds(MAX_TRIALS),
        [1_000, 334, 112, 38, 13, 5, 2]
    );
}

#[test]
fn each_round_has_a_third_of_the_rows_of_the_next() {
    assert_eq!(rows_of_rounds(24, 2_000_000), [222_223, 666_667, 2_000_000]);
    assert_eq!(rows_of_rounds(3, 2_000_000), [2_000_000]);
    assert_eq!(rows_of_rounds(24, 9), [1, 3, 9]);
    assert_eq!(rows_of_rounds(24, 1), [1, 1, 1]);
    assert_eq!(rows_of_rounds(4, 10), [4, 10]);
}

#[test]
fn refuses_values_out_of_range() {
    for trials in [0, MAX_TRIALS + 1] {
        assert_eq!(
            search(trials).validate(),
            Err(SearchError::Trials { trials })
        );
    }
    for trials in [1, 24, MAX_TRIALS] {
        assert_eq!(search(trials).validate(), Ok(()));
    }
    assert_eq!(
        search(0).validate().unwrap_err().to_string(),
        "the number of trials is 0: set it from 1 to 1000"
    );
    let mut empty = search(24);
    empty.space.leaves = [9, 8];
    assert!(matches!(
        empty.validate(),
        Err(SearchError::Space(SearchSpaceError::Empty {
            parameter: "leaves",
            ..
        }))
    ));
}

#[test]
fn the_first_candidate_is_configured_and_the_others_are_drawn() {
    let configured = BoostParameters {
        trees: 9_999,
        seed: 5,
        ..BoostParameters::default()
    };
    let candidates = search(24).candidates(&configured);
    assert_eq!(candidates.len(), 24);
    assert_eq!(candidates[0], configured);
    for (trial, candidate) in candidates.iter().enumerate().skip(1) {
        assert_eq!(
            *candidate,
            SearchSpace::default().draw(4, trial, &configured)
        );
    }
    assert_eq!(
        search(1).candidates(&configured),
        std::slice::from_ref(&configured)
    );
    assert_eq!(
        search(10).candidates(&configured),
        candidates[..10],
        "more trials try more, and the same before"
    );
    let mut other = search(24);
    other.seed = 5;
    let others = other.candidates(&configured);
    assert_eq!(others[0], candidates[0]);
    assert_ne!(others[1..], candidates[1..]);
}

#[test]
fn a_search_reads_back_and_has_all_its_fields() {
    let json = serde_json::to_string(&search(24)).unwrap();
    assert_eq!(serde_json::from_str::<Search>(&json).unwrap(), search(24));
    let unknown = json.replacen('{', r#"{"trial":1,"#, 1);
    assert!(
        serde_json::from_str::<Search>(&unknown).is_err(),
        "{unknown}"
    );
    assert!(serde_json::from_str::<Search>(r#"{"trials":24,"space":{}}"#).is_err());
}

#[test]
fn folds_weigh_the_same_in_the_mean() {
    assert_eq!(mean_skill(&[0.5]).to_bits(), 0.5_f64.to_bits());
    assert_eq!(mean_skill(&[0.25, -0.5, 1.0]).to_bits(), 0.25_f64.to_bits());
}

#[test]
#[should_panic(expected = "at least one fold")]
fn no_fold_has_no_mean() {
    mean_skill(&[]);
}

#[test]
fn the_best_come_first_and_of_equal_ones_the_lower_number() {
    let scores = [(7, 0.1), (2, 0.3), (9, -1.0), (0, 0.1), (5, 0.3)];
    assert_eq!(best(&scores, 1), [2]);
    assert_eq!(best(&scores, 3), [2, 5, 0]);
    assert_eq!(best(&scores, 4), [2, 5, 0, 7]);
    assert_eq!(best(&scores, 9), [2, 5, 0, 7, 9]);
    assert_eq!(best(&scores, 0), Vec::<usize>::new());
    assert_eq!(best(&[(1, 0.0), (0, -0.0)], 1), [0], "both zeros are equal");
    assert_eq!(best(&[(3, f64::NEG_INFINITY), (4, -9.0)], 2), [4, 3]);
}

proptest! {
    #[test]
    fn rounds_shrink_in_trials_and_grow_in_rows(
        trials in 1..=MAX_TRIALS,
        max_train_rows in 1_usize..10_000_000,
    ) {
        let rounds = rounds(trials, max_train_rows);
        let (first, last) = (rounds[0], rounds[rounds.len() - 1]);
        prop_assert_eq!(first.trials, trials);
        prop_assert_eq!(last.max_train_rows, max_train_rows);
        prop_assert!(last.trials <= 3);
        for pair in rounds.windows(2) {
            let (round, next) = (pair[0], pair[1]);
            prop_assert!(round.trials > 3);
            prop_assert!(next.trials * 3 >= round.trials && next.trials * 3 < round.trials + 3);
            let (rows, next_rows) = (round.max_train_rows, next.max_train_rows);
            prop_assert!(rows * 3 >= next_rows && rows * 3 < next_rows + 3);
        }
    }

    #[test]
    fn the_best_are_as_taken_one_by_one(
        // Whole numbers, of which many are equal.
        scores in prop::collection::vec((0_usize..30, -3_i8..=3), 0..20),
        count in 0_usize..20,
    ) {
        let scores: Vec<(usize, f64)> =
            scores.into_iter().map(|(trial, score)| (trial, f64::from(score))).collect();
        let mut left = scores.clone();
        let mut expected = Vec::new();
        while expected.len() < count && !left.is_empty() {
            let mut first = 0;
            for place in 1..left.len() {
                let ((trial, score), (of, highest)) = (left[place], left[first]);
                if score > highest || (score >= highest && trial < of) {
                    first = place;
                }
            }
            expected.push(left.remove(first).0);
        }
        prop_assert_eq!(best(&scores, count), expected);
    }
}

/// Where this test fails the same search tries other parameters than before. If that is meant, put the new digest here and
/// raise `FORMAT_VERSION`, so that no tuning goes on from trials of the old kind.
#[test]
fn the_same_seed_draws_what_it_always_drew() {
    let candidates = search(24).candidates(&BoostParameters::default());
    let json = serde_json::to_vec(&candidates).unwrap();
    let digest = blake3::hash(&json).to_hex();
    assert_eq!(&digest[..16], "3d493a424bc904e2");
}

use super::*;
use crate::boost::MAX_LEAVES;
use crate::parameters::MAX_TREES;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// A space of few values, which many draws see all of.
fn narrow() -> SearchSpace {
    SearchSpace {
        trees: [1, 4],
        leaves: [2, 5],
        learning_rate: [0.101, 0.104],
        min_rows_per_leaf: [30, 33],
        input_share: [0.997, 1.0],
    }
}

fn draws(space: &SearchSpace, seed: u64, trials: usize) -> Vec<BoostParameters> {
    let configured = BoostParameters::default();
    let trials = 0..trials;
    trials
        .map(|trial| space.draw(seed, trial, &configured))
        .collect()
}

fn refusal(change: impl Fn(&mut SearchSpace)) -> SearchSpaceError {
    let mut space = SearchSpace::default();
    change(&mut space);
    space.validate().expect_err("a range is broken")
}

#[test]
fn the_default_is_valid_and_fills_missing_fields() {
    let space: SearchSpace = serde_json::from_str(r#"{"trees": [7, 9]}"#).unwrap();
    let default = SearchSpace::default();
    assert_eq!(default.validate(), Ok(()));
    assert_eq!(
        space,
        SearchSpace {
            trees: [7, 9],
            ..default
        }
    );
    let json = serde_json::to_string(&space).unwrap();
    assert_eq!(
        json,
        r#"{"trees":[7,9],"leaves":[15,127],"learning_rate":[0.05,0.3],"min_rows_per_leaf":[5,100],"input_share":[0.5,1.0]}"#
    );
    assert_eq!(serde_json::from_str::<SearchSpace>(&json).unwrap(), space);
    assert!(serde_json::from_str::<SearchSpace>(r#"{"tree": [7, 9]}"#).is_err());
    assert!(serde_json::from_str::<SearchSpace>(r#"{"trees": [7]}"#).is_err());
}

#[test]
fn an_empty_range_is_refused_and_says_what_to_do() {
    assert_eq!(
        refusal(|space| space.trees = [41, 40]).to_string(),
        "the search of trees goes from 41 to 40, which is no range: set the lowest value to at most the highest"
    );
    let empty = |change: fn(&mut SearchSpace)| match refusal(change) {
        SearchSpaceError::Empty { parameter, .. } => parameter,
        SearchSpaceError::End { .. } => "an end",
    };
    assert_eq!(empty(|space| space.leaves = [3, 2]), "leaves");
    assert_eq!(
        empty(|space| space.learning_rate = [0.2, 0.1]),
        "learning_rate"
    );
    assert_eq!(
        empty(|space| space.min_rows_per_leaf = [2, 1]),
        "min_rows_per_leaf"
    );
    assert_eq!(empty(|space| space.input_share = [1.0, 0.9]), "input_share");
}

#[test]
fn ends_are_values_of_their_parameter() {
    assert_eq!(
        refusal(|space| space.leaves = [1, 9]).to_string(),
        "an end of the search of leaves is no value of it: \
         the most leaves of a tree are 1: set them from 2 to 65536"
    );
    let end = |change: fn(&mut SearchSpace)| match refusal(change) {
        SearchSpaceError::End { parameter, .. } => parameter,
        SearchSpaceError::Empty { .. } => "an empty range",
    };
    assert_eq!(end(|space| space.trees[0] = 0), "trees");
    assert_eq!(end(|space| space.trees[1] = MAX_TREES + 1), "trees");
    assert_eq!(end(|space| space.leaves[1] = MAX_LEAVES + 1), "leaves");
    assert_eq!(end(|space| space.learning_rate[0] = 0.0), "learning_rate");
    assert_eq!(
        end(|space| space.learning_rate[1] = f64::NAN),
        "learning_rate"
    );
    assert_eq!(
        end(|space| space.min_rows_per_leaf[0] = 0),
        "min_rows_per_leaf"
    );
    assert_eq!(end(|space| space.input_share[0] = -0.5), "input_share");
    assert_eq!(end(|space| space.input_share[1] = 1.5), "input_share");

    let widest = SearchSpace {
        trees: [1, MAX_TREES],
        leaves: [2, MAX_LEAVES],
        learning_rate: [f64::MIN_POSITIVE, 1.0],
        min_rows_per_leaf: [1, usize::MAX],
        input_share: [f64::MIN_POSITIVE, 1.0],
    };
    assert_eq!(widest.validate(), Ok(()));
}

#[test]
fn all_values_of_a_narrow_space_are_drawn_with_both_ends() {
    let drawn = draws(&narrow(), 0, 1_000);
    let whole = |of: fn(&BoostParameters) -> usize| -> Vec<usize> {
        let distinct: BTreeSet<usize> = drawn.iter().map(of).collect();
        distinct.into_iter().collect()
    };
    assert_eq!(whole(|drawn| drawn.trees), [1, 2, 3, 4]);
    assert_eq!(whole(|drawn| drawn.leaves), [2, 3, 4, 5]);
    assert_eq!(whole(|drawn| drawn.min_rows_per_leaf), [30, 31, 32, 33]);
    // As people write them: three digits, and no more bits than these say.
    let written = |of: fn(&BoostParameters) -> f64| -> Vec<String> {
        let distinct: BTreeSet<String> = drawn.iter().map(|drawn| of(drawn).to_string()).collect();
        distinct.into_iter().collect()
    };
    assert_eq!(
        written(|drawn| drawn.learning_rate),
        ["0.101", "0.102", "0.103", "0.104"]
    );
    assert_eq!(
        written(|drawn| drawn.input_share),
        ["0.997", "0.998", "0.999", "1"]
    );
}

#[test]
fn half_of_the_draws_lie_below_the_middle_of_each_range() {
    let drawn = draws(&SearchSpace::default(), 1, 4_000);
    let below = |middle: f64, of: fn(&BoostParameters) -> f64| {
        let below = drawn.iter().filter(|drawn| of(drawn) < middle);
        below.count() as f64 / 4_000.0
    };
    // The roots of 40 * 160, 15 * 127, 0.05 * 0.3 and 5 * 100, and the mean of 0.5 and 1.
    let shares = [
        below(80.0, |drawn| drawn.trees as f64),
        below(43.6, |drawn| drawn.leaves as f64),
        below(0.1225, |drawn| drawn.learning_rate),
        below(22.4, |drawn| drawn.min_rows_per_leaf as f64),
        below(0.75, |drawn| drawn.input_share),
    ];
    // Six standard deviations, and what rounding to whole numbers moves.
    let near_half = |share: &f64| (0.43..0.57).contains(share);
    assert!(shares.iter().all(near_half), "{shares:?}");
}

#[test]
fn seeds_trials_and_parameters_draw_apart() {
    let space = SearchSpace::default();
    let drawn = draws(&space, 1, 24);
    assert_eq!(drawn, draws(&space, 1, 24));
    assert_eq!(drawn[..10], draws(&space, 1, 10), "more trials draw more");
    assert_ne!(drawn, draws(&space, 2, 24));
    for (one, other) in drawn.iter().zip(&drawn[1..]) {
        assert_ne!(one, other);
    }
    // Of equal ranges each parameter draws for itself; by chance two in a hundred are the same.
    let alike = SearchSpace {
        trees: [2, 1_000],
        leaves: [2, 1_000],
        min_rows_per_leaf: [2, 1_000],
        ..space
    };
    let drawn = draws(&alike, 1, 20);
    let column = |of: fn(&BoostParameters) -> usize| drawn.iter().map(of).collect::<Vec<usize>>();
    let (trees, leaves) = (column(|drawn| drawn.trees), column(|drawn| drawn.leaves));
    let rows = column(|drawn| drawn.min_rows_per_leaf);
    for (one, other) in [(&trees, &leaves), (&leaves, &rows), (&rows, &trees)] {
        let equal = one.iter().zip(other).filter(|(one, other)| one == other);
        assert!(equal.count() < 5, "{one:?} {other:?}");
    }
}

#[test]
fn a_range_does_not_change_what_others_draw() {
    let narrower = SearchSpace {
        trees: [50, 50],
        ..SearchSpace::default()
    };
    let pairs = draws(&SearchSpace::default(), 3, 50);
    for (wide, narrow) in pairs.iter().zip(draws(&narrower, 3, 50)) {
        let with_same_trees = BoostParameters {
            trees: 50,
            ..wide.clone()
        };
        assert_eq!(with_same_trees, narrow);
    }
}

#[test]
fn the_seed_of_the_trees_stays_and_no_other_parameter_matters() {
    let configured = BoostParameters {
        trees: 9_999,
        learning_rate: 0.9,
        seed: 77,
        ..BoostParameters::default()
    };
    let space = SearchSpace::default();
    let drawn = space.draw(5, 6, &configured);
    assert_eq!(drawn.seed, 77);
    let of_default = space.draw(5, 6, &BoostParameters::default());
    assert_eq!(BoostParameters { seed: 0, ..drawn }, of_default);
}

#[test]
fn ends_of_more_digits_are_not_passed() {
    let space = SearchSpace {
        learning_rate: [0.12341, 0.12342],
        input_share: [0.9999, 0.99995],
        ..SearchSpace::default()
    };
    for drawn in draws(&space, 0, 100) {
        let ends = space.learning_rate.map(f64::to_bits);
        assert!(ends.contains(&drawn.learning_rate.to_bits()), "{drawn:?}");
        let ends = space.input_share.map(f64::to_bits);
        assert!(ends.contains(&drawn.input_share.to_bits()), "{drawn:?}");
    }
}

fn whole_range(least: usize, most: usize) -> impl Strategy<Value = [usize; 2]> {
    let ends = (least..=most, least..=most);
    ends.prop_map(|(one, other)| [one.min(other), one.max(other)])
}

fn share() -> impl Strategy<Value = f64> {
    prop_oneof![8 => 1e-6_f64..1.0, 1 => Just(f64::MIN_POSITIVE), 1 => Just(1.0)]
}

fn share_range() -> impl Strategy<Value = [f64; 2]> {
    (share(), share()).prop_map(|(one, other)| [one.min(other), one.max(other)])
}

proptest! {
    #[test]
    fn whatever_is_drawn_is_valid_and_within_its_range(
        trees in whole_range(1, MAX_TREES),
        leaves in whole_range(2, MAX_LEAVES),
        min_rows_per_leaf in whole_range(1, u32::MAX as usize),
        learning_rate in share_range(),
        input_share in share_range(),
        seed in any::<u64>(),
        trial in 0_usize..1_000,
    ) {
        let space = SearchSpace { trees, leaves, learning_rate, min_rows_per_leaf, input_share };
        prop_assert_eq!(space.validate(), Ok(()));
        let drawn = space.draw(seed, trial, &BoostParameters::default());
        prop_assert_eq!(drawn.validate(), Ok(()));
        let within = |[lowest, highest]: [usize; 2], drawn: usize| (lowest..=highest).contains(&drawn);
        prop_assert!(within(trees, drawn.trees));
        prop_assert!(within(leaves, drawn.leaves));
        prop_assert!(within(min_rows_per_leaf, drawn.min_rows_per_leaf));
        let within = |[lowest, highest]: [f64; 2], drawn: f64| (lowest..=highest).contains(&drawn);
        prop_assert!(within(learning_rate, drawn.learning_rate));
        prop_assert!(within(input_share, drawn.input_share));
    }
}

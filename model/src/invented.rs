//! Forests for tests, of every shape that a file can have.

use crate::forest::{Aggregate, Forest, Link};
use crate::tree::{Node, Tree};
use proptest::prelude::*;
use proptest::sample::Index;

/// What one node of an invented tree draws.
type Draw = (Index, Index, f32, bool);

/// Numbers of which many are equal, so that values meet thresholds, with infinities.
fn threshold() -> impl Strategy<Value = f32> {
    prop_oneof![
        8 => (-4_i8..=4).prop_map(f32::from),
        1 => prop::sample::select(vec![f32::INFINITY, f32::NEG_INFINITY, -0.0]),
        1 => -10.0_f32..10.0,
    ]
}

/// A value of a row: as thresholds are, or NaN.
fn value() -> impl Strategy<Value = f32> {
    prop_oneof![8 => threshold(), 1 => Just(f32::NAN)]
}

/// A tree of one split for each draw. Each takes the place of a leaf: of the last one in a chain, else of any.
fn tree(features: u16, chain: bool, draws: &[Draw]) -> Tree {
    let mut nodes = vec![Node::Leaf { value: 0.25 }];
    let mut leaves = vec![0];
    for (place, feature, threshold, nan_low) in draws {
        let place = if chain {
            leaves.len() - 1
        } else {
            place.index(leaves.len())
        };
        let leaf = leaves.swap_remove(place);
        let low = nodes.len() as u32;
        nodes[leaf] = Node::Split {
            feature: feature.index(usize::from(features)) as u16,
            threshold: *threshold,
            nan_low: *nan_low,
            low,
            high: low + 1,
        };
        for value in [*threshold, threshold * 1.3] {
            let value = if value.is_finite() { value } else { 1e30 };
            leaves.push(nodes.len());
            nodes.push(Node::Leaf { value });
        }
    }
    Tree::from_nodes(&nodes).expect("leaves were replaced by splits")
}

/// A forest of 1 to 40 trees: single leaves, chains of up to 60 splits, bushes; of few features or of hundreds; with
/// either link.
pub(crate) fn forest() -> impl Strategy<Value = Forest> {
    let draws = (any::<Index>(), any::<Index>(), threshold(), any::<bool>());
    let trees = prop::collection::vec((any::<bool>(), prop::collection::vec(draws, 0..60)), 1..40);
    let features = prop_oneof![1_u16..5, 250_u16..700];
    let aggregate = prop::sample::select(vec![Aggregate::Average, Aggregate::Sum]);
    let log_today = prop::option::of(any::<Index>());
    (features, trees, aggregate, -9.0_f32..9.0, log_today).prop_map(
        |(features, trees, aggregate, base_value, log_today)| {
            let names = (0..features).map(|feature| format!("f{feature}")).collect();
            let trees = trees
                .iter()
                .map(|(chain, draws)| tree(features, *chain, draws));
            let link = log_today.map_or(Link::Identity, |column| Link::LogRatio {
                log_today: column.index(usize::from(features)) as u16,
            });
            Forest::new(names, trees.collect())
                .and_then(|forest| forest.with_aggregate(aggregate, base_value))
                .and_then(|forest| forest.with_link(link))
                .expect("trees ask for features that exist")
        },
    )
}

/// A forest and rows for it, row-major.
pub(crate) fn forest_and_rows() -> impl Strategy<Value = (Forest, Vec<f32>)> {
    (forest(), 0_usize..40).prop_flat_map(|(forest, rows)| {
        let values = rows * forest.feature_count();
        (Just(forest), prop::collection::vec(value(), values))
    })
}

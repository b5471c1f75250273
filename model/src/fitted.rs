//! From smartcore's fitted forest to our trees.
//!
//! smartcore keeps its nodes private, and serde is the one way to them. The structs below mirror the fields of smartcore
//! 0.7.0 (`RandomForestRegressor`, `BaseForest`, `BaseTree`, `Node`) one by one, which is why the workspace pins that
//! version. The bytes between are postcard's: compact, quick, and exact for float64.

use crate::tree::{Node, Tree};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct FittedRegressor {
    forest_regressor: Option<FittedForest>,
}

#[derive(Deserialize)]
struct FittedForest {
    trees: Option<Vec<FittedTree>>,
}

#[derive(Deserialize)]
struct FittedTree {
    nodes: Vec<FittedNode>,
    _parameters: Option<FittedTreeParameters>,
    _depth: u16,
    _root_mass: f64,
}

#[derive(Deserialize)]
struct FittedTreeParameters {
    _max_depth: Option<u16>,
    _min_samples_leaf: usize,
    _min_samples_split: usize,
    _seed: Option<u64>,
    _splitter: FittedSplitter,
}

#[derive(Deserialize)]
enum FittedSplitter {
    Random,
    Best,
}

/// A leaf is a node without children; it may keep the threshold of a split that was found and not made.
#[derive(Deserialize)]
struct FittedNode {
    output: f64,
    split_feature: u16,
    split_value: Option<f64>,
    _split_score: Option<f64>,
    true_child: Option<u32>,
    false_child: Option<u32>,
}

/// The trees of a fitted `RandomForestRegressor`, in its order.
///
/// Panics where the mirror no longer fits smartcore, which tests would show.
pub(crate) fn trees_of(regressor: &impl Serialize) -> Vec<Tree> {
    let bytes = postcard::to_stdvec(regressor).expect("smartcore's forest has a plain serde form");
    // What follows the trees is left over: the number of features, and no samples.
    let (fitted, _): (FittedRegressor, _) =
        postcard::take_from_bytes(&bytes).expect("the mirror fits smartcore 0.7.0");
    let forest = fitted.forest_regressor.and_then(|forest| forest.trees);
    let trees = forest.expect("a fitted forest has its trees").into_iter();
    trees.map(|tree| tree_of(&tree.nodes)).collect()
}

fn tree_of(fitted: &[FittedNode]) -> Tree {
    let nodes: Vec<Node> = fitted.iter().map(node_of).collect();
    Tree::from_nodes(&nodes).expect("smartcore grows a tree from node 0")
}

fn node_of(fitted: &FittedNode) -> Node {
    match (fitted.true_child, fitted.false_child, fitted.split_value) {
        (Some(low), Some(high), Some(threshold)) => Node::Split {
            feature: fitted.split_feature,
            threshold: round_down(threshold),
            nan_low: false,
            low,
            high,
        },
        _ => Node::Leaf {
            value: fitted.output as f32,
        },
    }
}

/// The largest float32 that is not above `threshold`.
///
/// For every float32 `x`, `x <= threshold` and `x <= round_down(threshold)` are the same. Rounding to nearest
/// instead can go up past a feature value and send its rows the other way.
fn round_down(threshold: f64) -> f32 {
    let nearest = threshold as f32;
    if f64::from(nearest) > threshold {
        nearest.next_down()
    } else {
        nearest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use smartcore::ensemble::random_forest_regressor::{
        RandomForestRegressor, RandomForestRegressorParameters,
    };
    use smartcore::linalg::basic::matrix::DenseMatrix;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// A forest of one tree predicts a leaf, so that float32 of it must be ours to the bit. Feature values are
        /// few neighbouring float32, where midpoints fall between representable numbers.
        #[test]
        fn a_tree_predicts_what_smartcore_predicts(
            rows in prop::collection::vec((0_u32..40, 0_u32..4, -1e9_f64..1e9), 1..200),
            min_samples_leaf in 1_usize..6,
            seed: u64,
        ) {
            let first = rows.iter().map(|row| f32::from_bits(0x4000_0000 + row.0));
            let second = rows.iter().map(|row| -f32::from_bits(0x3f80_0000 + row.1));
            let column_major: Vec<f32> = first.chain(second).collect();
            let inputs = DenseMatrix::new(rows.len(), 2, column_major.clone(), true).unwrap();
            let targets: Vec<f64> = rows.iter().map(|row| row.2).collect();
            let parameters = RandomForestRegressorParameters {
                min_samples_leaf,
                n_trees: 1,
                m: Some(2),
                seed,
                ..RandomForestRegressorParameters::default()
            };

            let regressor = RandomForestRegressor::fit(&inputs, &targets, parameters).unwrap();
            let trees = trees_of(&regressor);
            let expected = regressor.predict(&inputs).unwrap();

            for (row, expected) in expected.iter().enumerate() {
                let value = trees[0].predict(&[column_major[row], column_major[rows.len() + row]]);
                prop_assert_eq!(value.to_bits(), (*expected as f32).to_bits());
            }
        }
    }

    #[test]
    fn rounding_to_nearest_would_take_the_wrong_branch() {
        // The midpoint of two neighbouring float32 is a tie, and the even neighbour is here the upper one.
        let lower = 1.0_f32.next_up();
        let upper = lower.next_up();
        let midpoint = f64::midpoint(f64::from(lower), f64::from(upper));
        assert!(
            f64::from(upper) > midpoint,
            "in float64 the upper value goes high"
        );
        assert!(
            upper <= midpoint as f32,
            "rounded to nearest it would go low"
        );
        assert!(upper > round_down(midpoint), "rounded down it goes high");
        assert!(
            lower <= round_down(midpoint),
            "and the lower value stays low"
        );
    }

    #[test]
    fn rounds_down_on_both_sides_of_zero() {
        for threshold in [
            0.1,
            -0.1,
            0.3,
            -0.3,
            0.0,
            1.0,
            -1.0,
            1e-50,
            -1e-50,
            16_777_217.0,
            -16_777_219.0,
        ] {
            let rounded = round_down(threshold);
            assert!(f64::from(rounded) <= threshold, "{threshold}");
            assert!(f64::from(rounded.next_up()) > threshold, "{threshold}");
        }
    }
}

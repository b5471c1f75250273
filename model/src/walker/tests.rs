//! The walker against the plain walk, to the bit.

use super::Walker;
use super::node::{Compact, Node, Wide};
use crate::forest::Forest;
use crate::invented;
use crate::tree::{Node as TreeNode, Tree};
use proptest::prelude::*;

/// The bits of each row's prediction by the plain walk.
fn expected(forest: &Forest, rows: &[f32]) -> Vec<u64> {
    let rows = rows.chunks(forest.feature_count());
    rows.map(|row| forest.predict(row).to_bits()).collect()
}

fn singly(walker: &Walker, rows: &[f32]) -> Vec<u64> {
    let rows = rows.chunks(walker.feature_count());
    rows.map(|row| walker.predict(row).to_bits()).collect()
}

fn in_a_batch(walker: &Walker, rows: &[f32]) -> Vec<u64> {
    let mut predictions = vec![f64::NAN; rows.len() / walker.feature_count()];
    walker.predict_rows(rows, &mut predictions);
    predictions.into_iter().map(f64::to_bits).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn predicts_what_the_forest_predicts((forest, rows) in invented::forest_and_rows()) {
        let expected = expected(&forest, &rows);
        for walker in [Walker::new(&forest), Walker::wide(&forest)] {
            prop_assert_eq!(&singly(&walker, &rows), &expected);
            prop_assert_eq!(&in_a_batch(&walker, &rows), &expected);
            prop_assert_eq!(walker.feature_count(), forest.feature_count());
            prop_assert_eq!(walker.handles_missing(), forest.handles_missing());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    /// More rows than one block has, with a last block that is not full.
    #[test]
    fn blocks_follow_each_other(forest in invented::forest(), seed: u32) {
        let values = 603 * forest.feature_count() as u32;
        let rows: Vec<f32> = (0..values)
            .map(|place| (place.wrapping_mul(seed | 1) >> 24) as f32 / 16.0 - 8.0)
            .collect();
        let walker = Walker::new(&forest);
        prop_assert_eq!(in_a_batch(&walker, &rows), expected(&forest, &rows));
    }
}

fn unpacked(node: impl Node) -> (f32, usize, usize) {
    (node.threshold(), node.slot(), node.child())
}

#[test]
fn nodes_are_small_and_hold_what_they_are_given() {
    assert_eq!((size_of::<Compact>(), size_of::<Wide>()), (8, 12));
    let largest = (-0.5, Compact::SLOTS - 1, Compact::NODES - 1);
    assert_eq!(unpacked(Compact::new(-0.5, largest.1, largest.2)), largest);
    let largest = (0.25, Wide::SLOTS - 1, Wide::NODES - 1);
    assert_eq!(unpacked(Wide::new(0.25, largest.1, largest.2)), largest);
}

#[test]
#[should_panic(expected = "the node fits")]
fn a_slot_beyond_a_node_is_no_other_slot() {
    Compact::new(0.0, Compact::SLOTS, 0);
}

#[test]
fn threads_may_share_a_walker() {
    fn shared<T: Send + Sync>() {}
    shared::<Walker>();
}

#[test]
#[should_panic(expected = "each row has one value for each feature")]
fn a_row_that_is_cut_off_is_refused() {
    let forest = Forest::new(
        vec!["a".into(), "b".into()],
        vec![Tree::from_nodes(&[TreeNode::Leaf { value: 1.0 }]).unwrap()],
    );
    Walker::new(&forest.unwrap()).predict_rows(&[1.0; 3], &mut [0.0; 2]);
}

//! Predictions of single rows and of batches.

use super::node::{Compact, Node, Wide};
use super::slots::Slots;
use super::trees::{LANES, Trees};
use crate::forest::{Aggregate, Forest, Link};

/// How many values a batch prepares at once, where a row does not have more: 256 KiB of them.
const BLOCK_VALUES: usize = 1 << 16;

/// The most rows that a batch prepares at once.
const BLOCK_ROWS: usize = 256;

/// A forest made ready to predict, quicker than [`Forest::predict`] by an order of magnitude and equal to the bit.
///
/// It is immutable and independent of the forest that it was made of. It takes 8 bytes a node; 12 where splits look
/// at more than 255 slots (see below) or nodes are more than 16 million, so that every forest has a walker. A slot is
/// a feature that is split on, and counts twice where NaN goes low in some splits and high in others.
#[derive(Clone, Debug)]
pub struct Walker {
    feature_count: usize,
    slots: Slots,
    trees: AnyTrees,
    aggregate: Aggregate,
    base_value: f32,
    link: Link,
}

#[derive(Clone, Debug)]
enum AnyTrees {
    Compact(Trees<Compact>),
    Wide(Trees<Wide>),
}

impl Walker {
    /// Lays out the nodes of a forest.
    pub fn new(forest: &Forest) -> Self {
        let slots = Slots::of(forest);
        let compact = slots.count() <= Compact::SLOTS && forest.node_count() <= Compact::NODES;
        let trees = if compact {
            AnyTrees::Compact(Trees::of(forest, &slots))
        } else {
            AnyTrees::Wide(Trees::of(forest, &slots))
        };
        Self::of(forest, slots, trees)
    }

    fn of(forest: &Forest, slots: Slots, trees: AnyTrees) -> Self {
        Self {
            feature_count: forest.feature_count(),
            slots,
            trees,
            aggregate: forest.aggregate(),
            base_value: forest.base_value(),
            link: forest.link(),
        }
    }

    /// A walker of 12 bytes a node, whatever the forest.
    #[cfg(test)]
    pub(super) fn wide(forest: &Forest) -> Self {
        let slots = Slots::of(forest);
        let trees = AnyTrees::Wide(Trees::of(forest, &slots));
        Self::of(forest, slots, trees)
    }

    /// The number of features that a row has.
    pub fn feature_count(&self) -> usize {
        self.feature_count
    }

    /// [`Forest::handles_missing`] of the forest.
    pub fn handles_missing(&self) -> bool {
        self.slots.any_nan_low()
    }

    /// The very number that [`Forest::predict`] gives for the row, NaN and infinities included.
    ///
    /// Panics where the row has not one value for each feature. Allocates only where nodes take 12 bytes.
    pub fn predict(&self, row: &[f32]) -> f64 {
        assert_eq!(
            row.len(),
            self.feature_count,
            "a row has one value for each feature"
        );
        let sum = match &self.trees {
            AnyTrees::Compact(trees) => {
                let mut values = [0.0; Compact::SLOTS];
                for (value, place) in self.slots.values(row).zip(&mut values) {
                    *place = value;
                }
                trees.sum(|slot| values[slot])
            }
            AnyTrees::Wide(trees) => {
                let values: Vec<f32> = self.slots.values(row).collect();
                trees.sum(|slot| values[slot])
            }
        };
        self.finish(sum, row)
    }

    /// [`Walker::predict`] of each row of `rows`, which stand one after the other, into the place of the row in
    /// `predictions`.
    ///
    /// Panics where `rows` has not one value for each feature of each prediction. Allocates one buffer, of 256 KiB
    /// at most, or of 8 rows where those are more.
    pub fn predict_rows(&self, rows: &[f32], predictions: &mut [f64]) {
        assert_eq!(
            rows.len(),
            predictions.len() * self.feature_count,
            "each row has one value for each feature"
        );
        if predictions.len() < LANES {
            for (row, prediction) in rows.chunks(self.feature_count).zip(predictions) {
                *prediction = self.predict(row);
            }
            return;
        }

        let slots = self.slots.count();
        let most_rows = predictions.len().min(BLOCK_ROWS).min(BLOCK_VALUES / slots);
        let groups = most_rows.div_ceil(LANES).max(1);
        let block_rows = groups * LANES;
        // Lanes without a row walk too, and like any walk have to come to rest at a leaf.
        let mut values = vec![[f32::NEG_INFINITY; LANES]; groups * slots];
        let blocks = rows.chunks(block_rows * self.feature_count);
        for (rows, predictions) in blocks.zip(predictions.chunks_mut(block_rows)) {
            for (index, row) in rows.chunks(self.feature_count).enumerate() {
                let (group, lane) = (index / LANES, index % LANES);
                let group_values = &mut values[group * slots..];
                for (value, places) in self.slots.values(row).zip(group_values) {
                    places[lane] = value;
                }
            }
            match &self.trees {
                AnyTrees::Compact(trees) => trees.sums(&values, slots, predictions),
                AnyTrees::Wide(trees) => trees.sums(&values, slots, predictions),
            }
            for (row, prediction) in rows.chunks(self.feature_count).zip(predictions) {
                *prediction = self.finish(*prediction, row);
            }
        }
    }

    fn finish(&self, sum: f64, row: &[f32]) -> f64 {
        let trees = match &self.trees {
            AnyTrees::Compact(trees) => trees.count(),
            AnyTrees::Wide(trees) => trees.count(),
        };
        let number = self.aggregate.finish(sum, trees, self.base_value);
        self.link.apply(number, row)
    }
}

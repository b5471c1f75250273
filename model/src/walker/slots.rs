//! What a node compares with its threshold.

use crate::forest::Forest;
use crate::tree::{Node, Tree};

/// The slot that holds negative infinity, which is at most any value of a leaf.
pub(super) const LOWEST: usize = 0;

/// The values that the splits of a forest look at, numbered from 1: each feature that is used, twice where some of
/// its splits send NaN low and others high.
///
/// So no node has to ask for NaN: where NaN goes low its slot holds negative infinity instead, which is at most any
/// threshold, and where it goes high it stays NaN, which is at most none.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    /// The feature and whether NaN goes low, ascending.
    sources: Vec<(u16, bool)>,
}

impl Slots {
    /// The slots of all splits of the forest.
    pub(super) fn of(forest: &Forest) -> Self {
        let mut used = vec![[false; 2]; forest.feature_count()];
        for node in forest.trees().iter().flat_map(Tree::nodes) {
            if let Node::Split {
                feature, nan_low, ..
            } = *node
            {
                used[usize::from(feature)][usize::from(nan_low)] = true;
            }
        }
        let mut sources = Vec::new();
        for (feature, [nan_high, nan_low]) in used.into_iter().enumerate() {
            if nan_high {
                sources.push((feature as u16, false));
            }
            if nan_low {
                sources.push((feature as u16, true));
            }
        }
        Self { sources }
    }

    /// How many slots there are, with [`LOWEST`].
    pub(super) fn count(&self) -> usize {
        1 + self.sources.len()
    }

    /// The slot of a split. Panics where the forest has no such split.
    pub(super) fn of_split(&self, feature: u16, nan_low: bool) -> usize {
        let source = self.sources.binary_search(&(feature, nan_low));
        1 + source.expect("every split of the forest has its slot")
    }

    /// Whether NaN goes low in some split.
    pub(super) fn any_nan_low(&self) -> bool {
        self.sources.iter().any(|(_, nan_low)| *nan_low)
    }

    /// What the slots hold for a row, in the order of slots.
    pub(super) fn values(&self, row: &[f32]) -> impl Iterator<Item = f32> {
        let of_splits = self.sources.iter().map(|(feature, nan_low)| {
            let value = row[usize::from(*feature)];
            let goes_low = *nan_low && value.is_nan();
            if goes_low { f32::NEG_INFINITY } else { value }
        });
        std::iter::once(f32::NEG_INFINITY).chain(of_splits)
    }
}

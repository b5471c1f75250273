//! Walks over the nodes of all trees.

use super::layout;
use super::node::Node;
use super::slots::Slots;
use crate::forest::Forest;

/// How many walks go on at once: while one waits for its next node, others take their steps.
///
/// For 100 trees of 10,000 nodes, 4 leave the processor waiting, and the positions of 16 do not fit its registers.
pub(super) const LANES: usize = 8;

/// The nodes of all trees, and where each tree begins.
#[derive(Clone, Debug)]
pub(super) struct Trees<N> {
    nodes: Vec<N>,
    roots: Vec<usize>,
}

impl<N: Node> Trees<N> {
    /// Lays out the trees of a forest whose slots and nodes the width can number.
    pub(super) fn of(forest: &Forest, slots: &Slots) -> Self {
        let mut nodes = Vec::with_capacity(forest.node_count());
        let trees = forest.trees().iter();
        let roots = trees
            .map(|tree| layout::append(tree, slots, &mut nodes))
            .collect();
        Self { nodes, roots }
    }

    /// How many trees there are.
    pub(super) fn count(&self) -> usize {
        self.roots.len()
    }

    /// The sum of the trees for the row whose slots hold `value`, in float64 and in the order of trees. The lanes are
    /// trees.
    pub(super) fn sum(&self, value: impl Fn(usize) -> f32) -> f64 {
        let mut sum = 0.0;
        for roots in self.roots.chunks(LANES) {
            // Lanes without a tree walk the first one again.
            let mut positions = [0; LANES];
            positions[..roots.len()].copy_from_slice(roots);
            let leaves = self.walk(positions, |_, slot| value(slot));
            for leaf in &leaves[..roots.len()] {
                sum += f64::from(*leaf);
            }
        }
        sum
    }

    /// The sums of the trees for several rows, each as [`Trees::sum`] gives it. The lanes are rows, and each tree is
    /// done with before the next begins.
    ///
    /// `values` has what each of the `slots` holds for the first [`LANES`] rows, then for the next; there must be a
    /// lane for each row.
    pub(super) fn sums(&self, values: &[[f32; LANES]], slots: usize, sums: &mut [f64]) {
        sums.fill(0.0);
        for root in &self.roots {
            for (values, sums) in values.chunks(slots).zip(sums.chunks_mut(LANES)) {
                let leaves = self.walk([*root; LANES], |lane, slot| values[slot][lane]);
                for (sum, leaf) in sums.iter_mut().zip(leaves) {
                    *sum += f64::from(leaf);
                }
            }
        }
    }

    /// The values of the leaves to which walks from the given positions come, where `value` gives what is in a slot
    /// of a lane.
    fn walk(
        &self,
        mut positions: [usize; LANES],
        value: impl Fn(usize, usize) -> f32,
    ) -> [f32; LANES] {
        loop {
            let mut moved = 0;
            for (lane, position) in positions.iter_mut().enumerate() {
                let node = self.nodes[*position];
                let goes_low = value(lane, node.slot()) <= node.threshold();
                let next = node.child() + usize::from(!goes_low);
                moved |= next ^ *position;
                *position = next;
            }
            if moved == 0 {
                return positions.map(|position| self.nodes[position].threshold());
            }
        }
    }
}

//! Where the nodes of a tree stand in memory.

use super::node::Node;
use super::slots::{LOWEST, Slots};
use crate::tree::{self, Tree};

/// How many levels stand together before what is below each of their nodes follows, in the same way.
///
/// A step then mostly stays within the cache lines that the walk has touched already: for 100 trees of 10,000 nodes,
/// 3 to 5 levels take a third of the time of one (subtree after subtree) and of all (level after level).
const LEVELS: usize = 3;

/// Appends the nodes of a tree, the children of each split side by side, and gives the position of its root.
pub(super) fn append<N: Node>(tree: &Tree, slots: &Slots, nodes: &mut Vec<N>) -> usize {
    let placeholder = N::new(0.0, LOWEST, 0);
    let root = nodes.len();
    nodes.push(placeholder);
    // Nodes of the tree with the positions that were kept for them.
    let mut pending = vec![(0, root)];
    while let Some(top) = pending.pop() {
        let mut level = vec![top];
        for _ in 0..LEVELS {
            let mut next_level = Vec::with_capacity(2 * level.len());
            for (node, position) in level {
                nodes[position] = match tree.nodes()[node] {
                    tree::Node::Leaf { value } => N::new(value, LOWEST, position),
                    tree::Node::Split {
                        feature,
                        threshold,
                        nan_low,
                        low,
                        high,
                    } => {
                        let child = nodes.len();
                        nodes.extend([placeholder; 2]);
                        next_level.extend([(low as usize, child), (high as usize, child + 1)]);
                        N::new(threshold, slots.of_split(feature, nan_low), child)
                    }
                };
            }
            level = next_level;
        }
        pending.extend(level.into_iter().rev());
    }
    root
}

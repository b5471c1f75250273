//! One decision tree: nodes in a flat list.

use thiserror::Error;

/// One node of a [`Tree`], 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Node {
    /// Goes to `low` where the feature is at most the threshold, to `high` where it is more, and with NaN where
    /// `nan_low` says.
    Split {
        /// The column of the feature, counted from 0.
        feature: u16,
        /// The last float32 that goes low; infinite where all numbers, or none but the lowest, do.
        threshold: f32,
        /// Whether NaN goes to `low`.
        nan_low: bool,
        /// The position of the next node where `feature <= threshold`.
        low: u32,
        /// The position of the next node otherwise.
        high: u32,
    },
    /// Ends here.
    Leaf {
        /// The prediction, in the target's unit.
        value: f32,
    },
}

/// A regression tree in pre-order: node 0 is the root, a split's `low` is the node after it, and `high` comes after
/// all of the low side. So equal trees have equal lists, and every walk ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    nodes: Vec<Node>,
}

/// Why nodes do not make a [`Tree`]. Positions are those of the list that was given, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TreeError {
    /// No nodes, so no root.
    #[error("the tree has no nodes")]
    Empty,
    /// More nodes than positions.
    #[error("the tree has {nodes} nodes, more than the {limit} that can be numbered", limit = u32::MAX)]
    TooManyNodes {
        /// How many there are.
        nodes: usize,
    },
    /// A child that is not there.
    #[error("a node refers to node {node}, which does not exist")]
    MissingNode {
        /// The position that was referred to.
        node: usize,
    },
    /// A child of two parents, or one above its parent.
    #[error("node {node} is reached twice, so this is no tree")]
    ReachedTwice {
        /// The node.
        node: usize,
    },
    /// A node without a parent.
    #[error("node {node} cannot be reached from the first node")]
    Unreachable {
        /// The node.
        node: usize,
    },
    /// A leaf value that is infinite or NaN.
    #[error("node {node} has a value that is not finite: train on finite targets")]
    NotFinite {
        /// The node.
        node: usize,
    },
    /// A threshold that is NaN.
    #[error("node {node} has a threshold that no number is on the low side of")]
    Threshold {
        /// The node.
        node: usize,
    },
}

impl Tree {
    /// Makes a tree of nodes in any order, of which the first is the root, and puts them in pre-order.
    ///
    /// Errors unless every node is reached from the root exactly once, values are finite and thresholds are not NaN.
    pub fn from_nodes(nodes: &[Node]) -> Result<Self, TreeError> {
        if nodes.is_empty() {
            return Err(TreeError::Empty);
        }
        if u32::try_from(nodes.len()).is_err() {
            return Err(TreeError::TooManyNodes { nodes: nodes.len() });
        }

        let mut ordered: Vec<Node> = Vec::with_capacity(nodes.len());
        let mut reached = vec![false; nodes.len()];
        // Positions still to visit, each with the split in `ordered` whose high side it is.
        let mut pending: Vec<(usize, Option<usize>)> = vec![(0, None)];
        while let Some((position, high_side_of)) = pending.pop() {
            let Some(node) = nodes.get(position) else {
                return Err(TreeError::MissingNode { node: position });
            };
            if std::mem::replace(&mut reached[position], true) {
                return Err(TreeError::ReachedTwice { node: position });
            }
            let new_position = ordered.len();
            if let Some(parent) = high_side_of
                && let Node::Split { high, .. } = &mut ordered[parent]
            {
                *high = new_position as u32;
            }
            match *node {
                Node::Leaf { value } if !value.is_finite() => {
                    return Err(TreeError::NotFinite { node: position });
                }
                Node::Split { threshold, .. } if threshold.is_nan() => {
                    return Err(TreeError::Threshold { node: position });
                }
                Node::Leaf { .. } => ordered.push(*node),
                Node::Split {
                    feature,
                    threshold,
                    nan_low,
                    low,
                    high,
                } => {
                    // `high` is set when the walk gets there.
                    ordered.push(Node::Split {
                        feature,
                        threshold,
                        nan_low,
                        low: new_position as u32 + 1,
                        high: 0,
                    });
                    pending.push((high as usize, Some(new_position)));
                    pending.push((low as usize, None));
                }
            }
        }
        match reached.iter().position(|reached| !reached) {
            Some(node) => Err(TreeError::Unreachable { node }),
            None => Ok(Self { nodes: ordered }),
        }
    }

    /// The nodes in pre-order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The value of the leaf that the row falls into. Panics where the row has too few features.
    pub fn predict(&self, row: &[f32]) -> f32 {
        let mut position = 0;
        loop {
            match self.nodes[position] {
                Node::Leaf { value } => return value,
                Node::Split {
                    feature,
                    threshold,
                    nan_low,
                    low,
                    high,
                } => {
                    let value = row[usize::from(feature)];
                    let goes_low = value <= threshold || (nan_low && value.is_nan());
                    position = if goes_low { low } else { high } as usize;
                }
            }
        }
    }

    /// The highest feature that a split asks for, or `None` where the root is a leaf.
    pub(crate) fn highest_feature(&self) -> Option<u16> {
        let features = self.nodes.iter().filter_map(|node| match node {
            Node::Split { feature, .. } => Some(*feature),
            Node::Leaf { .. } => None,
        });
        features.max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAF: Node = Node::Leaf { value: 1.0 };

    fn split(low: u32, high: u32) -> Node {
        Node::Split {
            feature: 0,
            threshold: 0.5,
            nan_low: false,
            low,
            high,
        }
    }

    #[test]
    fn a_node_takes_sixteen_bytes() {
        assert_eq!(size_of::<Node>(), 16);
    }

    #[test]
    fn puts_nodes_in_pre_order() {
        let value = |value| Node::Leaf { value };
        let tree =
            Tree::from_nodes(&[split(1, 2), split(4, 3), value(1.0), value(2.0), value(3.0)])
                .unwrap();
        assert_eq!(
            tree.nodes(),
            [split(1, 4), split(2, 3), value(3.0), value(2.0), value(1.0)]
        );
        assert_eq!(Tree::from_nodes(tree.nodes()).unwrap(), tree);
    }

    #[test]
    fn the_threshold_itself_goes_low_and_nan_where_the_node_says() {
        let goes_high = |root| {
            let tree = Tree::from_nodes(&[root, Node::Leaf { value: -1.0 }, LEAF]).unwrap();
            [0.5, 0.5_f32.next_up(), f32::NAN].map(|value| tree.predict(&[value]) > 0.0)
        };
        let nan_low = |threshold| Node::Split {
            feature: 0,
            threshold,
            nan_low: true,
            low: 1,
            high: 2,
        };
        assert_eq!(goes_high(split(1, 2)), [false, true, true]);
        assert_eq!(goes_high(nan_low(0.5)), [false, true, false]);
        assert_eq!(goes_high(nan_low(f32::NEG_INFINITY)), [true, true, false]);
    }

    #[test]
    fn refuses_what_is_no_tree() {
        let refusal = |nodes: &[Node]| Tree::from_nodes(nodes).unwrap_err();
        assert_eq!(refusal(&[]), TreeError::Empty);
        assert_eq!(
            refusal(&[split(1, 2), LEAF]),
            TreeError::MissingNode { node: 2 }
        );
        assert_eq!(
            refusal(&[split(1, 1), LEAF]),
            TreeError::ReachedTwice { node: 1 }
        );
        assert_eq!(
            refusal(&[split(1, 0), LEAF]),
            TreeError::ReachedTwice { node: 0 }
        );
        assert_eq!(refusal(&[LEAF, LEAF]), TreeError::Unreachable { node: 1 });
        assert_eq!(
            refusal(&[Node::Leaf {
                value: f32::INFINITY
            }]),
            TreeError::NotFinite { node: 0 }
        );
        let root = Node::Split {
            feature: 0,
            threshold: f32::NAN,
            nan_low: false,
            low: 1,
            high: 2,
        };
        assert_eq!(
            refusal(&[root, LEAF, LEAF]),
            TreeError::Threshold { node: 0 }
        );
    }
}

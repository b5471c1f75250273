//! The modes of branches, brought to the one form that our nodes have.

use super::ensemble::BRANCH_LEQ;
use crate::tree::Node;

/// A branch as a file has it: rows for which the mode's comparison with the threshold holds take the true child.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Branch {
    pub(super) feature: u16,
    pub(super) threshold: f32,
    /// `nodes_missing_value_tracks_true`: whether NaN takes the true child as well.
    pub(super) nan_true: bool,
    pub(super) true_child: u32,
    pub(super) false_child: u32,
}

impl Branch {
    /// The split that sends every value, NaN and infinities included, where this branch does; `None` for a mode that
    /// compares in another way.
    ///
    /// For float32, `x < t` is `x <= t.next_down()`, and what is not `<=` is `>`, but for NaN. Below negative
    /// infinity is nothing: that threshold becomes NaN, and [`Tree::from_nodes`](crate::tree::Tree::from_nodes)
    /// refuses it.
    pub(super) fn normalised(self, mode: &[u8]) -> Option<Node> {
        let at_most = Node::Split {
            feature: self.feature,
            threshold: self.threshold,
            nan_low: self.nan_true,
            low: self.true_child,
            high: self.false_child,
        };
        match mode {
            BRANCH_LEQ => Some(at_most),
            b"BRANCH_LT" => self.below().normalised(BRANCH_LEQ),
            b"BRANCH_GT" => self.opposite().normalised(BRANCH_LEQ),
            b"BRANCH_GTE" => self.opposite().normalised(b"BRANCH_LT"),
            _ => None,
        }
    }

    /// The branch of which "at most" is this one's "less than".
    fn below(self) -> Self {
        let threshold = if self.threshold == f32::NEG_INFINITY {
            f32::NAN
        } else {
            self.threshold.next_down()
        };
        Self { threshold, ..self }
    }

    /// The branch that does where the comparison fails what this one does where it holds.
    fn opposite(self) -> Self {
        Self {
            nan_true: !self.nan_true,
            true_child: self.false_child,
            false_child: self.true_child,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Tree;
    use proptest::prelude::*;

    /// Zeros of both signs, the ends of each range, and anything.
    fn number() -> impl Strategy<Value = f32> {
        let edges = [
            0.0,
            -0.0,
            f32::MIN,
            f32::MAX,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::MIN_POSITIVE,
            1.0,
        ];
        prop_oneof![
            prop::sample::select(edges.to_vec()),
            any::<u32>().prop_map(f32::from_bits),
        ]
    }

    /// The mode, taken literally.
    fn holds(mode: &str, value: f32, threshold: f32) -> bool {
        match mode {
            "BRANCH_LEQ" => value <= threshold,
            "BRANCH_LT" => value < threshold,
            "BRANCH_GT" => value > threshold,
            "BRANCH_GTE" => value >= threshold,
            _ => unreachable!("{mode}"),
        }
    }

    proptest! {
        #[test]
        fn a_split_takes_the_side_of_its_branch(
            mode in prop::sample::select(vec!["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GT", "BRANCH_GTE"]),
            threshold in number().prop_filter("NaN is refused", |threshold| !threshold.is_nan()),
            other in number(),
            steps in -1_i32..=1,
            nan_true: bool,
        ) {
            let branch = Branch { feature: 0, threshold, nan_true, true_child: 1, false_child: 2 };
            let split = branch.normalised(mode.as_bytes()).unwrap();
            let leaves = [1.0, 0.0].map(|value| Node::Leaf { value });
            let Ok(tree) = Tree::from_nodes(&[split, leaves[0], leaves[1]]) else {
                prop_assert!(threshold.is_infinite() && threshold < 0.0);
                prop_assert!(matches!(mode, "BRANCH_LT" | "BRANCH_GTE"));
                return Ok(());
            };
            let neighbour = match steps {
                -1 => threshold.next_down(),
                0 => threshold,
                _ => threshold.next_up(),
            };
            for value in [neighbour, other, f32::NAN] {
                let expected = holds(mode, value, threshold) || (value.is_nan() && nan_true);
                prop_assert_eq!(tree.predict(&[value]) > 0.5, expected, "{} {}", value, threshold);
            }
        }
    }

    #[test]
    fn other_comparisons_have_no_split() {
        let branch = Branch {
            feature: 0,
            threshold: 1.0,
            nan_true: false,
            true_child: 1,
            false_child: 2,
        };
        for mode in ["BRANCH_EQ", "BRANCH_NEQ", "BRANCH_MEMBER", "LEAF", ""] {
            assert_eq!(branch.normalised(mode.as_bytes()), None);
        }
    }
}

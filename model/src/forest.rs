//! The forest: the mean of its trees, over a schema of named float32 features.

use crate::matrix::{Matrix, repeated_name};
use crate::tree::Tree;
use rayon::prelude::*;
use thiserror::Error;

/// A trained regression forest and the names of the features that it reads, in order.
///
/// Thresholds and leaf values are float32 already, which is what an ONNX file holds. So writing a forest and
/// reading it back gives an equal one, and [`Forest::predict`] takes the branches that an ONNX runtime takes; the
/// two differ only in how they round the sum over trees, by less than 1e-5 relative.
#[derive(Clone, Debug, PartialEq)]
pub struct Forest {
    feature_names: Vec<String>,
    trees: Vec<Tree>,
}

/// Why features and trees do not make a [`Forest`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ForestError {
    /// A mean over nothing.
    #[error("the forest has no trees")]
    NoTrees,
    /// No feature to read, or more than a node can refer to.
    #[error("the forest has {features} features, and needs between 1 and {limit}", limit = u16::MAX)]
    FeatureCount {
        /// How many there are.
        features: usize,
    },
    /// Two features of one name.
    #[error("the forest has two features of the name `{name}`")]
    RepeatedName {
        /// The name.
        name: String,
    },
    /// A split on a feature outside the schema.
    #[error("tree {tree} asks for feature {feature}, and the forest has {features}")]
    FeatureOutOfRange {
        /// The tree, counted from 0.
        tree: usize,
        /// The feature that it asks for, counted from 0.
        feature: u16,
        /// How many features the schema has.
        features: usize,
    },
}

impl Forest {
    /// Makes a forest of at least one tree over at least one feature.
    ///
    /// Errors where names repeat or a tree asks for a feature beyond `feature_names`.
    pub fn new(feature_names: Vec<String>, trees: Vec<Tree>) -> Result<Self, ForestError> {
        let features = feature_names.len();
        if features == 0 || features > usize::from(u16::MAX) {
            return Err(ForestError::FeatureCount { features });
        }
        if let Some(name) = repeated_name(&feature_names) {
            return Err(ForestError::RepeatedName {
                name: name.to_owned(),
            });
        }
        if trees.is_empty() {
            return Err(ForestError::NoTrees);
        }
        for (index, tree) in trees.iter().enumerate() {
            if let Some(feature) = tree
                .highest_feature()
                .filter(|feature| usize::from(*feature) >= features)
            {
                return Err(ForestError::FeatureOutOfRange {
                    tree: index,
                    feature,
                    features,
                });
            }
        }
        Ok(Self {
            feature_names,
            trees,
        })
    }

    /// The names of the features, in the order in which rows give them.
    pub fn feature_names(&self) -> &[String] {
        &self.feature_names
    }

    /// The number of features that a row has.
    pub fn feature_count(&self) -> usize {
        self.feature_names.len()
    }

    /// The trees, at least one.
    pub fn trees(&self) -> &[Tree] {
        &self.trees
    }

    /// The number of nodes of all trees.
    pub fn node_count(&self) -> usize {
        self.trees.iter().map(|tree| tree.nodes().len()).sum()
    }

    /// The mean over the trees, in the target's unit, summed in float64 in the order of trees.
    ///
    /// `row` has one value for each feature, in schema order; cast float64 values with
    /// [`to_feature`](crate::matrix::to_feature). Panics where the row has another length.
    pub fn predict(&self, row: &[f32]) -> f64 {
        assert_eq!(
            row.len(),
            self.feature_count(),
            "a row has one value for each feature"
        );
        let sum: f64 = self
            .trees
            .iter()
            .map(|tree| f64::from(tree.predict(row)))
            .sum();
        sum / self.trees.len() as f64
    }

    /// [`Forest::predict`] of the given rows of `features`, in the order of `rows`, on the current rayon pool.
    ///
    /// Panics where `features` has other columns than the schema, or fewer rows than `rows` asks for.
    pub fn predict_rows(&self, features: &Matrix, rows: &[usize]) -> Vec<f64> {
        assert_eq!(
            features.names(),
            self.feature_names,
            "the matrix has the columns of the schema"
        );
        rows.par_iter()
            .map(|row| self.predict(&features.row(*row)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Node;

    fn stump(feature: u16) -> Tree {
        let split = Node::Split {
            feature,
            threshold: 2.0,
            low: 1,
            high: 2,
        };
        Tree::from_nodes(&[split, Node::Leaf { value: 1.0 }, Node::Leaf { value: 3.0 }]).unwrap()
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn predicts_the_mean_of_its_trees() {
        let forest = Forest::new(names(&["a", "b"]), vec![stump(0), stump(1)]).unwrap();
        let columns = vec![vec![2.0, 2.5, 9.0], vec![0.0, 1.0, 9.0]];
        let features = Matrix::from_columns(names(&["a", "b"]), columns).unwrap();
        let predictions = forest.predict_rows(&features, &[2, 0, 1]);
        assert_eq!(predictions, [3.0, 1.0, 2.0]);
        assert_eq!((forest.feature_count(), forest.node_count()), (2, 6));
    }

    #[test]
    fn refuses_what_is_no_forest() {
        let refusal =
            |feature_names: &[&str], trees| Forest::new(names(feature_names), trees).unwrap_err();
        assert_eq!(refusal(&["a"], vec![]), ForestError::NoTrees);
        assert_eq!(
            refusal(&[], vec![stump(0)]),
            ForestError::FeatureCount { features: 0 }
        );
        assert_eq!(
            refusal(&["a", "a"], vec![stump(0)]),
            ForestError::RepeatedName { name: "a".into() }
        );
        assert_eq!(
            refusal(&["a"], vec![stump(0), stump(1)]),
            ForestError::FeatureOutOfRange {
                tree: 1,
                feature: 1,
                features: 1
            }
        );
    }
}

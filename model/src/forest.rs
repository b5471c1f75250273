//! The forest: the mean or the sum of its trees, and what is made of it, over a schema of named float32 features.

mod link;

pub use link::Link;
pub(crate) use link::volume_of;

use crate::matrix::{Matrix, repeated_name};
use crate::tree::{Node, Tree};
use rayon::prelude::*;
use thiserror::Error;

/// How the values of the trees become one, as `aggregate_function` of ONNX's TreeEnsembleRegressor has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// Their mean: random forests.
    Average,
    /// Their sum: boosted trees.
    Sum,
}

impl Aggregate {
    /// The number that `trees` trees make whose values add up to `sum`. Source: `FinalizeScores1` in ONNX Runtime's
    /// `tree_ensemble_aggregator.h`, there in float32.
    pub(crate) fn finish(self, sum: f64, trees: usize, base_value: f32) -> f64 {
        let aggregated = match self {
            Self::Average => sum / trees as f64,
            Self::Sum => sum,
        };
        aggregated + f64::from(base_value)
    }
}

/// A regression forest and the names of the features that it reads, in order.
///
/// Thresholds and leaf values are float32 already, which is what an ONNX file holds. So writing a forest and
/// reading it back gives an equal one, and [`Forest::predict`] takes the branches that an ONNX runtime takes; the
/// two differ only in how they round the sum over trees, by less than 1e-5 relative; and with [`Link::LogRatio`] in
/// how they round the exponential, by less than 1e-5 of one more than the prediction.
#[derive(Clone, Debug, PartialEq)]
pub struct Forest {
    feature_names: Vec<String>,
    trees: Vec<Tree>,
    aggregate: Aggregate,
    base_value: f32,
    link: Link,
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
    /// A link on a feature outside the schema.
    #[error("the link asks for feature {feature}, and the forest has {features}")]
    LinkFeatureOutOfRange {
        /// The feature that it asks for, counted from 0.
        feature: u16,
        /// How many features the schema has.
        features: usize,
    },
    /// A base value that is infinite or NaN.
    #[error("the base value is not finite: train on finite targets")]
    BaseValueNotFinite,
}

impl Forest {
    /// Makes a forest of at least one tree over at least one feature, which predicts the mean of its trees and nothing else.
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
            aggregate: Aggregate::Average,
            base_value: 0.0,
            link: Link::Identity,
        })
    }

    /// The same trees with another aggregate, to which `base_value` is added, in the unit of the leaves.
    ///
    /// Errors where the base value is not finite.
    pub fn with_aggregate(
        self,
        aggregate: Aggregate,
        base_value: f32,
    ) -> Result<Self, ForestError> {
        if !base_value.is_finite() {
            return Err(ForestError::BaseValueNotFinite);
        }
        Ok(Self {
            aggregate,
            base_value,
            ..self
        })
    }

    /// The same forest with another link. Errors where the link asks for a feature beyond the schema.
    pub fn with_link(self, link: Link) -> Result<Self, ForestError> {
        let features = self.feature_count();
        match link {
            Link::LogRatio { log_today } if usize::from(log_today) >= features => {
                Err(ForestError::LinkFeatureOutOfRange {
                    feature: log_today,
                    features,
                })
            }
            _ => Ok(Self { link, ..self }),
        }
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

    /// How the values of the trees become one.
    pub fn aggregate(&self) -> Aggregate {
        self.aggregate
    }

    /// What is added to the aggregate, in the unit of the leaves; finite.
    pub fn base_value(&self) -> f32 {
        self.base_value
    }

    /// What a prediction is made of.
    pub fn link(&self) -> Link {
        self.link
    }

    /// The number of nodes of all trees.
    pub fn node_count(&self) -> usize {
        self.trees.iter().map(|tree| tree.nodes().len()).sum()
    }

    /// Whether a split sends NaN low, so that NaN means a missing value and not a number beyond all thresholds.
    pub fn handles_missing(&self) -> bool {
        let mut nodes = self.trees.iter().flat_map(Tree::nodes);
        nodes.any(|node| matches!(node, Node::Split { nan_low: true, .. }))
    }

    /// The link of the aggregate over the trees and the base value, in the target's unit, summed in float64 in the
    /// order of trees.
    ///
    /// `row` has one value for each feature, in schema order, NaN where it is missing; cast float64 values with
    /// [`to_feature`](crate::matrix::to_feature). Panics where the row has another length.
    pub fn predict(&self, row: &[f32]) -> f64 {
        assert_eq!(
            row.len(),
            self.feature_count(),
            "a row has one value for each feature"
        );
        let values = self.trees.iter().map(|tree| f64::from(tree.predict(row)));
        let sum = values.fold(0.0, |sum, value| sum + value);
        let number = self
            .aggregate
            .finish(sum, self.trees.len(), self.base_value);
        self.link.apply(number, row)
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
mod tests;

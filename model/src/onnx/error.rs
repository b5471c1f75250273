//! Why a file is refused.

use super::{FEATURE_NAMES_KEY, OPERATOR, OPERATOR_DOMAIN};
use crate::forest::ForestError;
use crate::tree::TreeError;
use thiserror::Error;

/// Why bytes are not a forest that this crate can predict with.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Not protobuf, or cut off.
    #[error("the file is not an ONNX model: write it again")]
    Decode(#[from] prost::DecodeError),
    /// A model without a graph.
    #[error("the ONNX model has no graph: write it again")]
    NoGraph,
    /// A graph with none or several of the one operator that it may have.
    #[error(
        "the ONNX graph has {operators} operators {OPERATOR}: give a model that is a single one"
    )]
    OperatorCount {
        /// How many there are.
        operators: usize,
    },
    /// Another kind of model.
    #[error(
        "the operator is `{domain}{dot}{operator}`: give a model that is a single {OPERATOR_DOMAIN}.{OPERATOR}",
        dot = if domain.is_empty() { "" } else { "." }
    )]
    Operator {
        /// The domain of the operator, empty for ONNX's own.
        domain: String,
        /// Its name.
        operator: String,
    },
    /// Operators that pass by each other.
    #[error(
        "the operators do not lead from the input to the output: give a model that is a single {OPERATOR}"
    )]
    Chain,
    /// An attribute that changes predictions in a way that a forest does not.
    #[error("the attribute `{attribute}` is not supported: give a model without it")]
    Attribute {
        /// Its name.
        attribute: String,
    },
    /// Trees that are neither summed nor averaged.
    #[error(
        "the trees are aggregated by `{aggregate}`: give a model that takes their SUM or AVERAGE"
    )]
    Aggregate {
        /// How they are aggregated.
        aggregate: String,
    },
    /// A branch that does not compare by order.
    #[error(
        "a tree node has the mode `{mode}`: give a model of BRANCH_LEQ, BRANCH_LT, BRANCH_GT, BRANCH_GTE and LEAF nodes"
    )]
    Mode {
        /// The mode.
        mode: String,
    },
    /// Lists of one operator that differ in length.
    #[error("the attribute `{attribute}` has {entries} entries and needs {expected}")]
    AttributeLength {
        /// Its name.
        attribute: &'static str,
        /// Its length.
        entries: usize,
        /// The length of the lists that it belongs to.
        expected: usize,
    },
    /// More than one output.
    #[error("the model predicts more than one target: give a model of one")]
    SeveralTargets,
    /// A number where a node, tree or feature should be.
    #[error("`{attribute}` refers to {id}, which does not exist")]
    Id {
        /// The attribute.
        attribute: &'static str,
        /// What it refers to.
        id: i64,
    },
    /// A node, tree or leaf value that is given twice.
    #[error("`{attribute}` gives {id} of tree {tree} twice")]
    Repeated {
        /// The attribute.
        attribute: &'static str,
        /// The number of the tree.
        tree: i64,
        /// The number that is given twice.
        id: i64,
    },
    /// A leaf without a value, or a value without a leaf.
    #[error("the model has {leaves} leaves and {values} values for them: every leaf needs one")]
    LeafValues {
        /// How many leaves have a value.
        leaves: usize,
        /// How many values there are.
        values: usize,
    },
    /// An input that is not float32 of a fixed number of columns.
    #[error(
        "the input is not a float32 tensor of shape [N, features]: give a model with one such input"
    )]
    Input,
    /// Not one output.
    #[error("the model has not one output: give a model that predicts one number a row")]
    Output,
    /// Names that are not a JSON array of strings, one for each column of the input.
    #[error(
        "the metadata entry `{FEATURE_NAMES_KEY}` does not name the {features} columns of the input"
    )]
    FeatureNames {
        /// The columns of the input.
        features: usize,
    },
    /// Nodes that make no tree.
    #[error("tree {tree} is malformed")]
    Tree {
        /// The tree, counted from 0.
        tree: usize,
        /// What is wrong with it.
        source: TreeError,
    },
    /// Trees that make no forest.
    #[error("the trees make no forest")]
    Forest(#[from] ForestError),
}

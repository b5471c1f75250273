//! A forest to the bytes of an ONNX file.

use super::ensemble::{AVERAGE, BRANCH_LEQ, Ensemble, LEAF, SUM};
use super::link;
use super::messages::{
    Dimension, Entry, Extent, FLOAT, Graph, Model, Operation, OperatorSet, Shape, Tensor, Type,
    ValueInfo,
};
use super::{
    FEATURE_NAMES_KEY, INPUT_NAME, OPERATOR, OPERATOR_DOMAIN, OPERATOR_VERSION, OUTPUT_NAME,
};
use crate::forest::{Aggregate, Forest};
use crate::tree::{Node, Tree};
use bytes::Bytes;
use prost::Message;
use std::collections::BTreeMap;

/// The IR version of ONNX 1.11, the first release with ai.onnx.ml 3 (`VERSION_TABLE` in `onnx/helper.py`).
const IR_VERSION: i64 = 8;

/// The default operator set of the same release. Links are made of it; checkers ask for it without them too.
const DEFAULT_OPSET_VERSION: i64 = 16;

/// What an ONNX file says about its model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description<'a> {
    /// The name of the graph; ONNX asks for one that is not empty.
    pub model_name: &'a str,
    /// A sentence on what the model predicts, for people.
    pub doc_string: &'a str,
    /// Further metadata, written in the order of keys after [`FEATURE_NAMES_KEY`], which it must not contain.
    pub metadata: &'a BTreeMap<String, String>,
}

/// Writes the forest as an ONNX model: opset 3 of ai.onnx.ml, one `TreeEnsembleRegressor`, and what its link is made of.
///
/// The input is [`INPUT_NAME`], the output [`OUTPUT_NAME`]. A node's id is its position in the tree; thresholds
/// and values go out as they are, since the forest holds float32 already. The same forest and description give the
/// same bytes. Panics where the model name is empty or the metadata contain [`FEATURE_NAMES_KEY`].
pub fn write(forest: &Forest, description: &Description<'_>) -> Vec<u8> {
    assert!(
        !description.model_name.is_empty(),
        "an ONNX graph has a name"
    );
    let trees = Operation {
        input: vec![INPUT_NAME.to_owned()],
        output: vec![link::tensor_of_trees(forest.link()).to_owned()],
        name: "forest".to_owned(),
        op_type: OPERATOR.to_owned(),
        attribute: ensemble_of(forest).into_attributes(),
        domain: OPERATOR_DOMAIN.to_owned(),
    };
    let mut node = vec![trees];
    node.extend(link::operations_of(forest.link()));
    let graph = Graph {
        node,
        name: description.model_name.to_owned(),
        input: vec![float_tensor(INPUT_NAME, forest.feature_count() as i64)],
        output: vec![float_tensor(OUTPUT_NAME, 1)],
    };
    let model = Model {
        ir_version: IR_VERSION,
        producer_name: "tickermill".to_owned(),
        doc_string: description.doc_string.to_owned(),
        graph: Some(graph),
        opset_import: vec![
            OperatorSet {
                domain: OPERATOR_DOMAIN.to_owned(),
                version: OPERATOR_VERSION,
            },
            OperatorSet {
                domain: String::new(),
                version: DEFAULT_OPSET_VERSION,
            },
        ],
        metadata_props: metadata_of(forest, description.metadata),
    };
    model.encode_to_vec()
}

fn metadata_of(forest: &Forest, further: &BTreeMap<String, String>) -> Vec<Entry> {
    assert!(
        !further.contains_key(FEATURE_NAMES_KEY),
        "the feature names are the forest's own"
    );
    let feature_names =
        serde_json::to_string(forest.feature_names()).expect("strings have a JSON form");
    let mut entries = vec![Entry {
        key: FEATURE_NAMES_KEY.to_owned(),
        value: feature_names,
    }];
    for (key, value) in further {
        entries.push(Entry {
            key: key.clone(),
            value: value.clone(),
        });
    }
    entries
}

/// A float32 tensor of any number of rows.
fn float_tensor(name: &str, columns: i64) -> ValueInfo {
    let shape = Shape {
        dim: vec![
            Dimension {
                value: Some(Extent::Parameter("N".to_owned())),
            },
            Dimension {
                value: Some(Extent::Value(columns)),
            },
        ],
    };
    let tensor = Tensor {
        elem_type: FLOAT,
        shape: Some(shape),
    };
    ValueInfo {
        name: name.to_owned(),
        r#type: Some(Type {
            tensor_type: Some(tensor),
        }),
    }
}

fn ensemble_of(forest: &Forest) -> Ensemble {
    let aggregate_function = Bytes::from_static(match forest.aggregate() {
        Aggregate::Average => AVERAGE,
        Aggregate::Sum => SUM,
    });
    let mut ensemble = Ensemble {
        aggregate_function,
        n_targets: 1,
        ..Ensemble::default()
    };
    for (tree_id, tree) in forest.trees().iter().enumerate() {
        push_tree(&mut ensemble, tree_id as i64, tree);
    }
    // Zeros are left out.
    if forest.base_value() != 0.0 {
        ensemble.base_values.push(forest.base_value());
    }
    if !forest.handles_missing() {
        ensemble.nodes_missing_value_tracks_true.clear();
    }
    ensemble
}

fn push_tree(ensemble: &mut Ensemble, tree_id: i64, tree: &Tree) {
    for (node_id, node) in tree.nodes().iter().enumerate() {
        let node_id = node_id as i64;
        let (mode, feature, threshold, nan_low, low, high) = match *node {
            Node::Split {
                feature,
                threshold,
                nan_low,
                low,
                high,
            } => (BRANCH_LEQ, feature, threshold, nan_low, low, high),
            Node::Leaf { .. } => (LEAF, 0, 0.0, false, 0, 0),
        };
        ensemble.nodes_treeids.push(tree_id);
        ensemble.nodes_nodeids.push(node_id);
        ensemble
            .nodes_missing_value_tracks_true
            .push(i64::from(nan_low));
        ensemble.nodes_modes.push(Bytes::from_static(mode));
        ensemble.nodes_featureids.push(i64::from(feature));
        ensemble.nodes_values.push(threshold);
        ensemble.nodes_truenodeids.push(i64::from(low));
        ensemble.nodes_falsenodeids.push(i64::from(high));
        if let Node::Leaf { value } = *node {
            ensemble.target_treeids.push(tree_id);
            ensemble.target_nodeids.push(node_id);
            ensemble.target_ids.push(0);
            ensemble.target_weights.push(value);
        }
    }
}

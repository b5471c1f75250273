//! The bytes of an ONNX file to a forest.

use super::ensemble::{AVERAGE, BRANCH_LEQ, Ensemble, LEAF};
use super::error::ReadError;
use super::messages::{Entry, Extent, FLOAT, Graph, Model, ValueInfo};
use super::{FEATURE_NAMES_KEY, OPERATOR, OPERATOR_DOMAIN};
use crate::forest::Forest;
use crate::tree::{Node, Tree};
use bytes::Bytes;
use prost::Message;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Reads a forest from an ONNX model of one `TreeEnsembleRegressor`, as [`write`](super::write) makes it.
///
/// Gives back the very forest that was written. Files of other writers are read where they average trees of
/// `BRANCH_LEQ` nodes with one target; features without names are called `feature_0`, `feature_1` and so on. As in
/// ONNX Runtime, a tree's nodes stand together and the first is its root. Anything else is an error, never a panic.
pub fn read(bytes: &[u8]) -> Result<Forest, ReadError> {
    // Decoded from one shared buffer, so that the mode of each node is a view and not an allocation.
    let model = Model::decode(Bytes::copy_from_slice(bytes))?;
    let graph = model.graph.ok_or(ReadError::NoGraph)?;
    let feature_names = feature_names(&graph, &model.metadata_props)?;
    let ensemble = ensemble_of(graph)?;
    check_lengths(&ensemble)?;

    let leaf_values = leaf_values(&ensemble)?;
    let mut seen_trees = HashSet::new();
    let mut trees: Vec<Tree> = Vec::new();
    let mut used_values = 0;
    let mut start = 0;
    for group in ensemble.nodes_treeids.chunk_by(|left, right| left == right) {
        if !seen_trees.insert(group[0]) {
            return Err(ReadError::Repeated {
                attribute: "nodes_treeids",
                tree: group[0],
                id: group[0],
            });
        }
        let nodes = tree_nodes(&ensemble, start..start + group.len(), &leaf_values)?;
        used_values += nodes
            .iter()
            .filter(|node| matches!(node, Node::Leaf { .. }))
            .count();
        let tree = Tree::from_nodes(&nodes);
        trees.push(tree.map_err(|source| ReadError::Tree {
            tree: trees.len(),
            source,
        })?);
        start += group.len();
    }
    if used_values != leaf_values.len() {
        return Err(ReadError::LeafValues {
            leaves: used_values,
            values: leaf_values.len(),
        });
    }
    Ok(Forest::new(feature_names, trees)?)
}

fn ensemble_of(graph: Graph) -> Result<Ensemble, ReadError> {
    let [operation] =
        <[_; 1]>::try_from(graph.node).map_err(|operations| ReadError::OperatorCount {
            operators: operations.len(),
        })?;
    if operation.op_type != OPERATOR || operation.domain != OPERATOR_DOMAIN {
        return Err(ReadError::Operator {
            domain: operation.domain,
            operator: operation.op_type,
        });
    }
    let ensemble = Ensemble::from_attributes(operation.attribute)
        .map_err(|attribute| ReadError::Attribute { attribute })?;
    if ensemble.aggregate_function != AVERAGE {
        return Err(ReadError::Aggregate {
            aggregate: lossy(&ensemble.aggregate_function),
        });
    }
    if ensemble.n_targets != 1 || ensemble.target_ids.iter().any(|id| *id != 0) {
        return Err(ReadError::SeveralTargets);
    }
    Ok(ensemble)
}

fn check_lengths(ensemble: &Ensemble) -> Result<(), ReadError> {
    let nodes = ensemble.nodes_treeids.len();
    let leaves = ensemble.target_weights.len();
    let lengths = [
        ("nodes_nodeids", ensemble.nodes_nodeids.len(), nodes),
        ("nodes_modes", ensemble.nodes_modes.len(), nodes),
        ("nodes_featureids", ensemble.nodes_featureids.len(), nodes),
        ("nodes_values", ensemble.nodes_values.len(), nodes),
        ("nodes_truenodeids", ensemble.nodes_truenodeids.len(), nodes),
        (
            "nodes_falsenodeids",
            ensemble.nodes_falsenodeids.len(),
            nodes,
        ),
        ("target_treeids", ensemble.target_treeids.len(), leaves),
        ("target_nodeids", ensemble.target_nodeids.len(), leaves),
        ("target_ids", ensemble.target_ids.len(), leaves),
    ];
    match lengths
        .into_iter()
        .find(|(_, entries, expected)| entries != expected)
    {
        Some((attribute, entries, expected)) => Err(ReadError::AttributeLength {
            attribute,
            entries,
            expected,
        }),
        None => Ok(()),
    }
}

/// The value of each leaf, by tree id and node id.
fn leaf_values(ensemble: &Ensemble) -> Result<HashMap<(i64, i64), f32>, ReadError> {
    let mut values = HashMap::with_capacity(ensemble.target_weights.len());
    for (index, weight) in ensemble.target_weights.iter().enumerate() {
        let (tree, node) = (
            ensemble.target_treeids[index],
            ensemble.target_nodeids[index],
        );
        if values.insert((tree, node), *weight).is_some() {
            return Err(ReadError::Repeated {
                attribute: "target_nodeids",
                tree,
                id: node,
            });
        }
    }
    Ok(values)
}

/// The nodes of one tree, which stand at `range`, with children as positions within it.
fn tree_nodes(
    ensemble: &Ensemble,
    range: Range<usize>,
    leaf_values: &HashMap<(i64, i64), f32>,
) -> Result<Vec<Node>, ReadError> {
    let tree = ensemble.nodes_treeids[range.start];
    let mut positions: HashMap<i64, u32> = HashMap::with_capacity(range.len());
    for (position, id) in ensemble.nodes_nodeids[range.clone()].iter().enumerate() {
        if positions.insert(*id, position as u32).is_some() {
            return Err(ReadError::Repeated {
                attribute: "nodes_nodeids",
                tree,
                id: *id,
            });
        }
    }
    let position_of = |attribute: &'static str, id: i64| -> Result<u32, ReadError> {
        positions
            .get(&id)
            .copied()
            .ok_or(ReadError::Id { attribute, id })
    };

    let mut nodes = Vec::with_capacity(range.len());
    for index in range {
        let mode = &ensemble.nodes_modes[index];
        let node = if mode == BRANCH_LEQ {
            let feature = ensemble.nodes_featureids[index];
            Node::Split {
                feature: u16::try_from(feature).map_err(|_| ReadError::Id {
                    attribute: "nodes_featureids",
                    id: feature,
                })?,
                threshold: ensemble.nodes_values[index],
                low: position_of("nodes_truenodeids", ensemble.nodes_truenodeids[index])?,
                high: position_of("nodes_falsenodeids", ensemble.nodes_falsenodeids[index])?,
            }
        } else if mode == LEAF {
            let id = ensemble.nodes_nodeids[index];
            let value = leaf_values.get(&(tree, id));
            Node::Leaf {
                value: *value.ok_or(ReadError::Id {
                    attribute: "target_nodeids",
                    id,
                })?,
            }
        } else {
            return Err(ReadError::Mode { mode: lossy(mode) });
        };
        nodes.push(node);
    }
    Ok(nodes)
}

/// The names that the metadata give to the columns of the one input, or numbered ones.
fn feature_names(graph: &Graph, metadata: &[Entry]) -> Result<Vec<String>, ReadError> {
    let [input] = graph.input.as_slice() else {
        return Err(ReadError::Input);
    };
    let features = input_columns(input).ok_or(ReadError::Input)?;
    let Some(entry) = metadata.iter().find(|entry| entry.key == FEATURE_NAMES_KEY) else {
        return Ok((0..features)
            .map(|feature| format!("feature_{feature}"))
            .collect());
    };
    match serde_json::from_str::<Vec<String>>(&entry.value) {
        Ok(names) if names.len() == features => Ok(names),
        _ => Err(ReadError::FeatureNames { features }),
    }
}

/// The columns of a float32 tensor of shape `[N, columns]`, as far as a forest can have them.
fn input_columns(input: &ValueInfo) -> Option<usize> {
    let tensor = input.r#type.as_ref()?.tensor_type.as_ref()?;
    let [_, columns] = tensor.shape.as_ref()?.dim.as_slice() else {
        return None;
    };
    match columns.value {
        Some(Extent::Value(columns)) if tensor.elem_type == FLOAT => {
            Some(usize::from(u16::try_from(columns).ok()?))
        }
        _ => None,
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

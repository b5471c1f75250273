//! The columns of the operator to trees.

use super::branch::Branch;
use super::ensemble::{Ensemble, LEAF};
use super::error::ReadError;
use super::lookup::Lookup;
use crate::tree::{Node, Tree};
use std::collections::HashSet;
use std::ops::Range;

/// The trees in the order of the columns.
///
/// As in ONNX Runtime, a tree's nodes stand together and the first is its root. Errors where lists differ in length,
/// a number refers to nothing or stands twice, or nodes make no tree.
pub(super) fn trees_of(ensemble: &Ensemble) -> Result<Vec<Tree>, ReadError> {
    check_lengths(ensemble)?;
    let leaf_values = leaf_values(ensemble)?;
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
        let nodes = tree_nodes(ensemble, start..start + group.len(), &leaf_values)?;
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
    Ok(trees)
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
        (
            "nodes_missing_value_tracks_true",
            ensemble.nodes_missing_value_tracks_true.len(),
            // Where it is left out, NaN takes the false child everywhere.
            if ensemble.nodes_missing_value_tracks_true.is_empty() {
                0
            } else {
                nodes
            },
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
fn leaf_values(ensemble: &Ensemble) -> Result<Lookup<(i64, i64), f32>, ReadError> {
    let trees = ensemble.target_treeids.iter().copied();
    let keys = trees.zip(ensemble.target_nodeids.iter().copied());
    let values = keys.zip(ensemble.target_weights.iter().copied());
    Lookup::new(values.collect()).map_err(|(tree, id)| ReadError::Repeated {
        attribute: "target_nodeids",
        tree,
        id,
    })
}

/// The nodes of one tree, which stand at `range`, with children as positions within it.
fn tree_nodes(
    ensemble: &Ensemble,
    range: Range<usize>,
    leaf_values: &Lookup<(i64, i64), f32>,
) -> Result<Vec<Node>, ReadError> {
    let tree = ensemble.nodes_treeids[range.start];
    let ids = ensemble.nodes_nodeids[range.clone()].iter().copied();
    let positions = Lookup::new(ids.zip(0_u32..).collect()).map_err(|id| ReadError::Repeated {
        attribute: "nodes_nodeids",
        tree,
        id,
    })?;
    let position_of = |attribute: &'static str, id: i64| -> Result<u32, ReadError> {
        positions.get(id).ok_or(ReadError::Id { attribute, id })
    };

    let mut nodes = Vec::with_capacity(range.len());
    for index in range {
        let mode = &ensemble.nodes_modes[index];
        if mode == LEAF {
            let id = ensemble.nodes_nodeids[index];
            let value = leaf_values.get((tree, id));
            nodes.push(Node::Leaf {
                value: value.ok_or(ReadError::Id {
                    attribute: "target_nodeids",
                    id,
                })?,
            });
            continue;
        }
        let feature = ensemble.nodes_featureids[index];
        let branch = Branch {
            feature: u16::try_from(feature).map_err(|_| ReadError::Id {
                attribute: "nodes_featureids",
                id: feature,
            })?,
            threshold: ensemble.nodes_values[index],
            nan_true: ensemble
                .nodes_missing_value_tracks_true
                .get(index)
                .is_some_and(|tracks_true| *tracks_true == 1),
            true_child: position_of("nodes_truenodeids", ensemble.nodes_truenodeids[index])?,
            false_child: position_of("nodes_falsenodeids", ensemble.nodes_falsenodeids[index])?,
        };
        nodes.push(branch.normalised(mode).ok_or_else(|| ReadError::Mode {
            mode: String::from_utf8_lossy(mode).into_owned(),
        })?);
    }
    Ok(nodes)
}

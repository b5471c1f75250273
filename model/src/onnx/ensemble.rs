//! The attributes of `TreeEnsembleRegressor`, as columns over all nodes and all leaves.
//!
//! Source: `docs/Operators-ml.md` in github.com/onnx/onnx, TreeEnsembleRegressor, since version 3.

use super::attribute::{floats, int, ints, string, strings};
use super::messages::Attribute;
use bytes::Bytes;

pub(super) const BRANCH_LEQ: &[u8] = b"BRANCH_LEQ";
pub(super) const LEAF: &[u8] = b"LEAF";
pub(super) const AVERAGE: &[u8] = b"AVERAGE";
pub(super) const SUM: &[u8] = b"SUM";

/// One list for each attribute. `nodes_*` have one entry for each node, `target_*` one for each leaf; `base_values`
/// and `nodes_missing_value_tracks_true` may be empty, which stands for zeros.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Ensemble {
    pub(super) aggregate_function: Bytes,
    pub(super) base_values: Vec<f32>,
    pub(super) n_targets: i64,
    pub(super) nodes_falsenodeids: Vec<i64>,
    pub(super) nodes_featureids: Vec<i64>,
    pub(super) nodes_missing_value_tracks_true: Vec<i64>,
    pub(super) nodes_modes: Vec<Bytes>,
    pub(super) nodes_nodeids: Vec<i64>,
    pub(super) nodes_treeids: Vec<i64>,
    pub(super) nodes_truenodeids: Vec<i64>,
    pub(super) nodes_values: Vec<f32>,
    pub(super) target_ids: Vec<i64>,
    pub(super) target_nodeids: Vec<i64>,
    pub(super) target_treeids: Vec<i64>,
    pub(super) target_weights: Vec<f32>,
}

impl Ensemble {
    /// The attributes in alphabetical order, without lists that may be empty and are.
    pub(super) fn into_attributes(self) -> Vec<Attribute> {
        let mut attributes = vec![
            string("aggregate_function", self.aggregate_function),
            floats("base_values", self.base_values),
            int("n_targets", self.n_targets),
            ints("nodes_falsenodeids", self.nodes_falsenodeids),
            ints("nodes_featureids", self.nodes_featureids),
            ints(
                "nodes_missing_value_tracks_true",
                self.nodes_missing_value_tracks_true,
            ),
            strings("nodes_modes", self.nodes_modes),
            ints("nodes_nodeids", self.nodes_nodeids),
            ints("nodes_treeids", self.nodes_treeids),
            ints("nodes_truenodeids", self.nodes_truenodeids),
            floats("nodes_values", self.nodes_values),
            ints("target_ids", self.target_ids),
            ints("target_nodeids", self.target_nodeids),
            ints("target_treeids", self.target_treeids),
            floats("target_weights", self.target_weights),
        ];
        attributes.retain(|attribute| match attribute.name.as_str() {
            "base_values" => !attribute.floats.is_empty(),
            "nodes_missing_value_tracks_true" => !attribute.ints.is_empty(),
            _ => true,
        });
        attributes
    }

    /// Collects attributes in any order, or gives the name of the first whose meaning a forest does not have.
    ///
    /// Hit rates, which change no prediction, are passed over, and so is a transform that is none.
    pub(super) fn from_attributes(attributes: Vec<Attribute>) -> Result<Self, String> {
        let mut ensemble = Self {
            n_targets: 1,
            ..Self::default()
        };
        for attribute in attributes {
            match attribute.name.as_str() {
                "aggregate_function" => ensemble.aggregate_function = attribute.s,
                "base_values" => ensemble.base_values = attribute.floats,
                "n_targets" => ensemble.n_targets = attribute.i,
                "nodes_falsenodeids" => ensemble.nodes_falsenodeids = attribute.ints,
                "nodes_featureids" => ensemble.nodes_featureids = attribute.ints,
                "nodes_missing_value_tracks_true" => {
                    ensemble.nodes_missing_value_tracks_true = attribute.ints;
                }
                "nodes_modes" => ensemble.nodes_modes = attribute.strings,
                "nodes_nodeids" => ensemble.nodes_nodeids = attribute.ints,
                "nodes_treeids" => ensemble.nodes_treeids = attribute.ints,
                "nodes_truenodeids" => ensemble.nodes_truenodeids = attribute.ints,
                "nodes_values" => ensemble.nodes_values = attribute.floats,
                "target_ids" => ensemble.target_ids = attribute.ints,
                "target_nodeids" => ensemble.target_nodeids = attribute.ints,
                "target_treeids" => ensemble.target_treeids = attribute.ints,
                "target_weights" => ensemble.target_weights = attribute.floats,
                "nodes_hitrates" => {}
                "post_transform" if attribute.s == b"NONE".as_slice() => {}
                _ => return Err(attribute.name),
            }
        }
        Ok(ensemble)
    }
}

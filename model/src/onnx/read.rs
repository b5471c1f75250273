//! The bytes of an ONNX file to a forest.

use super::ensemble::{AVERAGE, Ensemble, SUM};
use super::error::ReadError;
use super::graph;
use super::link;
use super::messages::Model;
use super::trees::trees_of;
use crate::forest::{Aggregate, Forest};
use bytes::Bytes;
use prost::Message;

/// What an ONNX file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFile {
    /// The model itself.
    pub forest: Forest,
    /// The name of the input tensor, which is float32 of shape `[N, features]`.
    pub input_name: String,
    /// The name of the output tensor.
    pub output_name: String,
}

/// Reads a forest from an ONNX model of one `TreeEnsembleRegressor` and the operators of a link, if any.
///
/// Gives back the very forest that [`write`](super::write) wrote. Files of other writers, skl2onnx and onnxmltools
/// among them, are read where they sum or average trees of one target whose branches compare by order
/// (`BRANCH_LEQ`, `BRANCH_LT`, `BRANCH_GT`, `BRANCH_GTE`); features without names are called `feature_0`,
/// `feature_1` and so on. Anything else is an error, never a panic.
pub fn read(bytes: &[u8]) -> Result<ModelFile, ReadError> {
    // Decoded from one shared buffer, so that the mode of each node is a view and not an allocation.
    let model = Model::decode(Bytes::copy_from_slice(bytes))?;
    let mut graph = model.graph.ok_or(ReadError::NoGraph)?;
    let link = link::take(&mut graph);
    let feature_names = graph::feature_names(&graph, &model.metadata_props)?;
    let (input_name, output_name) = graph::tensor_names(&graph)?;
    let ensemble = Ensemble::from_attributes(graph::attributes_of(graph)?)
        .map_err(|attribute| ReadError::Attribute { attribute })?;

    if ensemble.n_targets != 1 || ensemble.target_ids.iter().any(|id| *id != 0) {
        return Err(ReadError::SeveralTargets);
    }
    let aggregate = aggregate_of(&ensemble)?;
    let base_value = base_value_of(&ensemble)?;
    let forest = Forest::new(feature_names, trees_of(&ensemble)?)?;
    let forest = forest.with_aggregate(aggregate, base_value)?;
    Ok(ModelFile {
        forest: forest.with_link(link)?,
        input_name,
        output_name,
    })
}

/// The aggregate; the sum where none is named, as the operator has it.
fn aggregate_of(ensemble: &Ensemble) -> Result<Aggregate, ReadError> {
    match ensemble.aggregate_function.as_ref() {
        AVERAGE => Ok(Aggregate::Average),
        SUM | b"" => Ok(Aggregate::Sum),
        other => Err(ReadError::Aggregate {
            aggregate: String::from_utf8_lossy(other).into_owned(),
        }),
    }
}

/// The base value of the one target, 0 where none is given.
fn base_value_of(ensemble: &Ensemble) -> Result<f32, ReadError> {
    match ensemble.base_values.as_slice() {
        [] => Ok(0.0),
        [base_value] => Ok(*base_value),
        base_values => Err(ReadError::AttributeLength {
            attribute: "base_values",
            entries: base_values.len(),
            expected: 1,
        }),
    }
}

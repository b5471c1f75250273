//! The graph around the operator: its tensors, and what may stand beside it.

use super::error::ReadError;
use super::messages::{Attribute, Entry, Extent, FLOAT, Graph, Operation, ValueInfo};
use super::{FEATURE_NAMES_KEY, OPERATOR, OPERATOR_DOMAIN};

/// The attributes of the graph's one `TreeEnsembleRegressor`.
///
/// The graph must lead from its input through that operator to its output. `Identity`, which onnxmltools appends to
/// LightGBM's models, may stand before and after; another operator is an error with its name.
pub(super) fn attributes_of(graph: Graph) -> Result<Vec<Attribute>, ReadError> {
    if let Some(other) = graph
        .node
        .iter()
        .find(|operation| !is_regressor(operation) && !is_identity(operation))
    {
        return Err(ReadError::Operator {
            domain: other.domain.clone(),
            operator: other.op_type.clone(),
        });
    }
    let operators = graph.node.iter().filter(|node| is_regressor(node)).count();
    if operators != 1 {
        return Err(ReadError::OperatorCount { operators });
    }

    // A graph has its operators in the order in which they run.
    let mut tensor = &only(&graph.input).ok_or(ReadError::Input)?.name;
    for operation in &graph.node {
        if only(&operation.input) != Some(tensor) {
            return Err(ReadError::Chain);
        }
        tensor = only(&operation.output).ok_or(ReadError::Chain)?;
    }
    if *tensor != only(&graph.output).ok_or(ReadError::Output)?.name {
        return Err(ReadError::Chain);
    }
    let regressor = graph.node.into_iter().find(is_regressor);
    Ok(regressor.expect("one was counted").attribute)
}

fn is_regressor(operation: &Operation) -> bool {
    operation.op_type == OPERATOR && operation.domain == OPERATOR_DOMAIN
}

fn is_identity(operation: &Operation) -> bool {
    operation.op_type == "Identity" && operation.domain.is_empty()
}

/// The names of the graph's one input and one output.
pub(super) fn tensor_names(graph: &Graph) -> Result<(String, String), ReadError> {
    let input = only(&graph.input).ok_or(ReadError::Input)?;
    let output = only(&graph.output).ok_or(ReadError::Output)?;
    Ok((input.name.clone(), output.name.clone()))
}

/// The names that the metadata give to the columns of the one input, or numbered ones.
pub(super) fn feature_names(graph: &Graph, metadata: &[Entry]) -> Result<Vec<String>, ReadError> {
    let input = only(&graph.input).ok_or(ReadError::Input)?;
    let features = columns(input).ok_or(ReadError::Input)?;
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
fn columns(input: &ValueInfo) -> Option<usize> {
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

fn only<T>(items: &[T]) -> Option<&T> {
    match items {
        [item] => Some(item),
        _ => None,
    }
}

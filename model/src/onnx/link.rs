//! What follows the trees in the graph: nothing, or the operators of a log ratio.
//!
//! Those are `Relu(Exp(Add(trees, Gather(input, log_today))) - 1)`, of ONNX's own domain, opset 13 and later.

use super::attribute::{float, int, ints};
use super::messages::{Attribute, Graph, Operation};
use super::{INPUT_NAME, OUTPUT_NAME};
use crate::forest::Link;

/// The tensor of the trees where operators follow, float32 of shape `[N, 1]`.
const LOG_RATIO: &str = "log_ratio";

/// The tensor that the trees write.
pub(super) fn tensor_of_trees(link: Link) -> &'static str {
    match link {
        Link::Identity => OUTPUT_NAME,
        Link::LogRatio { .. } => LOG_RATIO,
    }
}

/// The operators that make [`OUTPUT_NAME`] of [`tensor_of_trees`], in the order in which they run.
pub(super) fn operations_of(link: Link) -> Vec<Operation> {
    let Link::LogRatio { log_today } = link else {
        return Vec::new();
    };
    let column = vec![i64::from(log_today)];
    vec![
        constant("log_today_column", ints("value_ints", column)),
        Operation {
            attribute: vec![int("axis", 1)],
            ..operation("Gather", &[INPUT_NAME, "log_today_column"], "log_today")
        },
        operation("Add", &[LOG_RATIO, "log_today"], "log_tomorrow"),
        operation("Exp", &["log_tomorrow"], "one_more"),
        constant("one", float("value_float", 1.0)),
        operation("Sub", &["one_more", "one"], "volume"),
        operation("Relu", &["volume"], OUTPUT_NAME),
    ]
}

fn operation(op_type: &str, input: &[&str], output: &str) -> Operation {
    Operation {
        input: input.iter().map(ToString::to_string).collect(),
        output: vec![output.to_owned()],
        name: output.to_owned(),
        op_type: op_type.to_owned(),
        ..Operation::default()
    }
}

fn constant(output: &str, value: Attribute) -> Operation {
    Operation {
        attribute: vec![value],
        ..operation("Constant", &[], output)
    }
}

/// Takes the operators of a link out of the graph, and puts an `Identity` in their place.
///
/// They are recognised as [`operations_of`] has them, to the letter. Others stay, and are the graph's to judge.
pub(super) fn take(graph: &mut Graph) -> Link {
    for (position, candidate) in graph.node.iter().enumerate() {
        let Some(column) = candidate
            .attribute
            .first()
            .and_then(|value| value.ints.first())
        else {
            continue;
        };
        let Ok(log_today) = u16::try_from(*column) else {
            continue;
        };
        let link = Link::LogRatio { log_today };
        if graph.node[position..] == operations_of(link) {
            graph.node.truncate(position);
            let identity = operation("Identity", &[LOG_RATIO], OUTPUT_NAME);
            graph.node.push(identity);
            return link;
        }
    }
    Link::Identity
}

//! The forest as an ONNX file: one `TreeEnsembleRegressor` of ai.onnx.ml, opset 3, and the operators of its link.

mod attribute;
mod branch;
mod ensemble;
mod error;
mod graph;
mod link;
mod lookup;
mod messages;
mod read;
#[cfg(test)]
mod tests;
mod trees;
mod write;

pub use error::ReadError;
pub use read::{ModelFile, read};
pub use write::{Description, write};

/// The name of the input tensor that is written: float32, shape `[N, features]`.
pub const INPUT_NAME: &str = "features";

/// The name of the output tensor that is written: float32, shape `[N, 1]`.
pub const OUTPUT_NAME: &str = "prediction";

/// The key of the metadata entry that holds the feature names, in order, as a JSON array of strings.
pub const FEATURE_NAMES_KEY: &str = "feature_names";

const OPERATOR: &str = "TreeEnsembleRegressor";
const OPERATOR_DOMAIN: &str = "ai.onnx.ml";
const OPERATOR_VERSION: i64 = 3;

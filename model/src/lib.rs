//! Models: the training table, the forest, its evaluation, and ONNX out and in. Pure: values in, values out.

pub mod boost;
pub mod card;
pub mod evaluate;
pub mod forest;
pub mod hessboost;
pub mod matrix;
pub mod onnx;
pub mod panel;
pub mod parameters;
pub mod split;
pub mod table;
pub mod train;
pub mod tree;
pub mod walker;

mod fitted;
#[cfg(test)]
mod invented;

//! Models: the training table, the forest, its evaluation, and ONNX out and in. Pure: values in, values out.

pub mod boost;
pub mod bootstrap;
pub mod breakdown;
pub mod card;
pub mod comparison;
pub mod evaluate;
pub mod fold_columns;
pub mod fold_plan;
pub mod forecast_errors;
pub mod forest;
pub mod gate;
pub mod hessboost;
pub mod importance;
pub mod intervals;
pub mod judged_panel;
pub mod live_recipe;
pub mod matrix;
pub mod onnx;
pub mod panel;
pub mod panel_errors;
pub mod parameters;
pub mod performance;
pub mod random_split;
pub mod sampling;
pub mod search_space;
pub mod skill;
pub mod split;
pub mod table;
pub mod train;
pub mod train_panel;
pub mod tree;
pub mod trial;
pub mod tuning;
pub mod verdict;
pub mod walk_forward;
pub mod walker;

mod fitted;
#[cfg(test)]
mod invented;
mod panel_prediction;
mod sessions;
mod smallest_hashes;
mod splitmix;
mod strata;
mod ticker_key;

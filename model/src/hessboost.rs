//! Boosting by the crate hessboost, by histograms over codes.

use crate::boost::{BoostError, BoostParameters, BoostRows, Booster, Fitted};
use crate::forest::{Aggregate, Forest};
use crate::tree::{Node, Tree};
use ::hessboost::config::{GrowPolicy, LeafEstimation, TrainingParams, TreeMethod};
use ::hessboost::data::{BinnedMatrix, DMatrix};
use ::hessboost::error::HessboostError;
use ::hessboost::model::BoostedModel;
use ::hessboost::objective::Objective;
use ::hessboost::training::Trainer;
use ::hessboost::tree::RegTree;
use features::grid;
use rayon::prelude::*;
use std::ops::ControlFlow;

/// At least the codes of the grid, so that each that occurs has a bin of its own.
const MAX_BIN: usize = 256;

/// The crate hessboost with the absolute error for a loss and the median of a leaf's rows for its value.
///
/// Splits are sought on the pseudo-Huber loss, whose second derivatives are at most 1 and stand for rows, so that a
/// leaf has at least `min_rows_per_leaf` rows and often more.
///
/// hessboost 0.4.6 bins nothing but float32, and keeps bins by row in two bytes and by input in one: 7 bytes are held
/// for each row and input while it bins, and 3 from then on.
#[derive(Clone, Copy, Debug)]
pub struct Hessboost;

impl Booster for Hessboost {
    fn fit(
        &self,
        rows: BoostRows<'_>,
        parameters: &BoostParameters,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<Fitted, BoostError> {
        let model = boost(rows, parameters, progress)?;
        let input_names = &rows.panel().columns().input_names;
        let trees: Vec<Tree> = model.trees().iter().map(tree_of).collect();
        let forest = Forest::new(input_names.clone(), trees)
            .and_then(|forest| forest.with_aggregate(Aggregate::Sum, model.base_score()))
            .expect("trees were grown on the inputs and sum up finite labels");
        let gain = gain_of(&model, input_names.len());
        Ok(Fitted { forest, gain })
    }
}

fn boost(
    rows: BoostRows<'_>,
    parameters: &BoostParameters,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<BoostedModel, BoostError> {
    parameters.validate()?;
    let training_parameters = training_parameters(parameters).map_err(refused)?;
    let matrix = binned(rows).map_err(refused)?;
    let trainer = Trainer::new(&training_parameters, &matrix, parameters.trees);
    let trainer = trainer.on_round(|_| {
        progress(1);
        ControlFlow::Continue(())
    });
    Ok(trainer.train().map_err(refused)?.model)
}

fn refused(reason: HessboostError) -> BoostError {
    BoostError::Fit {
        library: "hessboost",
        source: Box::new(reason),
    }
}

fn training_parameters(parameters: &BoostParameters) -> Result<TrainingParams, HessboostError> {
    TrainingParams::builder()
        .objective(Objective::AbsoluteError)
        .leaf_estimation(LeafEstimation::Exact)
        .tree_method(TreeMethod::Hist)
        .max_bin(MAX_BIN)
        .grow_policy(GrowPolicy::LossGuide)
        .max_leaves(parameters.leaves)
        .unlimited_depth()
        .eta(parameters.learning_rate)
        .min_child_weight(parameters.min_rows_per_leaf as f64)
        .lambda(0.0)
        .colsample_bytree(parameters.input_share)
        .seed(parameters.seed)
        .build()
}

/// The rows by the bins of their codes, with their labels.
fn binned(rows: BoostRows<'_>) -> Result<BinnedMatrix, HessboostError> {
    let (panel, rows) = (rows.panel(), rows.rows());
    let codes = &panel.columns().codes;
    let mut row_major = vec![0.0; rows.len() * codes.len()];
    let places = row_major.par_chunks_mut(codes.len()).zip(rows);
    places.for_each(|(place, row)| {
        for (value, codes) in place.iter_mut().zip(codes) {
            *value = f32::from(codes[*row as usize]);
        }
    });
    let labels = rows.par_iter().map(|row| panel.label(*row as usize));
    let labels: Vec<f32> = labels.collect();

    let matrix = DMatrix::from_dense_vec(row_major, rows.len(), codes.len())?;
    BinnedMatrix::new(&matrix, MAX_BIN)?.with_labels(&labels)
}

fn tree_of(tree: &RegTree) -> Tree {
    let nodes: Vec<Node> = tree.nodes().iter().map(node_of).collect();
    Tree::from_nodes(&nodes).expect("hessboost grows a tree from node 0")
}

fn node_of(node: &::hessboost::tree::Node) -> Node {
    if node.is_leaf() {
        return Node::Leaf {
            value: node.leaf_value,
        };
    }
    Node::Split {
        feature: node.split_feature as u16,
        threshold: threshold_of(node.split_cond),
        // No code is missing, so that hessboost has learnt nothing of what is.
        nan_low: false,
        low: node.left as u32,
        high: node.right as u32,
    }
}

/// The last float32 whose code is less than `code_limit`, where hessboost goes left.
fn threshold_of(code_limit: f32) -> f32 {
    let highest_low_code = code_limit.ceil() as usize - 1;
    grid::edges()[highest_low_code].next_down()
}

fn gain_of(model: &BoostedModel, inputs: usize) -> Vec<f64> {
    let mut gain = vec![0.0; inputs];
    for node in model.trees().iter().flat_map(RegTree::nodes) {
        if !node.is_leaf() {
            gain[node.split_feature as usize] += f64::from(node.split_gain);
        }
    }
    gain
}

#[cfg(test)]
mod tests;

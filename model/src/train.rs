//! Training: many small smartcore fits in parallel, joined into one forest.

use crate::fitted::trees_of;
use crate::forest::Forest;
use crate::matrix::Matrix;
use crate::parameters::{ForestParameters, ParametersError};
use crate::splitmix::splitmix64;
use crate::table::is_finite_float32;
use crate::tree::Tree;
use rayon::prelude::*;
use smartcore::ensemble::random_forest_regressor::{
    RandomForestRegressor, RandomForestRegressorParameters,
};
use smartcore::error::Failed;
use smartcore::linalg::basic::matrix::DenseMatrix;
use thiserror::Error;

/// The trees of one smartcore fit. A fit sorts every feature once for all of its trees, so that larger fits do
/// less work, and smaller ones share it more evenly among threads. It decides the model's bytes: seeds are
/// derived for each fit.
const TREES_PER_FIT: usize = 5;

/// Why no forest could be trained.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A parameter outside its range.
    #[error(transparent)]
    Parameters(#[from] ParametersError),
    /// Nothing to learn from.
    #[error("no rows were given to train on: take more tickers or longer histories")]
    NoRows,
    /// A row that the features or the target do not have.
    #[error(
        "row {row} to train on does not exist: the features have {features} rows and the target {target}"
    )]
    MissingRow {
        /// The row, counted from 0.
        row: usize,
        /// The rows of the features.
        features: usize,
        /// The rows of the target.
        target: usize,
    },
    /// A target that a leaf cannot hold.
    #[error(
        "the target has no finite float32 value in row {row}: leave out rows with a missing or infinite target"
    )]
    TargetNotFinite {
        /// The row, counted from 0.
        row: usize,
    },
    /// smartcore refused the data.
    #[error("smartcore could not fit the trees from {first_tree} on")]
    Fit {
        /// The first tree of the fit, counted from 0.
        first_tree: usize,
        /// smartcore's own reason.
        source: Failed,
    },
}

/// Trains a random forest on `rows` of `features` and `target`, both indexed by row.
///
/// Runs on the current rayon pool. The forest depends on the values of the rows, their order and `parameters`
/// alone, never on the number of threads. `progress` is called from any of the threads with the number of trees
/// that have just been finished; the numbers add up to `parameters.trees`.
///
/// A constant target or too few rows for two leaves make trees of a single leaf, which is no error.
pub fn train(
    features: &Matrix,
    target: &[f64],
    rows: &[usize],
    parameters: &ForestParameters,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Forest, TrainError> {
    parameters.validate()?;
    check_rows(features, target, rows)?;

    let column_major: Vec<f32> = (0..features.column_count())
        .flat_map(|column| rows.iter().map(move |row| features.column(column)[*row]))
        .collect();
    let inputs = DenseMatrix::new(rows.len(), features.column_count(), column_major, true)
        .expect("every column has a value for each row");
    let outputs: Vec<f64> = rows.iter().map(|row| target[*row]).collect();

    let fits = parameters.trees.div_ceil(TREES_PER_FIT);
    let fitted: Vec<Vec<Tree>> = (0..fits)
        .into_par_iter()
        .map(|fit| {
            let trees = fit_trees(&inputs, &outputs, parameters, fit)?;
            progress(trees.len());
            Ok(trees)
        })
        .collect::<Result<_, TrainError>>()?;

    let trees = fitted.into_iter().flatten().collect();
    Ok(Forest::new(features.names().to_vec(), trees)
        .expect("trees were grown on the columns of the matrix"))
}

fn check_rows(features: &Matrix, target: &[f64], rows: &[usize]) -> Result<(), TrainError> {
    if rows.is_empty() {
        return Err(TrainError::NoRows);
    }
    for &row in rows {
        if row >= features.row_count() || row >= target.len() {
            return Err(TrainError::MissingRow {
                row,
                features: features.row_count(),
                target: target.len(),
            });
        }
        if !is_finite_float32(target[row]) {
            return Err(TrainError::TargetNotFinite { row });
        }
    }
    Ok(())
}

fn fit_trees(
    inputs: &DenseMatrix<f32>,
    outputs: &Vec<f64>,
    parameters: &ForestParameters,
    fit: usize,
) -> Result<Vec<Tree>, TrainError> {
    let first_tree = fit * TREES_PER_FIT;
    let (_, feature_count) = smartcore::linalg::basic::arrays::Array::shape(inputs);
    let fit_parameters = RandomForestRegressorParameters {
        // smartcore counts the levels of nodes, one more than the splits on the way down.
        max_depth: parameters.max_depth.map(|depth| depth.saturating_add(1)),
        min_samples_leaf: parameters.min_rows_per_leaf,
        min_samples_split: 2,
        n_trees: TREES_PER_FIT.min(parameters.trees - first_tree),
        // All features at each split; smartcore's own default is the square root of their number.
        m: Some(feature_count),
        keep_samples: false,
        // smartcore adds the tree's number to its seed, so that neighbouring seeds would share trees; these are far
        // apart.
        seed: splitmix64(parameters.seed, fit as u64),
    };
    match RandomForestRegressor::fit(inputs, outputs, fit_parameters) {
        Ok(regressor) => Ok(trees_of(&regressor)),
        Err(source) => Err(TrainError::Fit { first_tree, source }),
    }
}

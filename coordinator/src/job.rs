//! A job: everything that decides a run's output, and nothing else.

use features::column::Column;
use features::operation::Operation;
use market::layout::Dataset;
use market::sample::{SampleRequest, hash_ceiling};
use model::parameters::ForestParameters;
use proto::id::JobKey;
use proto::ticket::Recipe;
use serde::{Deserialize, Serialize};

/// The version of what this code makes of the same input. It changes whenever any output file's bytes do, be it by our
/// own code or by a library's; `tests` pin the digest of the sample's output to it.
pub const FORMAT_VERSION: u32 = 1;

/// What a run is asked for, apart from its input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// What to make of each ticker.
    pub recipe: Recipe,
    /// The model to train; none for features alone.
    pub model: Option<ModelJob>,
}

/// The model to train.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelJob {
    /// The model's name.
    pub name: String,
    /// The features that it reads, in the order of its input.
    pub inputs: Vec<String>,
    /// Rows to train and test on.
    pub sample_rows: usize,
    /// The share of them, the latest by date, to test on.
    pub test_fraction: f64,
    /// The forest. Its seed is the sample's too.
    pub forest: ForestParameters,
}

impl Job {
    /// The key of this job on this input: equal keys, equal output.
    pub fn key(&self, dataset: &Dataset) -> JobKey {
        #[derive(Serialize)]
        struct Decides<'a> {
            format: u32,
            job: &'a Job,
            dataset: &'a Dataset,
        }
        JobKey::of_digest(&digest_of_json(&Decides {
            format: FORMAT_VERSION,
            job: self,
            dataset,
        }))
    }

    /// A digest of what decides a ticker's output beside its input: tickers may be carried over between runs that share it.
    pub fn recipe_digest(&self) -> String {
        digest_of_json(&(FORMAT_VERSION, &self.recipe))
    }

    /// The rows that training asks for, of about `expected_rows`.
    pub fn sample_request(&self, expected_rows: u64) -> Option<SampleRequest> {
        let target = self.recipe.schema.target();
        self.model.as_ref().map(|model| SampleRequest {
            rows: model.sample_rows,
            seed: model.forest.seed,
            inputs: model.inputs.clone(),
            today: target.column.name().to_owned(),
            target: target.name.clone(),
            ceiling: hash_ceiling(model.sample_rows, expected_rows),
        })
    }

    /// The input of the model that is a forecast by itself: the mean of the target's column.
    pub fn moving_average_input(&self) -> Option<usize> {
        let is_mean_of = |name: &String, column: Column| {
            let declared = self
                .recipe
                .schema
                .features()
                .iter()
                .find(|feature| feature.name == *name);
            declared.is_some_and(|feature| {
                feature.operation == Operation::Mean && feature.column == column
            })
        };
        let column = self.recipe.schema.target().column;
        self.model
            .as_ref()?
            .inputs
            .iter()
            .position(|name| is_mean_of(name, column))
    }
}

/// BLAKE3 of a value's JSON, in lower-case hexadecimal. Fields are in the order of their declaration.
pub(crate) fn digest_of_json(value: &impl Serialize) -> String {
    let json = serde_json::to_vec(value).expect("our own types have a JSON form");
    blake3::hash(&json).to_hex().to_string()
}

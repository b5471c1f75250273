//! A job: everything that decides a run's output, and nothing else.

use features::column::Column;
use features::operation::Operation;
use market::layout::Dataset;
use market::sample::{SampleRequest, hash_ceiling};
use model::parameters::{ForestParameters, MAX_TREES};
use proto::id::JobKey;
use proto::ticket::Recipe;
use proto::version::FORMAT_VERSION;
use serde::{Deserialize, Serialize};

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

/// Why a job cannot be meant.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadJob(String);

/// Whether a text can name a model: 1 to 64 letters, digits, `-` and `_`. Paths are made of it.
pub fn is_model_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

/// Rows that a model may be trained and tested on.
pub const MAX_SAMPLE_ROWS: usize = 10_000_000;

impl Job {
    /// Whether the job can be meant, of whoever it comes.
    pub fn check(&self) -> Result<(), BadJob> {
        let Some(model) = &self.model else {
            return Ok(());
        };
        let features = self.recipe.schema.features();
        let is_feature = |input: &String| features.iter().any(|feature| feature.name == *input);
        let problem = if !is_model_name(&model.name) {
            format!("`{}` is no name of a model", model.name)
        } else if model.inputs.is_empty() {
            "a model needs at least one input".to_owned()
        } else if let Some(input) = model.inputs.iter().find(|input| !is_feature(input)) {
            format!("`{input}` is not a declared feature")
        } else if !(1..=MAX_SAMPLE_ROWS).contains(&model.sample_rows) {
            format!(
                "a sample has 1 to {MAX_SAMPLE_ROWS} rows, not {}",
                model.sample_rows
            )
        } else if !(0.01..=0.99).contains(&model.test_fraction) {
            format!(
                "the test fraction is from 0.01 to 0.99, not {}",
                model.test_fraction
            )
        } else if !(1..=MAX_TREES).contains(&model.forest.trees) {
            format!(
                "a forest has 1 to {MAX_TREES} trees, not {}",
                model.forest.trees
            )
        } else if model.forest.min_rows_per_leaf == 0 {
            "a leaf has at least one row".to_owned()
        } else {
            return Ok(());
        };
        Err(BadJob(problem))
    }

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
                feature.operation == Operation::Mean
                    && feature.column == column
                    && !feature.relative
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

#[cfg(test)]
mod tests {
    use super::*;
    use features::schema::{FeatureSchema, Target, standard};

    #[test]
    fn a_mean_less_the_row_itself_is_no_forecast() {
        let [mut mean, median] = standard(30).try_into().unwrap();
        let place = |features: Vec<features::schema::Feature>| {
            let inputs = features.iter().map(|feature| feature.name.clone());
            let model = ModelJob {
                name: "volumes".to_owned(),
                inputs: inputs.collect(),
                sample_rows: 10,
                test_fraction: 0.2,
                forest: ForestParameters::default(),
            };
            let schema = FeatureSchema::declare(features, Target::default()).unwrap();
            let job = Job {
                recipe: Recipe { schema, raw: false },
                model: Some(model),
            };
            job.moving_average_input()
        };
        assert_eq!(place(vec![median.clone(), mean.clone()]), Some(1));
        mean.relative = true;
        assert_eq!(place(vec![median, mean]), None);
    }
}

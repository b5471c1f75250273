//! A job: everything that decides a run's output, and nothing else.

use features::column::Column;
use features::declare::DeclareError;
use features::operation::Operation;
use features::schema::{Feature, FeatureSchema, Target};
use market::layout::Dataset;
use market::panel::PanelRequest;
use market::rows::RowRequest;
use market::sample::{SampleRequest, hash_ceiling};
use model::boost::BoostParameters;
use model::fold_plan::FoldPlan;
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
    /// The forest to train; none for features alone.
    pub model: Option<ModelJob>,
    /// The boosted trees to train; none without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume: Option<VolumeJob>,
}

/// The forest to train.
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

/// The boosted trees to train, on every row of all tickers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VolumeJob {
    /// The model's name.
    pub name: String,
    /// What it reads, in the order of its input, beside the features that the run writes. One of them is [`is_log_volume`].
    pub inputs: Vec<Feature>,
    /// The trees.
    pub boost: BoostParameters,
    /// How they are judged.
    pub folds: FoldPlan,
    /// Whether they go live even where they are refused. The card says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub promote_anyway: bool,
}

/// The rows of the moving average that boosted trees are judged beside.
const AVERAGE_ROWS: usize = 30;

/// Whether a feature is ln(1 + Volume) of the row itself, which boosted trees multiply their ratio with.
pub fn is_log_volume(feature: &Feature) -> bool {
    feature.column == Column::LogVolume
        && feature.window == 1
        && !feature.relative
        && feature.operation == Operation::Mean
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
        let schema = &self.recipe.schema;
        let of_forest = self.model.as_ref().and_then(|model| model.problem(schema));
        let of_trees = self.volume.as_ref().map(|volume| volume.problem(schema));
        let same_name = self.model.as_ref().zip(self.volume.as_ref());
        let same_name = same_name.filter(|(model, volume)| model.name == volume.name);
        let same_name =
            same_name.map(|(model, _)| format!("two models have the name `{}`", model.name));
        match of_forest.or(of_trees.flatten()).or(same_name) {
            Some(problem) => Err(BadJob(problem)),
            None => Ok(()),
        }
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

    /// The rows that training asks for, of about `expected_rows`. Panics where the job does not pass [`Job::check`].
    pub fn row_request(&self, expected_rows: u64) -> RowRequest {
        RowRequest {
            sample: self.sample_request(expected_rows),
            panel: self.panel_request(),
        }
    }

    fn sample_request(&self, expected_rows: u64) -> Option<SampleRequest> {
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

    fn panel_request(&self) -> Option<PanelRequest> {
        let volume = self.volume.as_ref()?;
        let schema = volume.declare(&self.recipe.schema);
        Some(PanelRequest {
            schema: schema.expect("the job was checked"),
            average_rows: AVERAGE_ROWS,
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

impl ModelJob {
    /// Why the forest cannot be meant beside these features; `None` where it can.
    fn problem(&self, schema: &FeatureSchema) -> Option<String> {
        let features = schema.features();
        let is_feature = |input: &String| features.iter().any(|feature| feature.name == *input);
        if !is_model_name(&self.name) {
            return Some(format!("`{}` is no name of a model", self.name));
        }
        if self.inputs.is_empty() {
            return Some("a model needs at least one input".to_owned());
        }
        if let Some(input) = self.inputs.iter().find(|input| !is_feature(input)) {
            return Some(format!("`{input}` is not a declared feature"));
        }
        if !(1..=MAX_SAMPLE_ROWS).contains(&self.sample_rows) {
            let rows = self.sample_rows;
            return Some(format!(
                "a sample has 1 to {MAX_SAMPLE_ROWS} rows, not {rows}"
            ));
        }
        if !(0.01..=0.99).contains(&self.test_fraction) {
            let fraction = self.test_fraction;
            return Some(format!(
                "the test fraction is from 0.01 to 0.99, not {fraction}"
            ));
        }
        if !(1..=MAX_TREES).contains(&self.forest.trees) {
            let trees = self.forest.trees;
            return Some(format!("a forest has 1 to {MAX_TREES} trees, not {trees}"));
        }
        let empty_leaves = self.forest.min_rows_per_leaf == 0;
        empty_leaves.then(|| "a leaf has at least one row".to_owned())
    }
}

impl VolumeJob {
    /// Whether boosted trees predict such a target: the next day's volume, and no other.
    pub fn predicts(target: &Target) -> bool {
        target.column == Column::Volume && target.lead == 1
    }

    /// Why the trees cannot be meant of a run with this schema; `None` where they can.
    pub fn problem(&self, schema: &FeatureSchema) -> Option<String> {
        if !is_model_name(&self.name) {
            return Some(format!("`{}` is no name of a model", self.name));
        }
        if schema.target().column != Column::Volume {
            let column = schema.target().column.name();
            return Some(format!(
                "`{}` predicts volumes, and the target is of `{column}`: train it with a target of `Volume` alone",
                self.name
            ));
        }
        if schema.target().lead != 1 {
            return Some(format!(
                "`{}` predicts the next day, and the target is {} rows ahead: train it with a lead of 1 alone",
                self.name,
                schema.target().lead
            ));
        }
        if self.log_today().is_none() {
            return Some(format!(
                "`{}` needs an input that is the mean of `{}` over 1 row, not relative",
                self.name,
                Column::LogVolume.name()
            ));
        }
        let declared = match self.declare(schema) {
            Ok(declared) => declared,
            Err(error) => return Some(error.to_string()),
        };
        // The window of a row that is tested, and the target of one that trained.
        let needed = declared.longest_window() - 1 + declared.target().lead;
        if self.folds.gap_sessions < needed {
            return Some(format!(
                "a gap of {} sessions is too short for windows of {} rows: set volume.gap_sessions to {needed} at least",
                self.folds.gap_sessions,
                declared.longest_window()
            ));
        }
        if let Err(error) = self.boost.validate() {
            return Some(error.to_string());
        }
        self.folds.validate().err().map(|error| error.to_string())
    }

    /// The inputs, and the target of the run, as a declaration of their own.
    pub fn declare(&self, schema: &FeatureSchema) -> Result<FeatureSchema, DeclareError> {
        FeatureSchema::declare(self.inputs.clone(), schema.target().clone())
    }

    /// The input that is [`is_log_volume`], counted from 0.
    pub fn log_today(&self) -> Option<u16> {
        let place = self.inputs.iter().position(is_log_volume)?;
        u16::try_from(place).ok()
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
    use features::schema::standard;
    use features::volume_inputs::volume_inputs;

    #[test]
    fn a_mean_less_the_row_itself_is_no_forecast() {
        let [mut mean, median] = standard(30).try_into().unwrap();
        let place = |features: Vec<Feature>| {
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
                volume: None,
            };
            job.moving_average_input()
        };
        assert_eq!(place(vec![median.clone(), mean.clone()]), Some(1));
        mean.relative = true;
        assert_eq!(place(vec![median, mean]), None);
    }

    #[test]
    fn boosted_trees_that_cannot_be_meant_are_refused_with_what_to_do() {
        let volume = || VolumeJob {
            name: "volume".to_owned(),
            inputs: volume_inputs(),
            boost: BoostParameters::default(),
            folds: FoldPlan {
                gap_sessions: 60,
                ..FoldPlan::default()
            },
            promote_anyway: false,
        };
        let schema = FeatureSchema::default();
        assert_eq!(volume().problem(&schema), None);
        assert!(VolumeJob::predicts(schema.target()));
        assert_eq!(volume().log_today(), Some(0));

        let refused = |change: &dyn Fn(&mut VolumeJob), part: &str| {
            let mut volume = volume();
            change(&mut volume);
            let problem = volume.problem(&schema).expect("it is refused");
            assert!(problem.contains(part), "{problem}");
        };
        refused(&|volume| volume.name = "../v".to_owned(), "no name");
        refused(&|volume| volume.inputs.clear(), "`log_volume` over 1 row");
        refused(&|volume| volume.inputs[0].relative = true, "not relative");
        refused(&|volume| volume.inputs[1].window = 0, "window of 0 rows");
        refused(&|volume| volume.boost.trees = 0, "number of trees is 0");
        refused(&|volume| volume.folds.folds = 0, "number of folds is 0");
        let short = |volume: &mut VolumeJob| volume.folds.gap_sessions = 59;
        refused(&short, "set volume.gap_sessions to 60 at least");
        let target = Target {
            column: Column::Close,
            ..Target::default()
        };
        assert!(!VolumeJob::predicts(&target));
        let of_prices = FeatureSchema::declare(Vec::new(), target).unwrap();
        let problem = volume().problem(&of_prices).expect("it is refused");
        assert!(problem.contains("the target is of `Close`"), "{problem}");
        let target = Target {
            lead: 5,
            ..Target::default()
        };
        assert!(!VolumeJob::predicts(&target));
        let in_a_week = FeatureSchema::declare(Vec::new(), target).unwrap();
        let problem = volume().problem(&in_a_week).expect("it is refused");
        assert!(problem.contains("5 rows ahead"), "{problem}");
    }
}

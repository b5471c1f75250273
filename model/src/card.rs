//! The card: what a model was made of and how good it is, from content alone.

use crate::boost::BoostParameters;
use crate::evaluate::Evaluation;
use crate::fold_plan::FoldPlan;
use crate::forest::Forest;
use crate::importance::InputImportance;
use crate::matrix::Matrix;
use crate::onnx::{INPUT_NAME, OUTPUT_NAME};
use crate::parameters::ForestParameters;
use crate::random_split::RandomSplit;
use crate::split::Split;
use crate::verdict::PanelEvaluation;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The number of golden rows of every card.
pub const GOLDEN_ROWS: usize = 10;

/// The card of a model, `card.json`. Field order is that of the file.
///
/// It holds no run, no time and no machine, so that the same model has the same card.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The name of the model.
    pub name: String,
    /// The version of the model, derived from content by the caller.
    pub version: String,
    /// The digest of the ONNX file, in lower-case hex.
    pub onnx_digest: String,
    /// The digest of the data set that the sample was taken from, in lower-case hex.
    pub data_digest: String,
    /// The features as they were declared.
    pub features: serde_json::Value,
    /// What the model takes and gives.
    pub schema: Schema,
    /// The parameters of the trees, their seed included.
    pub parameters: Parameters,
    /// The sample of rows that a forest was trained and tested on; left out for boosted trees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sample>,
    /// Metrics on later dates beside the naive forecasts, with the numbers of training and test rows. For boosted trees
    /// they are those of the last fold.
    pub evaluation: Evaluation,
    /// How boosted trees were judged, walking forward over all rows; left out for a forest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub panel: Option<PanelCard>,
    /// Exactly [`GOLDEN_ROWS`] rows with their predictions, to check any runtime against.
    pub golden_rows: Vec<GoldenRow>,
}

/// The parameters of the trees, by their kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Parameters {
    /// Of a random forest.
    Forest(ForestParameters),
    /// Of boosted trees.
    Boost(BoostParameters),
}

/// What is known of boosted trees that were judged over a panel. Field order is that of the card.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PanelCard {
    /// How the panel was cut.
    pub plan: FoldPlan,
    /// The rows that the published trees were trained on.
    pub train_rows: usize,
    /// The figures of trees that were trained alike, each fold's on earlier dates alone.
    pub evaluation: PanelEvaluation,
    /// What a random split would have shown instead, and how much of that is leak.
    pub random_split: RandomSplit,
    /// What each input is worth, in the order of the inputs: gain in the published trees, permutation in the last fold.
    pub importance: Vec<InputImportance>,
    /// Why the version does not go live by itself; null where it does.
    pub held_back: Option<String>,
    /// Why the version should not have gone live, where it did because a person wanted it; left out elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promoted_anyway: Option<String>,
    /// The live version whose recipe was trained anew on the same folds, to judge this one beside it; left out where
    /// nothing was live, or it was of the same recipe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<String>,
    /// Why the version could not be compared with the live one; left out where it was, or need not be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_compared: Option<String>,
}

impl Parameters {
    /// The number of trees.
    pub fn trees(&self) -> usize {
        match self {
            Self::Forest(parameters) => parameters.trees,
            Self::Boost(parameters) => parameters.trees,
        }
    }

    /// The seed that everything drawn follows from.
    pub fn seed(&self) -> u64 {
        match self {
            Self::Forest(parameters) => parameters.seed,
            Self::Boost(parameters) => parameters.seed,
        }
    }
}

/// The tensors of the ONNX file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// The name of the input tensor, float32 of shape `[N, input_columns]`.
    pub input: String,
    /// The columns of the input, in order.
    pub input_columns: Vec<String>,
    /// The name of the output tensor, float32 of shape `[N, 1]`.
    pub output: String,
}

/// How the rows were chosen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The rows that were asked for.
    pub wanted: usize,
    /// The rows that there were.
    pub rows: usize,
    /// The seed of the sample.
    pub seed: u64,
    /// The share of rows, by date, that was asked for as test rows.
    pub test_fraction: f64,
}

/// One row and what the model predicts for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GoldenRow {
    /// The features, in schema order, already cast to float32.
    pub inputs: Vec<f32>,
    /// The prediction of [`Forest::predict`]; a runtime that sums in float32 comes within 1e-5 relative.
    pub output: f64,
}

/// Text that is no card.
#[derive(Debug, Error)]
#[error("the text is not a model card: publish the model again")]
pub struct CardError(#[from] serde_json::Error);

impl Schema {
    /// The schema of the ONNX file of `forest`.
    pub fn of(forest: &Forest) -> Self {
        Self {
            input: INPUT_NAME.to_owned(),
            input_columns: forest.feature_names().to_vec(),
            output: OUTPUT_NAME.to_owned(),
        }
    }
}

impl Card {
    /// The card as indented JSON with a line feed at the end. Equal cards give equal text.
    pub fn to_json(&self) -> String {
        let mut json = serde_json::to_string_pretty(self).expect("a card has a JSON form");
        json.push('\n');
        json
    }

    /// Reads what [`Card::to_json`] wrote.
    pub fn from_json(json: &str) -> Result<Self, CardError> {
        Ok(serde_json::from_str(json)?)
    }
}

/// [`GOLDEN_ROWS`] of the test rows, spread evenly from the first to the last, with the forest's predictions.
///
/// Panics where `split` has fewer test rows, which [`split_by_date`](crate::split::split_by_date) never gives, or is
/// not one of `features`.
pub fn golden_rows(forest: &Forest, features: &Matrix, split: &Split) -> Vec<GoldenRow> {
    assert!(
        split.test.len() >= GOLDEN_ROWS,
        "a split has at least ten test rows"
    );
    let last = split.test.len() - 1;
    let rows: Vec<usize> = (0..GOLDEN_ROWS)
        .map(|golden| split.test[golden * last / (GOLDEN_ROWS - 1)])
        .collect();
    let outputs = forest.predict_rows(features, &rows);
    let golden = rows.iter().zip(outputs);
    golden
        .map(|(row, output)| GoldenRow {
            inputs: features.row(*row),
            output,
        })
        .collect()
}

/// Days since 1970-01-01 as an ISO 8601 date, as the card has it; as they are where they lie outside the calendar.
pub fn iso_date_text(days: i32) -> String {
    let date = chrono::NaiveDate::from_epoch_days(days);
    date.map_or_else(|| days.to_string(), |date| date.to_string())
}

/// Days since 1970-01-01 as an ISO 8601 date in JSON.
pub(crate) mod iso_date {
    use chrono::NaiveDate;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    pub(crate) fn serialize<S: Serializer>(days: &i32, serializer: S) -> Result<S::Ok, S::Error> {
        match NaiveDate::from_epoch_days(*days) {
            Some(date) => serializer.collect_str(&date),
            None => Err(serde::ser::Error::custom(
                "the date is outside the calendar",
            )),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
        let text = String::deserialize(deserializer)?;
        let date: NaiveDate = text.parse().map_err(D::Error::custom)?;
        Ok(date.to_epoch_days())
    }
}

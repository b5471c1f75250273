//! A model that is ready to be served, and the checks that it passed.

use features::operation::Operation;
use features::schema::{Feature, FeatureSchema};
use model::card::{Card, CardError};
use model::onnx::{self, ReadError};
use model::walker::Walker;
use output::models::{LiveModel, content_version};

/// How far a golden row may be off, relative to its value: another version of this program may add in another order.
const GOLDEN_TOLERANCE: f64 = 1e-9;

/// Digits of the version of a model without a card: the first of its file's digest.
const VERSION_DIGITS: usize = 16;

/// A model that has passed its checks. It never changes.
#[derive(Debug)]
pub(crate) struct ServedModel {
    pub(crate) name: String,
    pub(crate) version: String,
    /// BLAKE3 of the ONNX file, in lower-case hexadecimal.
    pub(crate) digest: String,
    /// The input tensor, float32 of shape `[N, inputs]`.
    pub(crate) input: String,
    /// The output tensor, float32 of shape `[N, 1]`.
    pub(crate) output: String,
    /// The features that a row has, in order.
    pub(crate) inputs: Vec<String>,
    /// How features are made from prices; `None` for a file without a card.
    pub(crate) recipe: Option<FeatureRecipe>,
    pub(crate) card: Option<Card>,
    walker: Walker,
}

/// How a model's features are made.
#[derive(Debug)]
pub(crate) struct FeatureRecipe {
    pub(crate) schema: FeatureSchema,
    /// Stands for the schema and the inputs: equal recipes have equal ones.
    pub(crate) id: u64,
}

/// Why a version does not go live.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RejectError {
    /// The pointer to the live version is not what this program writes.
    #[error("the pointer to the live version cannot be read: {0}")]
    Pointer(String),
    /// A file that the version is made of is not there.
    #[error("{0} is missing: publish the model again")]
    Missing(String),
    #[error("the ONNX file is damaged: its BLAKE3 is {found}, and {expected} is expected")]
    Digest { found: String, expected: String },
    #[error(transparent)]
    Card(#[from] CardError),
    #[error(
        "the card speaks of another model: its `{member}` is `{found}`, and `{expected}` is expected"
    )]
    OtherCard {
        member: &'static str,
        found: String,
        expected: String,
    },
    #[error(transparent)]
    Onnx(#[from] ReadError),
    #[error("the card names the inputs {card}, and the ONNX file {onnx}")]
    Inputs { card: String, onnx: String },
    #[error("the card's features cannot be made: {0}")]
    Schema(serde_json::Error),
    #[error("the input `{0}` is not among the card's features")]
    Undeclared(String),
    #[error("golden row {row} gives {found}, and the card says {expected}")]
    Golden {
        row: usize,
        found: f64,
        expected: f64,
    },
}

impl RejectError {
    /// The reason in a word, for metrics.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Pointer(_) => "pointer",
            Self::Missing(_) => "missing",
            Self::Digest { .. } => "digest",
            Self::Card(_) | Self::OtherCard { .. } => "card",
            Self::Onnx(_) => "onnx",
            Self::Inputs { .. } | Self::Schema(_) | Self::Undeclared(_) => "schema",
            Self::Golden { .. } => "golden_rows",
        }
    }
}

impl ServedModel {
    /// Checks the files of a version against each other and against the pointer to it.
    pub(crate) fn check(live: &LiveModel, onnx: &[u8], card: &[u8]) -> Result<Self, RejectError> {
        let digest = blake3::hash(onnx).to_hex().to_string();
        if digest != live.digest {
            return Err(RejectError::Digest {
                found: digest,
                expected: live.digest.clone(),
            });
        }
        let text = String::from_utf8_lossy(card);
        let card = Card::from_json(&text)?;
        let content = content_version(&text, &card.version);
        for (member, found, expected) in [
            ("name", &card.name, &live.name),
            ("version", &card.version, &live.version),
            ("onnx_digest", &card.onnx_digest, &digest),
            ("version", &card.version, &content),
        ] {
            if found != expected {
                return Err(RejectError::OtherCard {
                    member,
                    found: found.clone(),
                    expected: expected.clone(),
                });
            }
        }
        let mut served = Self::read(&live.name, digest, onnx)?;
        served.version.clone_from(&live.version);
        if card.schema.input_columns != served.inputs {
            return Err(RejectError::Inputs {
                card: card.schema.input_columns.join(", "),
                onnx: served.inputs.join(", "),
            });
        }
        served.recipe = Some(FeatureRecipe::of(&card, &served.inputs)?);
        for (row, golden) in card.golden_rows.iter().enumerate() {
            let found = served.predict(&golden.inputs);
            let tolerance = GOLDEN_TOLERANCE * golden.output.abs().max(1.0);
            if (found - golden.output).abs() > tolerance {
                return Err(RejectError::Golden {
                    row,
                    found,
                    expected: golden.output,
                });
            }
        }
        served.card = Some(card);
        Ok(served)
    }

    /// A file that comes without a card: its version is the beginning of its digest.
    pub(crate) fn without_card(name: &str, onnx: &[u8]) -> Result<Self, RejectError> {
        let digest = blake3::hash(onnx).to_hex().to_string();
        Self::read(name, digest, onnx)
    }

    fn read(name: &str, digest: String, onnx: &[u8]) -> Result<Self, RejectError> {
        let file = onnx::read(onnx)?;
        Ok(Self {
            name: name.to_owned(),
            version: digest[..VERSION_DIGITS].to_owned(),
            digest,
            inputs: file.forest.feature_names().to_vec(),
            input: file.input_name,
            output: file.output_name,
            recipe: None,
            card: None,
            walker: Walker::new(&file.forest),
        })
    }

    /// Whether each of `names` is one of its inputs.
    pub(crate) fn reads_all(&self, names: &[&str]) -> bool {
        let reads = |name: &&str| self.inputs.iter().any(|input| input == name);
        names.iter().all(reads)
    }

    /// The prediction for one row, which has a value for each input.
    pub(crate) fn predict(&self, row: &[f32]) -> f64 {
        self.walker.predict(row)
    }

    /// The predictions for rows, one after another in `rows`.
    pub(crate) fn predict_rows(&self, rows: &[f32]) -> Vec<f64> {
        let mut predictions = vec![0.0; rows.len() / self.inputs.len()];
        self.walker.predict_rows(rows, &mut predictions);
        predictions
    }

    /// Whether the model knows what to do where a value is missing.
    pub(crate) fn takes_missing(&self) -> bool {
        self.walker.handles_missing()
    }

    /// The smallest value that the input can have; `None` where it can be any number.
    pub(crate) fn least(&self, input: usize) -> Option<f64> {
        let feature = self.recipe.as_ref()?.feature(&self.inputs[input])?;
        // What is a spread never is negative, unless something is taken from it.
        let negative = feature.column.can_be_negative() && feature.operation != Operation::Std;
        (!negative && !feature.relative).then_some(0.0)
    }
}

impl FeatureRecipe {
    fn of(card: &Card, inputs: &[String]) -> Result<Self, RejectError> {
        let schema: FeatureSchema =
            serde_json::from_value(card.features.clone()).map_err(RejectError::Schema)?;
        let text = serde_json::to_vec(&(&schema, inputs)).expect("a schema has a JSON form");
        let digest = blake3::hash(&text);
        let first_eight = digest.as_bytes()[..8]
            .try_into()
            .expect("a digest is longer");
        let recipe = Self {
            schema,
            id: u64::from_le_bytes(first_eight),
        };
        match inputs.iter().find(|input| recipe.feature(input).is_none()) {
            Some(input) => Err(RejectError::Undeclared(input.clone())),
            None => Ok(recipe),
        }
    }

    fn feature(&self, name: &str) -> Option<&Feature> {
        let mut features = self.schema.features().iter();
        features.find(|feature| feature.name == name)
    }
}

/// A model of two inputs, `volume` and `price`, that predicts 7.
#[cfg(test)]
pub(crate) fn constant() -> ServedModel {
    use model::forest::Forest;
    use model::tree::{Node, Tree};
    let tree = Tree::from_nodes(&[Node::Leaf { value: 7.0 }]).unwrap();
    let inputs = vec!["volume".to_owned(), "price".to_owned()];
    let forest = Forest::new(inputs, vec![tree]).unwrap();
    let description = onnx::Description {
        model_name: "constant",
        doc_string: "",
        metadata: &std::collections::BTreeMap::new(),
    };
    let file = onnx::write(&forest, &description);
    ServedModel::without_card("constant", &file).unwrap()
}

//! What a version is judged beside: the recipe of the live one. Pure.

use features::schema::{Feature, FeatureSchema};
use model::boost::BoostParameters;
use model::card::{Card, Parameters};
use model::live_recipe::LiveRecipe;

use crate::job::VolumeJob;

/// The version of a model that is live before a run trains another.
#[derive(Debug)]
pub(crate) struct LiveCard {
    /// The version.
    pub(crate) version: String,
    /// Its card; `None` where it cannot be read.
    pub(crate) card: Option<Card>,
}

/// How the boosted trees of a job stand to the live version.
#[derive(Debug, PartialEq)]
pub(crate) enum Beside {
    /// No version is live, or it is of the very same recipe, which is as good by itself.
    Nothing,
    /// The live version is of another recipe, which can be trained on the same rows.
    Recipe {
        version: String,
        parameters: BoostParameters,
        /// By the names that the job has for them.
        inputs: Vec<String>,
        max_train_rows: usize,
    },
    /// The live version is of a recipe that the rows of the job do not serve.
    Incomparable { version: String, reason: String },
}

impl Beside {
    /// How the trees of `volume` in a run with this schema stand to the live version. An input is the same where it is
    /// computed alike, whatever its name.
    pub(crate) fn of(volume: &VolumeJob, schema: &FeatureSchema, live: Option<LiveCard>) -> Self {
        let Some(LiveCard { version, card }) = live else {
            return Self::Nothing;
        };
        let (parameters, inputs, max_train_rows) = match recipe_of(card, volume, schema) {
            Ok(recipe) => recipe,
            Err(reason) => return Self::Incomparable { version, reason },
        };
        let own_inputs = volume.inputs.iter().map(|input| &input.name);
        let same_rows = max_train_rows == volume.folds.max_train_rows;
        if parameters == volume.boost && own_inputs.eq(&inputs) && same_rows {
            return Self::Nothing;
        }
        Self::Recipe {
            version,
            parameters,
            inputs,
            max_train_rows,
        }
    }

    /// The recipe to train on the same folds; `None` where there is none.
    pub(crate) fn recipe(&self) -> Option<LiveRecipe<'_>> {
        match self {
            Self::Recipe {
                parameters,
                inputs,
                max_train_rows,
                ..
            } => Some(LiveRecipe {
                parameters,
                inputs,
                max_train_rows: *max_train_rows,
            }),
            Self::Nothing | Self::Incomparable { .. } => None,
        }
    }

    /// What the card says: the version that the new one was compared with, and why it was not compared. `problem` is what
    /// kept the recipe from being trained.
    pub(crate) fn said(self, problem: Option<String>) -> (Option<String>, Option<String>) {
        let not_compared = |version: String, reason: String| {
            let said =
                format!("it could not be compared with {version}, the live version: {reason}");
            (None, Some(said))
        };
        match (self, problem) {
            (Self::Nothing, _) => (None, None),
            (Self::Recipe { version, .. }, None) => (Some(version), None),
            (Self::Recipe { version, .. }, Some(reason))
            | (Self::Incomparable { version, reason }, _) => not_compared(version, reason),
        }
    }
}

/// The parameters, the inputs and the most rows to train on of the live version, or why they cannot be trained on the rows
/// of the job.
fn recipe_of(
    card: Option<Card>,
    volume: &VolumeJob,
    schema: &FeatureSchema,
) -> Result<(BoostParameters, Vec<String>, usize), String> {
    let card = card.ok_or("its card cannot be read")?;
    let Parameters::Boost(parameters) = card.parameters else {
        return Err("it has no boosted trees".to_owned());
    };
    let panel = card
        .panel
        .ok_or("its card does not say how it was judged")?;
    let declared: FeatureSchema = serde_json::from_value(card.features)
        .map_err(|_| "its card does not say what it reads".to_owned())?;
    if declared.target() != schema.target() {
        return Err("it predicts another target".to_owned());
    }
    let mut inputs = Vec::new();
    for input in declared.features() {
        let own = volume.inputs.iter().find(|own| is_alike(own, input));
        let own =
            own.ok_or_else(|| format!("it reads `{}`, which this version does not", input.name))?;
        inputs.push(own.name.clone());
    }
    Ok((parameters, inputs, panel.plan.max_train_rows))
}

/// Whether two inputs are the same but for their names.
fn is_alike(one: &Feature, other: &Feature) -> bool {
    let named_alike = Feature {
        name: one.name.clone(),
        ..other.clone()
    };
    *one == named_alike
}

#[cfg(test)]
mod tests;

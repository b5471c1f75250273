//! The declared feature schema: which columns a run adds to a price table, in order.

use arrow_schema::{DataType, Field};
use serde::{Deserialize, Serialize};

use crate::column::Column;
use crate::declare::{DeclareError, problems_of};
use crate::operation::Operation;

/// A column that is computed from rows up to the current one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// Name of the column in the output.
    pub name: String,
    /// The column that it is computed from.
    pub column: Column,
    /// What is computed.
    pub operation: Operation,
    /// Rows of the window, the current one included; for [`Operation::Lag`], how many rows back.
    pub window: usize,
    /// Whether the row's own value of the column is taken from what is computed; null where that value is null.
    ///
    /// Serialised only where it is true, so that what was declared without it keeps its form.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub relative: bool,
}

impl Feature {
    /// How many rows a value depends on, from the furthest back to the current one.
    ///
    /// The window; for [`Operation::Lag`] one row more, as its window does not count the current row, and for a column
    /// that is derived from two rows one more again.
    pub const fn rows_needed(&self) -> usize {
        let values = match self.operation {
            Operation::Lag => self.window.saturating_add(1),
            _ => self.window,
        };
        values.saturating_add(self.column.rows_needed() - 1)
    }
}

/// The column that a model is to predict: the value of `column`, `lead` rows ahead.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Name of the column in the output.
    pub name: String,
    /// The column of the table that it is taken from, not a derived one; the target has its type.
    pub column: Column,
    /// How many rows ahead; the last `lead` rows are null.
    pub lead: usize,
}

impl Default for Target {
    /// `next_day_volume`: the Volume of the next row.
    fn default() -> Self {
        Self {
            name: "next_day_volume".to_owned(),
            column: Column::Volume,
            lead: 1,
        }
    }
}

/// The two standard features over windows of `window` rows: `vol_moving_avg`, the mean of Volume, and
/// `adj_close_rolling_med`, the median of Adj Close.
///
/// The window is not checked here; [`FeatureSchema::declare`] checks it.
pub fn standard(window: usize) -> Vec<Feature> {
    vec![
        Feature {
            name: "vol_moving_avg".to_owned(),
            column: Column::Volume,
            operation: Operation::Mean,
            window,
            relative: false,
        },
        Feature {
            name: "adj_close_rolling_med".to_owned(),
            column: Column::AdjClose,
            operation: Operation::Median,
            window,
            relative: false,
        },
    ]
}

/// A valid declaration: features in order, and one target. Deserialising one validates it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Declaration")]
pub struct FeatureSchema {
    features: Vec<Feature>,
    target: Target,
}

impl FeatureSchema {
    /// Validates a declaration; the error carries every problem of it. The list of features may be empty.
    pub fn declare(features: Vec<Feature>, target: Target) -> Result<Self, DeclareError> {
        let problems = problems_of(&features, &target);
        if !problems.is_empty() {
            return Err(DeclareError { problems });
        }
        Ok(Self { features, target })
    }

    /// The features in declared order.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// The target.
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// Rows, the current one included, that every feature of a row depends on at most: the greatest
    /// [`Feature::rows_needed`], and 1 where no feature is declared.
    ///
    /// A table with fewer rows has some feature that is null throughout. Rows computed with `longest_window() - 1` rows
    /// before them have the values that they have in the whole table.
    pub fn longest_window(&self) -> usize {
        self.features
            .iter()
            .map(Feature::rows_needed)
            .max()
            .unwrap_or(1)
    }

    /// The fields of the computed columns, all nullable: float64 features in declared order, then the target, which is
    /// int64 where its column is Volume and float64 otherwise.
    pub fn fields(&self) -> Vec<Field> {
        let target = Field::new(&self.target.name, self.target.column.data_type(), true);
        let features = self
            .features
            .iter()
            .map(|feature| Field::new(&feature.name, DataType::Float64, true));
        features.chain([target]).collect()
    }
}

impl Default for FeatureSchema {
    /// The standard features over 30 rows, and the Volume of the next row as the target.
    fn default() -> Self {
        Self {
            features: standard(30),
            target: Target::default(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declaration {
    features: Vec<Feature>,
    target: Target,
}

impl TryFrom<Declaration> for FeatureSchema {
    type Error = DeclareError;

    fn try_from(declaration: Declaration) -> Result<Self, DeclareError> {
        Self::declare(declaration.features, declaration.target)
    }
}

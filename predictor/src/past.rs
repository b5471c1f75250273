//! What the page shows of a ticker: its last days, and what the model said of each the day before. Pure.

use features::column::Column;
use features::operation::Operation;
use market::symbol::Symbol;
use market::table::PriceTable;
use model::matrix::to_feature;

use crate::chart::Line;
use crate::refusal::Refusal;
use crate::served::ServedModel;
use crate::tickers::{Ticker, recipe_of};

/// Days that are shown: about a year of trading.
const SHOWN: usize = 250;

/// The last days of a ticker. All lists have one entry for each day.
pub(crate) struct Past {
    /// Since 1970-01-01, rising.
    pub(crate) days: Vec<i32>,
    /// Shares traded, and what the row before predicted for the day.
    pub(crate) volume: Vec<f64>,
    pub(crate) predicted: Vec<Option<f64>>,
    pub(crate) adj_close: Vec<f64>,
    /// Features in the unit of volumes, and of prices, by name.
    pub(crate) of_volume: Vec<Line>,
    pub(crate) of_price: Vec<Line>,
    /// What the last row predicts for the day after it.
    pub(crate) next: Option<f64>,
}

impl Past {
    /// The last days of a ticker's prices.
    pub(crate) fn of(
        prices: PriceTable,
        symbol: &Symbol,
        model: &ServedModel,
    ) -> Result<Self, Refusal> {
        let recipe = recipe_of(model)?;
        let first = prices.rows().saturating_sub(SHOWN);
        let days = prices.date[first..].to_vec();
        let volume = prices.volume[first..].iter().map(|volume| *volume as f64);
        let volume: Vec<f64> = volume.collect();
        let adj_close = prices.adj_close[first..].to_vec();
        let ticker = Ticker::of(prices, symbol, recipe, &model.inputs)
            .map_err(|error| Refusal::unavailable(error.to_string()))?;
        let predictions: Vec<Option<f64>> = (0..ticker.days.len())
            .map(|row| predict(model, ticker.row(row)))
            .collect();
        let before = |row: usize| row.checked_sub(1).and_then(|row| predictions[row]);
        let predicted = (first..ticker.days.len()).map(before).collect();
        let (mut of_volume, mut of_price) = (Vec::new(), Vec::new());
        for feature in recipe.schema.features() {
            let Some(input) = model.inputs.iter().position(|input| *input == feature.name) else {
                continue;
            };
            let of_other_size = matches!(feature.operation, Operation::Sum | Operation::Std);
            if of_other_size || feature.relative || feature.column.is_derived() {
                continue; // in another unit, or far from what is drawn
            }
            let values = (first..ticker.days.len()).map(|row| ticker.row(row)[input]);
            let line = Line {
                label: feature.name.clone(),
                values: values
                    .map(|value| (!value.is_nan()).then_some(value))
                    .collect(),
            };
            if feature.column == Column::Volume {
                of_volume.push(line);
            } else {
                of_price.push(line);
            }
        }
        Ok(Self {
            days,
            volume,
            predicted,
            adj_close,
            of_volume,
            of_price,
            next: predictions.last().copied().flatten(),
        })
    }
}

fn predict(model: &ServedModel, features: &[f64]) -> Option<f64> {
    if features.iter().any(|value| value.is_nan()) {
        return None;
    }
    let row: Vec<f32> = features.iter().copied().map(to_feature).collect();
    Some(model.predict(&row))
}

//! The rows that models learn from: what is asked for, and what was found.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use features::compute::ComputeError;
use serde::{Deserialize, Serialize};

use crate::feature_file::FeatureTable;
use crate::panel::{PanelRequest, PanelRows};
use crate::sample::{Sample, SampleRequest, TakeError};
use crate::symbol::Symbol;
use crate::table::PriceArrays;

/// The rows that the models of a run ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowRequest {
    /// For a forest; none for a run without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<SampleRequest>,
    /// For boosted trees; none for a run without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub panel: Option<PanelRequest>,
}

/// The rows of some tickers. Each ticker is added once, in any order: the result is the same however tickers are spread over
/// shards and workers.
#[derive(Debug, Clone)]
pub struct ModelRows {
    /// For a forest; empty where none was asked for.
    pub sample: Sample,
    /// For boosted trees, all rows of each ticker that has any; none where none were asked for.
    pub panel: BTreeMap<Symbol, PanelRows>,
}

/// Why rows cannot be taken from a ticker's table.
#[derive(Debug, thiserror::Error)]
pub enum TakeRowsError {
    /// The table lacks what a forest asks for.
    #[error(transparent)]
    Sample(#[from] TakeError),
    /// An input of boosted trees is not defined for the prices.
    #[error(transparent)]
    Panel(#[from] ComputeError),
}

impl ModelRows {
    /// No rows yet, with room for those of `request`.
    pub fn new(request: &RowRequest) -> Self {
        let wanted = request.sample.as_ref().map_or(0, |sample| sample.rows);
        Self {
            sample: Sample::new(wanted),
            panel: BTreeMap::new(),
        }
    }

    /// Adds the rows of one ticker that the request asks for.
    pub fn take(
        &mut self,
        request: &RowRequest,
        symbol: &Symbol,
        table: &FeatureTable,
    ) -> Result<(), TakeRowsError> {
        self.take_sample(request, symbol, table.batch())?;
        self.take_panel(request, symbol, &table.prices())
    }

    /// Adds the rows of some of a ticker's table that a forest asks for.
    pub fn take_sample(
        &mut self,
        request: &RowRequest,
        symbol: &Symbol,
        table: &RecordBatch,
    ) -> Result<(), TakeRowsError> {
        if let Some(sample) = &request.sample {
            self.sample.take(sample, symbol, table)?;
        }
        Ok(())
    }

    /// Adds the rows of a ticker that boosted trees ask for.
    pub fn take_panel(
        &mut self,
        request: &RowRequest,
        symbol: &Symbol,
        prices: &PriceArrays,
    ) -> Result<(), TakeRowsError> {
        if let Some(panel) = &request.panel {
            let rows = PanelRows::of(panel, prices)?;
            if !rows.date.is_empty() {
                self.panel.insert(symbol.clone(), rows);
            }
        }
        Ok(())
    }

    /// Adds the rows of other tickers.
    pub fn merge(&mut self, mut other: Self) {
        self.sample.merge(other.sample);
        self.panel.append(&mut other.panel);
    }
}

//! Auditing declared features.

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use features::compute::{ComputeError, compute};
use features::schema::FeatureSchema;
use rayon::prelude::*;

use super::draw::AuditPlan;
use super::examine::{AuditedTicker, TickerFeatures, audit};
use super::report::AuditReport;

/// Audits the features of a declaration as [`compute`] makes them of each ticker; not the target, which looks ahead by
/// its declaration. Works on the threads of the current rayon pool.
pub fn audit_declared(
    schema: &FeatureSchema,
    tickers: &[AuditedTicker],
    plan: &AuditPlan,
) -> Result<AuditReport, ComputeError> {
    let names = schema.features().iter();
    let names: Vec<String> = names.map(|feature| feature.name.clone()).collect();
    let compute = |tickers: &[AuditedTicker]| -> Result<Vec<TickerFeatures>, ComputeError> {
        let computed: Vec<Result<TickerFeatures, ComputeError>> = tickers
            .par_iter()
            .map(|ticker| declared_features(schema, ticker))
            .collect();
        computed.into_iter().collect()
    };
    audit(tickers, &names, &compute, plan)
}

fn declared_features(
    schema: &FeatureSchema,
    ticker: &AuditedTicker,
) -> Result<TickerFeatures, ComputeError> {
    let mut columns = compute(schema, &ticker.prices.columns())?;
    columns.truncate(schema.features().len()); // the target comes last
    let floats = columns.iter();
    let floats = floats.map(|column| column.as_primitive::<Float64Type>().clone());
    Ok(floats.collect())
}

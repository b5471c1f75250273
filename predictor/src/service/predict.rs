//! `/predict`: the prediction for a row that the client gives, for a ticker, or for a tail of daily rows.

use std::rc::Rc;
use std::sync::Arc;

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use market::symbol::Symbol;
use model::matrix::to_feature;
use proto::id::RunId;
use proto::query::Day;
use serde::Serialize;

use super::answer::{JSON, json, of_model};
use super::batch::Batcher;
use super::state::State;
use crate::catalogue::Catalogue;
use crate::question::{Parameters, Question};
use crate::refusal::Refusal;
use crate::served::ServedModel;
use crate::tail::Tail;
use crate::tickers::{FeatureRow, answerable_row, recipe_of};

/// The run that a row is of, and its date.
const RUN_ID: HeaderName = HeaderName::from_static("x-run-id");
const ROW_DATE: HeaderName = HeaderName::from_static("x-row-date");

/// A prediction with what it was made from, as `explain=true` asks for it.
#[derive(Serialize)]
struct Explained<'a> {
    /// In the unit of the target.
    prediction: f64,
    model: &'a str,
    model_version: &'a str,
    /// The features as they were computed; the model takes them as float32.
    features: serde_json::Map<String, serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<ExplainedRow>,
}

/// Which row of which ticker.
#[derive(Serialize)]
struct ExplainedRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    symbol: Option<String>,
    /// The date of the row; the prediction is for the trading day after it.
    date: Day,
    /// The rows that the features were made from: the first date, and how many.
    first_date: Day,
    rows: usize,
}

/// `GET /predict`.
pub(super) async fn get(
    state: Data<State>,
    batcher: Data<Rc<Batcher>>,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let now = state.now();
    let mut parameters = Parameters::decode(request.query_string())?;
    let explain = parameters.take_truth("explain")?;
    let model = state.model_of_query(&now, &mut parameters)?;
    match parameters.question(&model)? {
        Question::Row(row) => {
            let prediction = if state.terms.batching {
                batcher.predict(&model, &row).await
            } else {
                model.predict(&row)
            };
            let features: Vec<f64> = row.iter().map(|value| f64::from(*value)).collect();
            Ok(answer(&model, prediction, &features, None, explain))
        }
        Question::Ticker { symbol, date } => {
            let (run, row) = stored_row(&state, &now, &model, &symbol, date).await?;
            let stored = Some((run.to_string(), symbol.to_string()));
            Ok(answer_row(&model, &row, stored, explain))
        }
    }
}

/// `POST /predict`.
pub(super) async fn post(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Refusal> {
    let now = state.now();
    let mut parameters = Parameters::decode(request.query_string())?;
    let explain = parameters.take_truth("explain")?;
    let model = state.model(&now, parameters.take("model").as_deref())?;
    parameters.end("explain and model")?;
    let body = state.bodies.read(&request, payload, &[JSON]).await?;
    let max_rows = state.terms.limits.max_rows;
    let for_kernel = Arc::clone(&model);
    let row = state
        .kernels
        .run(move || Tail::read(&body.bytes, max_rows)?.last_row(&for_kernel))
        .await??;
    Ok(answer_row(&model, &row, None, explain))
}

/// A ticker's row with its inputs, and the run that it is of.
async fn stored_row<'a>(
    state: &State,
    now: &'a Catalogue,
    model: &Arc<ServedModel>,
    symbol: &Symbol,
    date: Option<Day>,
) -> Result<(&'a RunId, FeatureRow), Refusal> {
    recipe_of(model)?;
    let (Some(tickers), Some(run)) = (&state.tickers, &now.run) else {
        let error = "there is no completed run to make features from: `tickermill run` makes one";
        return Err(Refusal::unavailable(error));
    };
    let ticker = tickers.get(run, symbol, model).await?;
    let weight = tickers.weight();
    state.metrics.cache_bytes.set(weight as i64);
    Ok((&run.run, answerable_row(&ticker, symbol, model, date)?))
}

/// Answers for a day; one that is stored has the run and the symbol that it is of.
fn answer_row(
    model: &ServedModel,
    row: &FeatureRow,
    stored: Option<(String, String)>,
    explain: bool,
) -> HttpResponse {
    let inputs: Vec<f32> = row.features.iter().copied().map(to_feature).collect();
    let (run_id, symbol) = stored.unzip();
    let about = ExplainedRow {
        run_id,
        symbol,
        date: row.date,
        first_date: row.first_date,
        rows: row.rows,
    };
    let prediction = model.predict(&inputs);
    answer(model, prediction, &row.features, Some(about), explain)
}

fn answer(
    model: &ServedModel,
    prediction: f64,
    features: &[f64],
    row: Option<ExplainedRow>,
    explain: bool,
) -> HttpResponse {
    let mut answer = of_model(model);
    if let Some(row) = &row {
        answer.insert_header((ROW_DATE, row.date.to_string()));
        let run = row.run_id.as_deref().map(HeaderValue::from_str);
        if let Some(Ok(run)) = run {
            answer.insert_header((RUN_ID, run));
        }
    }
    if !explain {
        return json(answer, &prediction);
    }
    let named = model.inputs.iter().cloned().zip(features);
    let explained = Explained {
        prediction,
        model: &model.name,
        model_version: &model.version,
        features: named.map(|(name, value)| (name, (*value).into())).collect(),
        row,
    };
    json(answer, &explained)
}

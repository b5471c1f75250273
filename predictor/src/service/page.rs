//! The page: a ticker's volume and features, what was predicted against what came, and the model's card.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use model::card::Card;
use output::reading::CompletedRun;
use proto::query::Day;

use super::state::State;
use crate::catalogue::Catalogue;
use crate::chart::{Line, chart, short};
use crate::past::Past;
use crate::question::{Parameters, symbol_of};
use crate::refusal::Refusal;
use crate::served::ServedModel;
use crate::tickers::file_of;

pub(super) const STYLE: &str = include_str!("style.css");

/// Nothing is loaded from anywhere; what is in the page itself may style it and try the paths of this server.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Days in the table.
const LISTED: usize = 10;

/// `GET /`.
pub(super) async fn page(state: Data<State>, request: HttpRequest) -> HttpResponse {
    let now = state.now();
    match shown(&state, &now, &request).await {
        Ok(content) => html_answer(HttpResponse::Ok(), &whole(&now, &content)),
        Err(refusal) => {
            let status =
                StatusCode::from_u16(refusal.status).expect("refusals have statuses of HTTP");
            let wrong = html! {
                p class="wrong" {
                    (refusal.error)
                    @if let Some(expected) = &refusal.expected { " — expected: " (expected) }
                }
            };
            html_answer(HttpResponse::build(status), &whole(&now, &wrong))
        }
    }
}

pub(super) fn html_answer(mut answer: HttpResponseBuilder, page: &Markup) -> HttpResponse {
    answer
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(page.0.clone())
}

async fn shown(state: &State, now: &Catalogue, request: &HttpRequest) -> Result<Markup, Refusal> {
    let mut parameters = Parameters::decode(request.query_string())?;
    let name = parameters.take("model");
    let symbol = parameters.take("symbol");
    parameters.end("symbol and model")?;
    let model = state.model(now, name.as_deref())?;
    let (Some(tickers), Some(run)) = (&state.tickers, &now.run) else {
        return Ok(about_model(&model));
    };
    let symbol = match symbol.as_deref().filter(|symbol| !symbol.is_empty()) {
        Some(symbol) => symbol_of(symbol)?,
        None => match run.files.first() {
            Some(file) => file.symbol.clone(),
            None => return Ok(about_model(&model)),
        },
    };
    let file = file_of(run, &symbol)?;
    let (for_kernel, of_symbol) = (Arc::clone(&model), symbol.clone());
    let past = move |prices| Past::of(prices, &of_symbol, &for_kernel);
    let past = tickers.with_prices(run, file, past).await??;
    Ok(html! {
        (about_ticker(symbol.as_str(), run, &past))
        (about_model(&model))
    })
}

fn whole(now: &Catalogue, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                link rel="icon" href="data:,";
                title { "Tickermill" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header { h1 { "Tickermill" } a href="/docs" { "API" } }
                main {
                    @if let Some(run) = &now.run { (picker(run)) }
                    (content)
                }
            }
        }
    }
}

fn picker(run: &CompletedRun) -> Markup {
    html! {
        form class="pick" action="/" method="get" {
            input name="symbol" list="symbols" placeholder="ticker" aria-label="ticker" autocomplete="off" required;
            datalist id="symbols" {
                @for file in &run.files { option value=(file.symbol) {} }
            }
            button { "Show" }
        }
    }
}

fn about_ticker(symbol: &str, run: &CompletedRun, past: &Past) -> Markup {
    let line = |label: &str, values: Vec<Option<f64>>| Line {
        label: label.to_owned(),
        values,
    };
    let all = |values: &[f64]| values.iter().copied().map(Some).collect::<Vec<_>>();
    let mut volume = vec![
        line("volume", all(&past.volume)),
        line("predicted the day before", past.predicted.clone()),
    ];
    volume.extend(
        past.of_volume
            .iter()
            .map(|feature| line(&feature.label, feature.values.clone())),
    );
    let mut price = vec![line("adjusted close", all(&past.adj_close))];
    price.extend(
        past.of_price
            .iter()
            .map(|feature| line(&feature.label, feature.values.clone())),
    );
    let last = past.days.last().map(|day| Day { since_epoch: *day });
    html! {
        h2 id="ticker" { (symbol) }
        @match (past.next, last) {
            (Some(next), Some(last)) => p class="next" {
                b id="next" { (thousands(next)) } " shares predicted for the trading day after " (last)
            },
            _ => p class="wrong" { "Too few rows to predict from." },
        }
        (chart("Volume", &past.days, &volume))
        (chart("Price", &past.days, &price))
        (listing(past))
        p class="soft" { "Features are made from run " code { (run.run) } "." }
    }
}

fn listing(past: &Past) -> Markup {
    let first = past.days.len().saturating_sub(LISTED);
    html! {
        div class="wide" {
            table {
                thead { tr { th { "Day" } th { "Volume" } th { "Predicted" } th { "Off by" } th { "Adjusted close" } } }
                tbody {
                    @for row in (first..past.days.len()).rev() {
                        tr {
                            td { (Day { since_epoch: past.days[row] }) }
                            td { (thousands(past.volume[row])) }
                            @if let Some(predicted) = past.predicted[row] {
                                td { (thousands(predicted)) }
                                td { (off_by(predicted, past.volume[row])) }
                            } @else { td {} td {} }
                            td { (format!("{:.2}", past.adj_close[row])) }
                        }
                    }
                }
            }
        }
    }
}

fn off_by(predicted: f64, came: f64) -> String {
    if came == 0.0 {
        return String::new();
    }
    format!("{:+.0}%", 100.0 * (predicted - came) / came)
}

fn about_model(model: &ServedModel) -> Markup {
    html! {
        h2 { "Model " (model.name) }
        p { "Version " code { (model.version) } ", of " (model.inputs.join(" and ")) "." }
        @if let Some(card) = &model.card { (about_card(card)) }
    }
}

fn about_card(card: &Card) -> Markup {
    let evaluation = &card.evaluation;
    let naive = evaluation.naive_moving_average.as_ref();
    html! {
        div class="wide" {
            table {
                thead { tr { th { "On " (evaluation.test_rows) " later rows" } th { "Mean absolute error" } } }
                tbody {
                    tr { td { "the model" } td { (short(evaluation.model.mae)) } }
                    tr { td { "tomorrow is as today" } td { (short(evaluation.naive_today.mae)) } }
                    @if let Some(naive) = naive {
                        tr { td { "tomorrow is as the moving average" } td { (short(naive.mae)) } }
                    }
                }
            }
        }
        p class="soft" {
            "Trained on " (evaluation.train_rows) " rows, " (card.parameters.trees()) " trees, seed " (card.parameters.seed())
            ". Data " code { (card.data_digest) } ", file " code { (card.onnx_digest) } "."
        }
    }
}

/// A whole number with commas.
fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 {
        format!("-{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        let written = [0.0, 999.4, 1_000.0, 181_234_567.0, -12_345.0].map(thousands);
        assert_eq!(written, ["0", "999", "1,000", "181,234,567", "-12,345"]);
        assert_eq!(off_by(150.0, 100.0), "+50%");
        assert_eq!(off_by(1.0, 0.0), "");
    }
}

//! What operators and their tools look at.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Data;
use actix_web::{HttpResponse, ResponseError};
use operations::{METRICS_TYPE, Operated};
use serde::Serialize;

use super::answer::json;
use super::state::State;
use crate::refusal::Refusal;

#[derive(Serialize)]
struct Healthy {
    status: &'static str,
}

/// `GET /healthcheck`: the process answers.
pub(super) async fn healthcheck() -> HttpResponse {
    json(HttpResponse::Ok(), &Healthy { status: "ok" })
}

#[derive(Serialize)]
struct Live {
    live: bool,
}

/// `GET /livez`: the process answers.
pub(super) async fn live() -> HttpResponse {
    json(HttpResponse::Ok(), &Live { live: true })
}

#[derive(Serialize)]
struct Ready {
    ready: bool,
}

/// `GET /readyz`: there is a model to answer with, and the process is not about to end.
pub(super) async fn ready(state: Data<State>) -> HttpResponse {
    match state.unready() {
        None => json(HttpResponse::Ok(), &Ready { ready: true }),
        Some(reason) => Refusal::unavailable(reason).error_response(),
    }
}

/// `GET /metrics`.
pub(super) async fn metrics(state: Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, METRICS_TYPE))
        .body(state.metrics.text())
}

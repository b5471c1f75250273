//! What operators and their tools look at.

use std::sync::atomic::Ordering;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Data;
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use super::answer::json;
use super::state::State;
use crate::metrics;
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
    if state.draining.load(Ordering::Relaxed) {
        return Refusal::unavailable("the process is about to end").error_response();
    }
    match state.model(&state.now(), None) {
        Ok(_) => json(HttpResponse::Ok(), &Ready { ready: true }),
        Err(refusal) => refusal.error_response(),
    }
}

/// `GET /metrics`.
pub(super) async fn metrics(state: Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, metrics::CONTENT_TYPE))
        .body(state.metrics.text())
}

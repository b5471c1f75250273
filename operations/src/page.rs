//! The answers.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER};
use actix_web::web::{self, Data, ServiceConfig};
use serde::Serialize;

use crate::{METRICS_TYPE, Operated};

/// Seconds after which it is worth to ask again whether a process is ready.
const ASK_AGAIN: u64 = 1;

/// What is asked about.
pub(crate) type Asked = Data<Arc<dyn Operated>>;

/// `/livez`, `/readyz` and `/metrics`; a 404 for everything else.
pub(crate) fn routes(app: &mut ServiceConfig) {
    app.route("/livez", web::get().to(live))
        .route("/readyz", web::get().to(ready))
        .route("/metrics", web::get().to(metrics))
        .default_service(web::to(nothing));
}

#[derive(Serialize)]
struct Live {
    live: bool,
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Live { live: true })
}

#[derive(Serialize)]
struct Ready {
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

async fn ready(asked: Asked) -> HttpResponse {
    let reason = asked.unready();
    let ready = Ready {
        ready: reason.is_none(),
        reason,
    };
    if ready.ready {
        return HttpResponse::Ok().json(ready);
    }
    HttpResponse::ServiceUnavailable()
        .insert_header((RETRY_AFTER, ASK_AGAIN))
        .json(ready)
}

async fn metrics(asked: Asked) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, METRICS_TYPE))
        .body(asked.metrics())
}

#[derive(Serialize)]
struct NoSuchPath {
    error: &'static str,
}

async fn nothing() -> HttpResponse {
    HttpResponse::NotFound().json(NoSuchPath {
        error: "there are /livez, /readyz and /metrics here",
    })
}

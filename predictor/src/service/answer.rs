//! Refusals and documents as answers of HTTP.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;

use crate::refusal::Refusal;
use crate::served::ServedModel;

/// The media type of JSON.
pub(super) const JSON: &str = "application/json";

/// The model and its version that an answer is of.
const MODEL_NAME: HeaderName = HeaderName::from_static("x-model-name");
const MODEL_VERSION: HeaderName = HeaderName::from_static("x-model-version");

impl std::fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.error)
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).expect("refusals have statuses of HTTP")
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code());
        if let Some(seconds) = self.retry_after {
            answer.insert_header((RETRY_AFTER, seconds));
        }
        if self.status == 401 {
            answer.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        json(answer, self)
    }
}

/// A document as the answer's body.
pub(super) fn json(mut answer: HttpResponseBuilder, document: &impl Serialize) -> HttpResponse {
    let body = serde_json::to_vec(document).expect("our own types have a JSON form");
    answer
        .insert_header((CONTENT_TYPE, HeaderValue::from_static(JSON)))
        .body(body)
}

/// An answer that begins with which model and version it is of.
pub(super) fn of_model(model: &ServedModel) -> HttpResponseBuilder {
    let mut answer = HttpResponse::Ok();
    answer.insert_header((MODEL_NAME, model.name.as_str()));
    answer.insert_header((MODEL_VERSION, model.version.as_str()));
    answer
}

/// The refusal of a method that a path does not answer.
pub(super) fn other_method(allowed: &'static str) -> HttpResponse {
    let mut refusal = Refusal::other_method().error_response();
    let allowed = HeaderValue::from_static(allowed);
    refusal.headers_mut().insert(ALLOW, allowed);
    refusal
}

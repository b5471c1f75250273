//! Which path is answered by what.

use std::rc::Rc;

use actix_web::http::Method;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpResponse, Resource, ResponseError, guard};

use super::answer::other_method;
use super::batch::Batcher;
use super::{documentation, inference, operations, page, predict};
use crate::refusal::Refusal;

/// The paths of one thread.
pub(crate) fn routes(app: &mut ServiceConfig) {
    let infer = || web::post().to(inference::infer);
    app.app_data(Data::new(Rc::new(Batcher::default())))
        .service(read_only("/", web::to(page::page)))
        .service(read_only("/docs", web::to(documentation::page)))
        .service(read_only("/openapi.json", web::to(documentation::document)))
        .service(read_only("/healthcheck", web::to(operations::healthcheck)))
        .service(read_only("/livez", web::to(operations::live)))
        .service(read_only("/readyz", web::to(operations::ready)))
        .service(read_only("/metrics", web::to(operations::metrics)))
        .service(
            web::resource("/predict")
                .route(web::get().to(predict::get))
                .route(web::head().to(predict::get))
                .route(web::post().to(predict::post))
                .default_service(web::to(async || other_method("GET, HEAD, POST"))),
        )
        .service(read_only("/v2", web::to(inference::server)))
        .service(read_only("/v2/health/live", web::to(operations::live)))
        .service(read_only("/v2/health/ready", web::to(operations::ready)));
    for model in [
        "/v2/models/{model}",
        "/v2/models/{model}/versions/{version}",
    ] {
        app.service(read_only(model, web::to(inference::model)))
            .service(read_only(
                &format!("{model}/ready"),
                web::to(inference::model_ready),
            ))
            .service(
                web::resource(format!("{model}/infer"))
                    .route(infer())
                    .default_service(web::to(async || other_method("POST"))),
            );
    }
    app.default_service(web::to(nothing));
}

/// A path that is read alone.
fn read_only(path: &str, answer: actix_web::Route) -> Resource {
    let reads = guard::Any(guard::Get()).or(guard::Head());
    web::resource(path)
        .route(answer.guard(reads))
        .default_service(web::to(async || other_method("GET, HEAD")))
}

async fn nothing(method: Method) -> HttpResponse {
    match method {
        Method::TRACE | Method::CONNECT => Refusal::other_method().error_response(),
        _ => Refusal::no_such_path().error_response(),
    }
}

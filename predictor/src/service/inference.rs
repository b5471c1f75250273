//! The Open Inference Protocol, version 2, over HTTP. Source: `docs/predict-api/v2/required_api.md` of kserve.

use std::sync::Arc;

use actix_web::http::header::{CONTENT_TYPE, HeaderName};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::answer::{JSON, json, of_model};
use super::state::State;
use crate::catalogue::Catalogue;
use crate::refusal::Refusal;
use crate::served::ServedModel;
use crate::tensor::{FP32, Inference};

/// The media type of a body whose JSON bytes follow.
const OCTETS: &str = "application/octet-stream";

/// How many bytes of a body are JSON, where bytes follow.
const JSON_BYTES: HeaderName = HeaderName::from_static("inference-header-content-length");

#[derive(Serialize)]
struct Server {
    name: &'static str,
    version: &'static str,
    extensions: [&'static str; 1],
}

/// `GET /v2`.
pub(super) async fn server() -> HttpResponse {
    let server = Server {
        name: "tickermill",
        version: env!("CARGO_PKG_VERSION"),
        extensions: ["binary_tensor_data"],
    };
    json(HttpResponse::Ok(), &server)
}

#[derive(Serialize)]
struct Metadata<'a> {
    name: &'a str,
    versions: Vec<&'a str>,
    platform: &'static str,
    inputs: [TensorMetadata<'a>; 1],
    outputs: [TensorMetadata<'a>; 1],
}

#[derive(Serialize)]
struct TensorMetadata<'a> {
    name: &'a str,
    datatype: &'static str,
    /// -1 for any number of rows.
    shape: [i64; 2],
}

/// `GET /v2/models/NAME[/versions/VERSION]`. The live version comes first.
pub(super) async fn model(
    state: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let now = state.now();
    let model = named(&now, &request)?;
    let versions = now.versions(&model.name).expect("it has been found");
    let tensor = |name, columns: usize| TensorMetadata {
        name,
        datatype: FP32,
        shape: [-1, columns as i64],
    };
    let metadata = Metadata {
        name: &model.name,
        versions: versions.all().map(|model| model.version.as_str()).collect(),
        platform: "onnx_tree_ensemble",
        inputs: [tensor(&model.input, model.inputs.len())],
        outputs: [tensor(&model.output, 1)],
    };
    Ok(json(of_model(model), &metadata))
}

#[derive(Serialize)]
struct ModelReady<'a> {
    name: &'a str,
    ready: bool,
}

/// `GET /v2/models/NAME[/versions/VERSION]/ready`.
pub(super) async fn model_ready(
    state: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let now = state.now();
    let model = named(&now, &request)?;
    let ready = ModelReady {
        name: &model.name,
        ready: true,
    };
    Ok(json(of_model(model), &ready))
}

/// `POST /v2/models/NAME[/versions/VERSION]/infer`.
pub(super) async fn infer(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Refusal> {
    let model = Arc::clone(named(&state.now(), &request)?);
    let json_bytes = json_bytes(&request)?;
    let body = state
        .bodies
        .read(&request, payload, &[JSON, OCTETS])
        .await?;
    let max_rows = state.terms.limits.max_rows;
    let for_kernel = Arc::clone(&model);
    let work = move || infer_body(&body.bytes, json_bytes, &for_kernel, max_rows);
    let (answer, json_bytes) = state.kernels.run(work).await??;
    let mut response = of_model(&model);
    match json_bytes {
        None => response.insert_header((CONTENT_TYPE, JSON)),
        Some(bytes) => response
            .insert_header((CONTENT_TYPE, OCTETS))
            .insert_header((JSON_BYTES, bytes)),
    };
    Ok(response.body(answer))
}

/// The model that the path names.
fn named<'a>(now: &'a Catalogue, request: &HttpRequest) -> Result<&'a Arc<ServedModel>, Refusal> {
    let part = |name| request.match_info().get(name);
    now.find(part("model").unwrap_or_default(), part("version"))
}

fn infer_body(
    body: &actix_web::web::Bytes,
    json_bytes: Option<usize>,
    model: &ServedModel,
    max_rows: usize,
) -> Result<(Vec<u8>, Option<usize>), Refusal> {
    let inference = Inference::read(body, json_bytes, model, max_rows)?;
    let predictions = model.predict_rows(&inference.rows);
    Ok(inference.answer(model, &predictions))
}

fn json_bytes(request: &HttpRequest) -> Result<Option<usize>, Refusal> {
    let Some(header) = request.headers().get(JSON_BYTES) else {
        return Ok(None);
    };
    let bytes = header.to_str().ok().and_then(|text| text.parse().ok());
    match bytes {
        Some(bytes) => Ok(Some(bytes)),
        None => Err(Refusal::bad(
            "Inference-Header-Content-Length",
            "it is not a number of bytes",
            "the bytes of the body that are JSON",
        )),
    }
}

//! The OpenAPI document, and a page to try it.

use actix_web::HttpResponse;
use actix_web::web::Data;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::{Value, json};

use super::answer::json as json_answer;
use super::page::{STYLE, html_answer};
use super::state::State;

/// The document, but for the inputs of the model that is live.
const DOCUMENT: &str = include_str!("openapi.json");

/// Sends what a form of the page says, and shows the answer beneath it.
const SCRIPT: &str = include_str!("try_it.js");

/// `GET /openapi.json`.
pub(super) async fn document(state: Data<State>) -> HttpResponse {
    json_answer(HttpResponse::Ok(), &describe(&state))
}

/// `GET /docs`.
pub(super) async fn page(state: Data<State>) -> HttpResponse {
    html_answer(HttpResponse::Ok(), &render(&describe(&state)))
}

/// The document with a parameter of `/predict` for each input of the default model, if there is one.
fn describe(state: &State) -> Value {
    let mut document: Value = serde_json::from_str(DOCUMENT).expect("the document is JSON");
    let Ok(model) = state.model(&state.now(), None) else {
        return document;
    };
    let parameters = document["paths"]["/predict"]["get"]["parameters"]
        .as_array_mut()
        .expect("the path has parameters");
    for (input, name) in model.inputs.iter().enumerate() {
        let mut schema = json!({ "type": "number" });
        if let Some(least) = model.least(input) {
            schema["minimum"] = json!(least);
        }
        let parameter = json!({
            "name": name, "in": "query", "schema": schema,
            "description": format!("An input of `{}`, where no symbol is given.", model.name),
        });
        parameters.insert(input, parameter);
    }
    document
}

fn render(document: &Value) -> Markup {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                link rel="icon" href="data:,";
                title { (text(&document["info"]["title"])) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header { h1 { (text(&document["info"]["title"])) } a href="/" { "tickers" } }
                main {
                    p { (text(&document["info"]["description"])) " The document is " a href="/openapi.json" { "openapi.json" } "." }
                    @for (path, methods) in document["paths"].as_object().into_iter().flatten() {
                        @for (method, operation) in methods.as_object().into_iter().flatten() {
                            (render_operation(path, method, operation))
                        }
                    }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

fn render_operation(path: &str, method: &str, operation: &Value) -> Markup {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let body = &operation["requestBody"]["content"]["application/json"]["example"];
    html! {
        details {
            summary { b { (method.to_uppercase()) } " " code { (path) } " " (text(&operation["summary"])) }
            @if operation["description"].is_string() { p { (text(&operation["description"])) } }
            form class="try" data-method=(method.to_uppercase()) data-path=(path) {
                @for parameter in operation["parameters"].as_array().into_iter().flatten() {
                    label {
                        span { code { (text(&parameter["name"])) } " " (text(&parameter["description"])) }
                        input name=(text(&parameter["name"])) data-in=(text(&parameter["in"])) placeholder=(text(&parameter["example"]));
                    }
                }
                @if !body.is_null() {
                    textarea name="body" rows="8" aria-label="body" { (format!("{body:#}")) }
                }
                button { "Try" }
                output {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_of_this_version() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    }
}

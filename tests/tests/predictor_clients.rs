//! Others' clients against the predictor: Triton's, one that draws requests from the OpenAPI document, and ONNX Runtime
//! beside it.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tickermill_tests::predictor::Predictor;
use tickermill_tests::reference::large;
use tickermill_tests::skip::skipped;
use tickermill_tests::tickermill::repository;
use tickermill_tests::workplace::Workplace;
use tickermill_tests::{market, python};

/// Random rows of random tickers whose features and predictions are compared.
const PAIRS: &str = "10000";

/// Requests that are drawn from the OpenAPI document, at least.
const DRAWN: u64 = 2_000;

#[track_caller]
fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("the python can be started");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}");
    said
}

#[test]
fn features_are_the_stored_ones_and_predictions_those_of_onnx_runtime() {
    let Some(mut python) = python::command("features_are_the_stored_ones") else {
        return;
    };
    let workplace = Workplace::empty();
    let data = large().data.display();
    let summary = workplace
        .run(&format!("run --json --data {data}"))
        .completed();
    let predictor = Predictor::start(workplace.folder(), &[]);
    let [features, model] = [&summary["features_dir"], &summary["model"]["path"]];
    let compared = succeed(
        python
            .arg(repository().join("tests/python/predictor_parity.py"))
            .arg(format!("http://{}", predictor.address))
            .args([features, model].map(|path| path.as_str().unwrap()))
            .arg(PAIRS),
    );
    let compared: Value = serde_json::from_str(&compared).unwrap();
    assert!(compared["tickers"].as_u64().unwrap() > 100, "{compared}");
}

#[test]
fn tritons_client_gets_what_it_expects() {
    let Some(mut python) = python::command_with("tritons_client", "tritonclient.http") else {
        return;
    };
    let workplace = market::workplace_with_sample();
    let summary = workplace.run("run --data market --json").completed();
    let predictor = Predictor::start(workplace.folder(), &[]);
    succeed(
        python
            .arg(repository().join("tests/python/predictor_v2.py"))
            .arg(predictor.address.to_string())
            .arg(Path::new(summary["model"]["path"].as_str().unwrap())),
    );
}

#[test]
fn what_the_document_allows_is_answered_as_it_says() {
    let test = "what_the_document_allows";
    let Some(mut python) = python::command_with(test, "schemathesis, openapi_spec_validator")
    else {
        return;
    };
    let workplace = market::workplace_with_sample();
    workplace.run("run --data market --json").completed();
    let predictor = Predictor::start(workplace.folder(), &[]);
    let drawn = succeed(
        python
            .arg(repository().join("tests/python/predictor_openapi.py"))
            .arg(format!("http://{}", predictor.address))
            .current_dir(workplace.folder()), // it keeps what it found there
    );
    let drawn: u64 = drawn.trim().lines().last().unwrap().parse().unwrap();
    assert!(drawn >= DRAWN, "{drawn}");
}

#[test]
fn a_person_with_a_browser_picks_a_ticker_and_sees_its_plot() {
    let test = "a_person_with_a_browser";
    let has_browser = ["chromium", "chromedriver"].into_iter().all(|program| {
        let started = Command::new(program).arg("--version").output();
        started.is_ok_and(|started| started.status.success())
    });
    if !has_browser {
        skipped(test, "chromium and chromedriver are not there");
        return;
    }
    let Some(mut python) = python::command_with(test, "selenium") else {
        return;
    };
    let workplace = market::workplace_with_sample();
    let summary = workplace.run("run --data market --json").completed();
    let predictor = Predictor::start(workplace.folder(), &[]);
    succeed(
        python
            .arg(repository().join("tests/python/predictor_page.py"))
            .arg(format!("http://{}", predictor.address))
            .arg(summary["features_dir"].as_str().unwrap())
            .arg("NULL"),
    );
}

//! The digests: recomputable by anyone, and the same however a run is made.

use std::path::Path;

use serde_json::Value;
use tickermill_tests::workplace::Workplace;
use tickermill_tests::{digest, market};

/// `dataset_digest` of the sample with the default configuration.
///
/// Where this test fails the bytes of feature files have changed, by our code or a library's. If that is meant, put the new
/// digest here and raise `FORMAT_VERSION` in `proto/src/version.rs`, so that no run carries over files of the old form.
const SAMPLE_DATASET_DIGEST: &str =
    "f7c522c5f8cfaf197bc6437fda7a54781ade686c8c42558de9cf8a5c592d3389";

#[test]
fn the_samples_digest_is_that_of_the_format_version() {
    let workplace = market::workplace_with_sample();
    let summary = workplace
        .run("run --data market --no-train --json")
        .completed();
    assert_eq!(
        summary["dataset_digest"], SAMPLE_DATASET_DIGEST,
        "feature files have other bytes than before: see SAMPLE_DATASET_DIGEST"
    );
}

#[test]
fn the_dataset_digest_is_that_of_the_files() {
    let workplace = market::workplace_with_sample();
    let summary = workplace
        .run("run --data market --no-train --json")
        .completed();
    let features = Path::new(summary["features_dir"].as_str().unwrap());
    assert!(features.is_absolute());
    assert_eq!(
        summary["dataset_digest"],
        digest::of_feature_files(features)
    );
    let latest = workplace.json("out/latest.json");
    assert_eq!(latest["dataset_digest"], summary["dataset_digest"]);
    assert_eq!(latest["run_id"], summary["run_id"]);
}

#[test]
fn workers_decide_neither_the_data_set_nor_the_model() {
    let workplace = Workplace::empty();
    // Several shards, so that their order can differ.
    market::synthetic(&workplace.path("market"), 24, 1500);
    let digests = |workers: usize| -> (usize, Vec<Value>) {
        let out = format!("out-{workers}");
        let arguments = format!("run --data market --json --workers {workers} --out {out}");
        let summary = workplace
            .run_with(&arguments, &[("MODEL__TREES", "20")])
            .completed();
        let run = summary["run_id"].as_str().unwrap();
        let plan = workplace.json(&format!("{out}/runs/{run}/plan.json"));
        let model = &summary["model"];
        let digests = vec![
            summary["dataset_digest"].clone(),
            model["digest"].clone(),
            model["version"].clone(),
            model["mae"].clone(),
        ];
        (plan["shards"].as_array().unwrap().len(), digests)
    };
    let (shards, one) = digests(1);
    assert!(shards > 1, "the market is too small to tell");
    assert!(one.iter().all(|digest| !digest.is_null()), "{one:?}");
    assert_eq!(digests(2).1, one);
    assert_eq!(digests(7).1, one);
}

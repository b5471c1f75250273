use super::*;
use crate::document::to_pretty_json;
use crate::outcome::{CurrentModel, ModelSummary, Summary};
use crate::turn::Turn;
use bytes::Bytes;
use proto::id::RunId;

/// A run that ended in turn `turn` with a version of `volume`, which was held back where `held_back`.
fn outcome(turn: u64, version: &str, held_back: bool) -> Outcome {
    let model = ModelSummary {
        name: "volume".to_owned(),
        version: version.to_owned(),
        path: String::new(),
        digest: String::new(),
        mae: 1.0,
        naive_mae: 2.0,
        naive_moving_average_mae: None,
        skill: Some(0.5),
        rmse: 1.0,
        r2: None,
        train_rows: 1,
        test_rows: 1,
        walk_forward: None,
        held_back: held_back.then(|| "no skill".to_owned()),
        promoted_anyway: None,
        not_compared: None,
    };
    Outcome {
        ended: Turn { epoch: 1, turn },
        summary: Summary {
            run_id: run_id(turn),
            status: Status::Completed,
            reason: None,
            unchanged: false,
            symbols: 1,
            symbols_short: 0,
            rows_read: 1,
            rows_written: 1,
            rows_discarded: 0,
            rows_merged: 0,
            rows_quarantined: 0,
            files_quarantined: 0,
            bytes_read: 1,
            dataset_digest: String::new(),
            data: String::new(),
            run_dir: String::new(),
            features_dir: String::new(),
            recomputed: 1,
            carried_over: 0,
            resumed: 0,
            model: None,
            model_reason: None,
            models: vec![model],
            seconds: std::collections::BTreeMap::new(),
            warnings: Vec::new(),
        },
    }
}

fn run_id(turn: u64) -> RunId {
    RunId::parse(&format!("{}-{turn}", "0".repeat(16))).unwrap()
}

fn before(outcomes: &[Outcome], version: &str) -> Option<Vec<String>> {
    published_before(outcomes, "volume", version)
}

#[test]
fn versions_are_in_the_order_of_their_last_publication() {
    let outcomes = [
        outcome(2, "b", false),
        outcome(1, "a", false),
        outcome(4, "a", false),
        outcome(3, "c", false),
        outcome(5, "d", false),
    ];
    assert_eq!(before(&outcomes, "d").unwrap(), ["a", "c", "b"]);
    assert_eq!(before(&outcomes, "a").unwrap(), ["c", "b"]);
    assert_eq!(before(&outcomes, "c").unwrap(), ["b"]);
    assert_eq!(before(&outcomes, "b").unwrap(), [""; 0]);
}

#[test]
fn what_was_held_back_failed_or_is_of_another_model_is_passed_over() {
    let mut failed = outcome(3, "c", false);
    failed.summary.status = Status::FailedQuality;
    let mut of_another = outcome(4, "d", false);
    of_another.summary.models[0].name = "price".to_owned();
    let outcomes = [
        outcome(1, "a", false),
        outcome(2, "b", true),
        failed,
        of_another,
        outcome(5, "e", true),
        outcome(6, "f", false),
    ];
    assert_eq!(before(&outcomes, "f").unwrap(), ["a"]);
    // A version that a person has made live, though it was held back, has its place too.
    assert_eq!(before(&outcomes, "e").unwrap(), ["a"]);
    assert_eq!(before(&outcomes, "gone"), None);
}

/// Puts a version in the store that a run published.
async fn publish(out: &Store, turn: u64, version: &str) {
    let onnx = Bytes::from(format!("the model {version}"));
    let digest = blake3::hash(&onnx).to_hex().to_string();
    let card = format!("{{\"onnx_digest\": \"{digest}\"}}");
    out.replace(&paths::model_file("volume", version), onnx)
        .await
        .unwrap();
    out.replace(&paths::model_card("volume", version), card.into())
        .await
        .unwrap();
    let current = CurrentModel {
        name: "volume".to_owned(),
        version: version.to_owned(),
        digest,
        run_id: run_id(turn),
        ended: Turn { epoch: 1, turn },
    };
    let pointer = paths::current_model("volume");
    out.replace(&pointer, to_pretty_json(&current))
        .await
        .unwrap();
    let outcome = to_pretty_json(&outcome(turn, version, false));
    let path = paths::outcome(&run_id(turn));
    out.create(&path, outcome).await.unwrap();
}

#[tokio::test]
async fn goes_back_step_by_step_over_versions_that_are_there_until_released() {
    let folder = tempfile::tempdir().unwrap();
    let out = Store::open(folder.path().to_str().unwrap()).unwrap();
    for (turn, version) in [(1, "aa"), (2, "bb"), (3, "cc"), (4, "dd")] {
        publish(&out, turn, version).await;
    }
    let gone = folder.path().join("models/volume/cc");
    std::fs::remove_dir_all(gone).unwrap();
    let back = async || roll_back(&out, "volume").await;
    let first = back().await.unwrap();
    assert_eq!(
        (first.from.as_str(), first.to.version.as_str()),
        ("dd", "bb")
    );
    let live = models::live(&out, "volume").await.unwrap().unwrap();
    assert!(live.pinned && live.version == "bb");
    assert_eq!(back().await.unwrap().to.version, "aa");
    let refused = back().await.unwrap_err().to_string();
    assert!(refused.contains("before aa, the live one"), "{refused}");
    assert!(models::release(&out, "volume").await.unwrap());
    let live = models::live(&out, "volume").await.unwrap().unwrap();
    assert_eq!(live.version, "dd");
    let unknown = roll_back(&out, "price").await.unwrap_err().to_string();
    assert!(unknown.contains("no model `price`"), "{unknown}");
}

#[tokio::test]
async fn a_damaged_version_or_one_of_a_dropped_run_is_told_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = Store::open(folder.path().to_str().unwrap()).unwrap();
    publish(&out, 1, "aa").await;
    publish(&out, 2, "bb").await;
    let refusal = async || {
        let refused = roll_back(&out, "volume").await.unwrap_err().to_string();
        assert_eq!(models::pinned(&out, "volume").await.unwrap(), None);
        refused
    };
    let file = paths::model_file("volume", "aa");
    out.replace(&file, Bytes::from_static(b"torn"))
        .await
        .unwrap();
    assert!(refusal().await.contains("is damaged"));
    out.remove(&paths::outcome(&run_id(2))).await.unwrap();
    assert!(
        refusal()
            .await
            .contains("no run that is still there trained bb")
    );
    out.remove(&paths::current_model("volume")).await.unwrap();
    assert!(refusal().await.contains("nothing to go back from"));
}

//! The Kubernetes manifests, as they are rendered: by the schemas of Kubernetes and by the binary that they start.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::de::DeserializeOwned;
use serde_json::Value;
use tickermill_tests::tickermill::{binary, repository};
use tickermill_tests::workplace::Workplace;
use tickermill_tests::{python, skip, tickermill};

/// The base, and every overlay.
const RENDERED: [&str; 5] = [
    "base",
    "overlays/local",
    "overlays/s3",
    "overlays/keda",
    "overlays/hpa",
];

/// What kustomize makes of a folder of the manifests; `None`, said loudly, where there is no kubectl.
fn render(workplace: &Workplace, folder: &str) -> Option<PathBuf> {
    let mut kubectl = Command::new("kubectl");
    let rendered = kubectl
        .arg("kustomize")
        .arg(repository().join("deploy/k8s").join(folder))
        .output();
    let Ok(rendered) = rendered else {
        skip::skipped(folder, "there is no kubectl");
        return None;
    };
    let told = String::from_utf8_lossy(&rendered.stderr);
    assert!(rendered.status.success(), "{folder}: {told}");
    let path = workplace.path("rendered.yaml");
    std::fs::write(&path, rendered.stdout).expect("the folder is ours");
    Some(path)
}

fn check(rendered: &Path, flags: &[&str]) {
    let Some(mut python) =
        python::command_with("a check of manifests", "kubernetes_validate, yaml")
    else {
        return;
    };
    python
        .arg(repository().join("tests/python/check_k8s.py"))
        .args(flags)
        .arg(binary())
        .arg(rendered);
    tickermill::run(&mut python).expect_exit(0);
}

#[test]
fn everything_rendered_is_valid_and_fits_the_binary() {
    let workplace = Workplace::empty();
    for folder in RENDERED {
        if let Some(rendered) = render(&workplace, folder) {
            check(&rendered, &[]);
        }
    }
}

#[test]
fn a_planted_mistake_of_each_kind_is_found() {
    let workplace = Workplace::empty();
    if let Some(rendered) = render(&workplace, "overlays/keda") {
        check(&rendered, &["--planted"]);
    }
}

/// The members of a document that its type does not have, where it is of that type.
fn unknown_members<T: DeserializeOwned>(document: &Value) -> Vec<String> {
    let mut unknown = Vec::new();
    let read: Result<T, _> =
        serde_ignored::deserialize(document, |path| unknown.push(path.to_string()));
    if let Err(error) = read {
        unknown.push(error.to_string());
    }
    unknown
}

/// What is wrong with a document by the types of Kubernetes; `None` where its kind is none of Kubernetes' own.
fn misfits(document: &Value) -> Option<Vec<String>> {
    use k8s_openapi::api::{apps, autoscaling, batch, core, networking, policy};
    Some(match document["kind"].as_str()? {
        "StatefulSet" => unknown_members::<apps::v1::StatefulSet>(document),
        "Deployment" => unknown_members::<apps::v1::Deployment>(document),
        "CronJob" => unknown_members::<batch::v1::CronJob>(document),
        "HorizontalPodAutoscaler" => {
            unknown_members::<autoscaling::v2::HorizontalPodAutoscaler>(document)
        }
        "PodDisruptionBudget" => unknown_members::<policy::v1::PodDisruptionBudget>(document),
        "NetworkPolicy" => unknown_members::<networking::v1::NetworkPolicy>(document),
        "ConfigMap" => unknown_members::<core::v1::ConfigMap>(document),
        "Namespace" => unknown_members::<core::v1::Namespace>(document),
        "PersistentVolume" => unknown_members::<core::v1::PersistentVolume>(document),
        "PersistentVolumeClaim" => unknown_members::<core::v1::PersistentVolumeClaim>(document),
        "Service" => unknown_members::<core::v1::Service>(document),
        "ServiceAccount" => unknown_members::<core::v1::ServiceAccount>(document),
        "ScaledObject" | "TriggerAuthentication" => return None,
        kind => vec![format!("{kind} is not known here")],
    })
}

/// The documents of a rendered file.
fn documents(rendered: &Path) -> Option<Vec<Value>> {
    let mut python = python::command_with("a reader of YAML", "yaml")?;
    let read = "import json, sys, yaml; print(json.dumps([d for d in yaml.safe_load_all(open(sys.argv[1])) if d]))";
    let read = tickermill::run(python.args(["-c", read]).arg(rendered)).expect_exit(0);
    Some(serde_json::from_str(&read.stdout).expect("it is JSON"))
}

#[test]
fn everything_rendered_is_of_the_types_of_kubernetes_and_has_nothing_more() {
    let workplace = Workplace::empty();
    for folder in RENDERED {
        let rendered = render(&workplace, folder).and_then(|rendered| documents(&rendered));
        for mut document in rendered.into_iter().flatten() {
            let Some(wrong) = misfits(&document) else {
                continue;
            };
            assert!(
                wrong.is_empty(),
                "{folder}, {}: {wrong:?}",
                document["kind"]
            );
            document["metadata"]["labls"] = "planted".into();
            assert_eq!(
                misfits(&document),
                Some(vec!["metadata.?.labls".to_owned()])
            );
        }
    }
}

//! The models of a run: trained one after the other, their files written.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use market::rows::ModelRows;
use model::train_panel::trees_in_all;
use output::outcome::{ModelSummary, Summary};
use proto::event::{RunEvent, Stage, Unit};

use crate::beside::Beside;
use crate::means::Means;
use crate::narrator::Narrator;
use crate::plan::Plan;
use crate::publish;
use crate::registry;
use crate::rows::on_pool;
use crate::run_error::RunError;
use crate::summary::{add_warning, warnings_of};
use crate::train::{TrainedModel, train_forest};
use crate::volume::{PanelData, kinds_of, train_volume};

/// Trains the job's models, writes their files, and tells the summary of them, or why there are none.
pub(crate) async fn train_models(
    means: &Means,
    plan: &Plan,
    rows: ModelRows,
    summary: &mut Summary,
    narrator: &Narrator,
) -> Result<(), RunError> {
    let (job, digest) = (Arc::new(plan.job.clone()), summary.dataset_digest.clone());
    let ModelRows { sample, panel } = rows;
    if let Some(model) = job.model.clone() {
        let trees = model.forest.trees;
        let (job, digest) = (Arc::clone(&job), digest.clone());
        let train = move |progress: &(dyn Fn(usize) + Sync)| {
            train_forest(&job, &model, &sample.into_rows(), &digest, progress)
        };
        match train_one(means, trees, narrator, train).await? {
            Ok(model) => {
                summary.models.push(model.clone());
                summary.model = Some(model);
            }
            Err(reason) => {
                narrator.warn(format!("no model: {reason}"));
                summary.model_reason = Some(reason);
            }
        }
    } else {
        summary.model_reason = Some("training was not asked for".to_owned());
    }
    if let Some(volume) = job.volume.clone() {
        let name = volume.name.clone();
        let live = registry::live_card(&means.out, &name).await?;
        let beside = Beside::of(&volume, &job.recipe.schema, live);
        let trees = trees_in_all(&volume.boost, &volume.folds, beside.recipe().as_ref());
        let kinds = kinds_of(&plan.dataset);
        let data = PanelData { rows: panel, kinds };
        let train = move |progress: &(dyn Fn(usize) + Sync)| {
            train_volume(&job, &volume, data, beside, &digest, progress)
        };
        let warnings = match train_one(means, trees, narrator, train).await? {
            Ok(model) => {
                let warnings = warnings_of(&model);
                summary.models.push(model);
                warnings
            }
            Err(reason) => {
                let or = "or leave it out (--no-volume)";
                vec![format!("no model `{name}`: {reason}, {or}")]
            }
        };
        for warning in warnings {
            add_warning(summary, narrator, warning);
        }
    }
    Ok(())
}

/// Trains one model and writes its files. The inner error is the reason why there is none.
async fn train_one(
    means: &Means,
    trees: usize,
    narrator: &Narrator,
    train: impl FnOnce(&(dyn Fn(usize) + Sync)) -> Result<TrainedModel, String> + Send + 'static,
) -> Result<Result<ModelSummary, String>, RunError> {
    let stage = narrator.stage(Stage::Train, Some((trees as u64, Unit::Trees)));
    let observer = Arc::clone(&means.observer);
    let trained = on_pool(&means.pool, move || {
        let done = AtomicU64::new(0);
        train(&|trees: usize| {
            faults::hit("mid-training", "");
            let done = done.fetch_add(trees as u64, Ordering::Relaxed) + trees as u64;
            let stage = Stage::Train;
            observer.observe(&RunEvent::Advanced { stage, done });
        })
    })
    .await;
    drop(stage);
    match trained {
        Ok(trained) => Ok(Ok(publish::write_model(&means.out, &trained).await?)),
        Err(reason) => Ok(Err(reason)),
    }
}

//! Publishing: the model's files, the outcome, and the pointers to them, in that order.

use market::store::{Store, StoreError};
use output::document::{DocumentError, to_pretty_json};
use output::outcome::{CurrentModel, Latest, ModelSummary, Outcome, Status};
use output::runs::latest;
use output::turn::Turn;
use output::{models, paths};
use proto::id::RunId;

use crate::epoch::{Epoch, EpochError};
use crate::job::ModelJob;
use crate::train::TrainedModel;

/// Writes a model's files, which nothing points at yet.
pub(crate) async fn write_model(
    out: &Store,
    job: &ModelJob,
    trained: &TrainedModel,
) -> Result<ModelSummary, StoreError> {
    let path = paths::model_file(&job.name, &trained.version);
    out.create(&path, trained.onnx.clone()).await?;
    let card = paths::model_card(&job.name, &trained.version);
    out.create(&card, trained.card.clone()).await?;
    let evaluation = &trained.evaluation;
    Ok(ModelSummary {
        name: job.name.clone(),
        version: trained.version.clone(),
        path: out.locate(&path),
        digest: trained.digest.clone(),
        mae: evaluation.model.mae,
        naive_mae: evaluation.naive_today.mae,
        naive_moving_average_mae: evaluation
            .naive_moving_average
            .as_ref()
            .map(|naive| naive.mae),
        skill: evaluation.skill,
        rmse: evaluation.model.rmse,
        r2: evaluation.model.r2,
        train_rows: evaluation.train_rows as u64,
        test_rows: evaluation.test_rows as u64,
    })
}

/// Ends a run: its outcome is written once and for all.
pub(crate) async fn write_outcome(
    out: &Store,
    epoch: &Epoch,
    outcome: &Outcome,
) -> Result<(), EpochError> {
    epoch.confirm().await?;
    let path = paths::outcome(&outcome.summary.run_id);
    out.create(&path, to_pretty_json(outcome)).await?;
    Ok(())
}

/// Whether the pointers are behind a completed run: its process ended before it moved them.
pub(crate) async fn pointers_are_behind(
    out: &Store,
    outcome: &Outcome,
) -> Result<bool, DocumentError> {
    let behind = |turn: Option<Turn>| turn.is_none_or(|turn| turn < outcome.ended);
    if behind(latest(out).await?.map(|latest| latest.ended)) {
        return Ok(true);
    }
    let Some(model) = &outcome.summary.model else {
        return Ok(false);
    };
    let live = models::published(out, &model.name).await?;
    Ok(behind(live.map(|live| live.ended)))
}

/// Moves the pointers to a completed run and its model, unless they are at a later one.
pub(crate) async fn move_pointers(
    out: &Store,
    epoch: &Epoch,
    outcome: &Outcome,
) -> Result<(), MovePointersError> {
    let summary = &outcome.summary;
    assert_eq!(
        summary.status,
        Status::Completed,
        "pointers move to completed runs alone"
    );
    epoch.confirm().await?;
    let run: &RunId = &summary.run_id;
    if let Some(model) = &summary.model {
        let live = models::published(out, &model.name).await?;
        if live.is_none_or(|live| live.ended < outcome.ended) {
            let current = CurrentModel {
                name: model.name.clone(),
                version: model.version.clone(),
                digest: model.digest.clone(),
                run_id: run.clone(),
                ended: outcome.ended,
            };
            out.replace(&paths::current_model(&model.name), to_pretty_json(&current))
                .await
                .map_err(EpochError::from)?;
        }
    }
    if latest(out)
        .await?
        .is_none_or(|latest| latest.ended < outcome.ended)
    {
        let latest = Latest {
            run_id: run.clone(),
            features: paths::features(run),
            dataset_digest: summary.dataset_digest.clone(),
            ended: outcome.ended,
        };
        out.replace(paths::LATEST, to_pretty_json(&latest))
            .await
            .map_err(EpochError::from)?;
    }
    Ok(())
}

/// Why pointers were not moved.
#[derive(Debug, thiserror::Error)]
pub enum MovePointersError {
    /// They cannot be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// They may not be written.
    #[error(transparent)]
    Epoch(#[from] EpochError),
}

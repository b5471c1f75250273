//! Publishing: the model's files, the outcome, and the pointers to them, in that order.

use market::store::{Store, StoreError};
use model::skill::{SkillInterval, Skills};
use model::verdict::PanelEvaluation;
use output::document::{DocumentError, to_pretty_json};
use output::outcome::{CurrentModel, Latest, ModelSummary, Outcome, Skill, Status, WalkForward};
use output::runs::latest;
use output::turn::Turn;
use output::{models, paths};
use proto::id::RunId;

use crate::epoch::{Epoch, EpochError};
use crate::train::TrainedModel;

/// Writes a model's files, which nothing points at yet.
pub(crate) async fn write_model(
    out: &Store,
    trained: &TrainedModel,
) -> Result<ModelSummary, StoreError> {
    let TrainedModel { card, onnx } = trained;
    let path = paths::model_file(&card.name, &card.version);
    out.create(&path, onnx.clone()).await?;
    let card_path = paths::model_card(&card.name, &card.version);
    out.create(&card_path, card.to_json().into()).await?;
    let evaluation = &card.evaluation;
    let moving_average = evaluation.naive_moving_average.as_ref();
    let panel = card.panel.as_ref();
    Ok(ModelSummary {
        name: card.name.clone(),
        version: card.version.clone(),
        path: out.locate(&path),
        digest: card.onnx_digest.clone(),
        mae: evaluation.model.mae,
        naive_mae: evaluation.naive_today.mae,
        naive_moving_average_mae: moving_average.map(|naive| naive.mae),
        skill: evaluation.skill,
        rmse: evaluation.model.rmse,
        r2: evaluation.model.r2,
        train_rows: evaluation.train_rows as u64,
        test_rows: evaluation.test_rows as u64,
        walk_forward: panel.map(|panel| walk_forward(&panel.evaluation)),
        held_back: panel.and_then(|panel| panel.held_back.clone()),
        promoted_anyway: panel.and_then(|panel| panel.promoted_anyway.clone()),
        not_compared: panel.and_then(|panel| panel.not_compared.clone()),
    })
}

fn walk_forward(evaluation: &PanelEvaluation) -> WalkForward {
    let skill = |skills: &Skills<SkillInterval>| {
        skills.naive_today.map(|interval| Skill {
            skill: interval.skill,
            low: interval.low,
            high: interval.high,
        })
    };
    let unseen = evaluation.unseen.as_ref();
    WalkForward {
        folds: evaluation.folds.len() as u64,
        test_rows: evaluation.overall.rows,
        last_fold: skill(&evaluation.last_fold),
        mean: skill(&evaluation.walk_forward_mean),
        unseen: unseen.and_then(|unseen| skill(&unseen.skill)),
    }
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
    for model in outcome.summary.live_models() {
        let live = models::published(out, &model.name).await?;
        if behind(live.map(|live| live.ended)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Moves the pointers to a completed run and its models, but for those that are held back, unless they are at a later one.
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
    for model in summary.live_models() {
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

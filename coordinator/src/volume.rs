//! From the rows of all tickers to judged boosted trees. Pure.

use std::collections::BTreeMap;

use bytes::Bytes;
use market::layout::Dataset;
use market::panel::PanelRows;
use market::symbol::Symbol;
use model::card::{Card, PanelCard, Parameters, Schema};
use model::gate::Judgement;
use model::hessboost::Hessboost;
use model::judged_panel::TickerKind;
use model::onnx::{self, Description};
use model::train_panel::{PanelTraining, train_panel};
use proto::panel_batches::panel_of;

use crate::beside::Beside;
use crate::job::{Job, VolumeJob};
use crate::train::TrainedModel;

/// What boosted trees are trained on.
pub(crate) struct PanelData {
    /// The rows of each ticker.
    pub(crate) rows: BTreeMap<Symbol, PanelRows>,
    /// The kind of each ticker of the data set, by symbol.
    pub(crate) kinds: BTreeMap<String, TickerKind>,
}

/// The kind of each ticker, by symbol, where the folders of the data set tell it.
pub(crate) fn kinds_of(dataset: &Dataset) -> BTreeMap<String, TickerKind> {
    let kind = |path: &str| match path.split('/').next() {
        Some("stocks") => TickerKind::Stock,
        Some("etfs") => TickerKind::Etf,
        _ => TickerKind::Unknown,
    };
    let tickers = dataset.tickers.iter();
    let kinds = tickers.map(|ticker| (ticker.symbol.to_string(), kind(&ticker.path)));
    kinds.collect()
}

/// Trains the boosted trees of a job and judges them beside the live version, on the current pool of threads. An error is
/// the reason why there is no model: the run completes without one.
pub(crate) fn train_volume(
    job: &Job,
    volume: &VolumeJob,
    data: PanelData,
    beside: Beside,
    dataset_digest: &str,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<TrainedModel, String> {
    let reason = |error: &dyn std::fmt::Display| error.to_string();
    let log_today = volume.log_today().expect("the job was checked");
    let schema = volume.declare(&job.recipe.schema);
    let schema = schema.expect("the job was checked");
    let PanelData { rows, kinds } = data;
    let inputs = volume.inputs.iter().map(|input| input.name.clone());
    let panel = panel_of(inputs.collect(), rows).map_err(|error| reason(&error))?;
    let symbols = panel.columns().symbols.iter();
    let kinds: Vec<TickerKind> = symbols
        .map(|symbol| kinds.get(symbol).copied())
        .map(|kind| kind.unwrap_or(TickerKind::Unknown))
        .collect();
    let training = PanelTraining {
        parameters: &volume.boost,
        plan: &volume.folds,
        log_today,
        kinds: &kinds,
        live: beside.recipe(),
    };
    let trained = train_panel(&panel, &Hessboost, &training, progress);
    let trained = trained.map_err(|error| reason(&error))?;
    drop(panel);

    let doc_string = format!(
        "{} from {}: exp of the sum of the trees, times 1 + today's volume, less 1, in the unit of the target",
        schema.target().name,
        trained.forest.feature_names().join(", ")
    );
    let metadata = [("data_digest".to_owned(), dataset_digest.to_owned())].into();
    let description = Description {
        model_name: &volume.name,
        doc_string: &doc_string,
        metadata: &metadata,
    };
    let onnx = Bytes::from(onnx::write(&trained.forest, &description));
    let (beside, not_compared) = beside.said(trained.not_compared);
    let refusal = match trained.judgement {
        Judgement::Promote => not_compared.clone(),
        Judgement::Refuse { reason } => Some(reason.to_string()),
    };
    let (held_back, promoted_anyway) = if volume.promote_anyway {
        (None, refusal)
    } else {
        (refusal, None)
    };
    Ok(TrainedModel::of(
        Card {
            name: volume.name.clone(),
            version: String::new(),
            onnx_digest: blake3::hash(&onnx).to_hex().to_string(),
            data_digest: dataset_digest.to_owned(),
            features: serde_json::to_value(&schema).expect("a schema has a JSON form"),
            schema: Schema::of(&trained.forest),
            parameters: Parameters::Boost(volume.boost.clone()),
            sample: None,
            evaluation: trained.last_fold,
            panel: Some(PanelCard {
                plan: volume.folds.clone(),
                train_rows: trained.train_rows,
                evaluation: trained.evaluation,
                random_split: trained.random_split,
                importance: trained.importance,
                held_back,
                promoted_anyway,
                beside,
                not_compared,
            }),
            golden_rows: trained.golden_rows,
        },
        onnx,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use features::schema::FeatureSchema;
    use features::volume_inputs::volume_inputs;
    use model::boost::BoostParameters;
    use model::fold_plan::FoldPlan;
    use proto::ticket::Recipe;

    fn volume_job() -> VolumeJob {
        VolumeJob {
            name: "volume".to_owned(),
            inputs: volume_inputs()[..1].to_vec(),
            boost: BoostParameters::default(),
            folds: FoldPlan::default(),
            promote_anyway: false,
        }
    }

    #[test]
    fn no_rows_are_a_reason_for_no_model() {
        let volume = volume_job();
        let recipe = Recipe {
            schema: FeatureSchema::default(),
            raw: false,
        };
        let job = Job {
            recipe,
            model: None,
            volume: Some(volume.clone()),
        };
        let data = PanelData {
            rows: BTreeMap::new(),
            kinds: BTreeMap::new(),
        };
        let reason = train_volume(&job, &volume, data, Beside::Nothing, "", &|_| {}).unwrap_err();
        assert!(reason.contains("the panel has no rows"), "{reason}");
    }
}

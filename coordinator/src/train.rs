//! From sampled rows to a judged forest. Pure.

use bytes::Bytes;
use market::sample::SampledRow;
use model::card::{Card, Parameters, Sample, Schema, golden_rows};
use model::evaluate::evaluate;
use model::matrix::Matrix;
use model::onnx::{self, Description};
use model::split::split_by_date;
use model::table::TrainingTable;
use model::train::train;
use output::models::content_version;

use crate::job::{Job, ModelJob};

/// A model that is ready to be published.
#[derive(Debug)]
pub(crate) struct TrainedModel {
    /// Its card, which names its version.
    pub(crate) card: Card,
    pub(crate) onnx: Bytes,
}

impl TrainedModel {
    /// Names the version of a model by its content. The card speaks of the ONNX file.
    pub(crate) fn of(mut card: Card, onnx: Bytes) -> Self {
        card.version = content_version(&card.to_json(), "");
        Self { card, onnx }
    }
}

/// Trains and judges the forest of a job on its sample, on the current pool of threads. An error is the reason why there is
/// no model: the run completes without one.
pub(crate) fn train_forest(
    job: &Job,
    model: &ModelJob,
    rows: &[SampledRow],
    dataset_digest: &str,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<TrainedModel, String> {
    let reason = |error: &dyn std::fmt::Display| error.to_string();
    let table = training_table(job, model, rows)?;
    let split = split_by_date(table.date(), model.test_fraction).map_err(|error| reason(&error))?;
    let forest = train(
        table.features(),
        table.target(),
        &split.train,
        &model.forest,
        progress,
    )
    .map_err(|error| reason(&error))?;
    let target = &job.recipe.schema.target().name;
    let doc_string = format!(
        "{target} from {}: the mean of the trees, in the unit of the target",
        model.inputs.join(" and ")
    );
    let metadata = [("data_digest".to_owned(), dataset_digest.to_owned())].into();
    let description = Description {
        model_name: &model.name,
        doc_string: &doc_string,
        metadata: &metadata,
    };
    let judge = || {
        (
            evaluate(&forest, &table, &split),
            golden_rows(&forest, table.features(), &split),
        )
    };
    let (onnx, (evaluation, golden_rows)) =
        rayon::join(|| Bytes::from(onnx::write(&forest, &description)), judge);
    Ok(TrainedModel::of(
        Card {
            name: model.name.clone(),
            version: String::new(),
            onnx_digest: blake3::hash(&onnx).to_hex().to_string(),
            data_digest: dataset_digest.to_owned(),
            features: serde_json::to_value(&job.recipe.schema).expect("a schema has a JSON form"),
            schema: Schema::of(&forest),
            parameters: Parameters::Forest(model.forest.clone()),
            sample: Some(Sample {
                wanted: model.sample_rows,
                rows: rows.len(),
                seed: model.forest.seed,
                test_fraction: model.test_fraction,
            }),
            evaluation,
            panel: None,
            golden_rows,
        },
        onnx,
    ))
}

fn training_table(
    job: &Job,
    model: &ModelJob,
    rows: &[SampledRow],
) -> Result<TrainingTable, String> {
    if rows.is_empty() {
        return Err(
            "no row has all inputs and the target: more rows than the longest window are needed"
                .to_owned(),
        );
    }
    let column = |input: usize| {
        rows.iter()
            .map(|row| row.inputs[input])
            .collect::<Vec<f64>>()
    };
    let columns: Vec<Vec<f64>> = (0..model.inputs.len()).map(column).collect();
    let moving_average = job.moving_average_input().map(column);
    let matrix =
        Matrix::from_columns(model.inputs.clone(), columns).map_err(|error| error.to_string())?;
    let target = rows.iter().map(|row| row.target).collect();
    let date = rows.iter().map(|row| row.date).collect();
    let today = rows.iter().map(|row| row.today).collect();
    TrainingTable::new(matrix, target, date, today, moving_average)
        .map_err(|error| error.to_string())
}

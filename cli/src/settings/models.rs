//! The models that a run trains, and how better parameters of the boosted trees are searched.

use std::ops::RangeInclusive;

use coordinator::job::{MAX_SAMPLE_ROWS, ModelJob, VolumeJob, is_model_name};
use features::column::Column;
use features::schema::FeatureSchema;
use features::volume_inputs::volume_inputs;
use model::boost::{BoostParameters, MAX_LEAVES};
use model::fold_plan::{FoldPlan, MAX_FOLDS, MAX_GAP_SESSIONS};
use model::parameters::{ForestParameters, MAX_TREES};
use model::sampling::Sampling;
use model::search_space::SearchSpace;
use model::tuning::{MAX_TRIALS, Search};

use super::schema::{as_declared, read_features};
use crate::config::Sources;

/// The most rows that boosted trees can be told to train on: more than are numbered.
const MAX_TRAIN_ROWS: u64 = u32::MAX as u64;

/// What each parameter of boosted trees can be set to, and searched in.
const TREES: RangeInclusive<u64> = 1..=MAX_TREES as u64;
const LEAVES: RangeInclusive<u64> = 2..=MAX_LEAVES as u64;
const LEARNING_RATE: RangeInclusive<f64> = 0.001..=1.0;
const MIN_ROWS_PER_LEAF: RangeInclusive<u64> = 1..=1_000_000;
const INPUT_SHARE: RangeInclusive<f64> = 0.01..=1.0;

/// The forest; `None` where it is not wanted.
pub(super) fn read_model(
    sources: &mut Sources,
    schema: &FeatureSchema,
    seed: u64,
) -> Option<ModelJob> {
    let train = sources.truth("model.train", true);
    let name = sources.text(
        "model.name",
        "volume-forest",
        "a name of letters, digits, - and _",
        is_model_name,
    );
    let inputs = sources.texts("model.inputs", &["vol_moving_avg", "adj_close_rolling_med"]);
    let sample_rows =
        sources.whole("model.sample_rows", 10_000, 1..=MAX_SAMPLE_ROWS as u64) as usize;
    let test_fraction = sources.number("model.test_fraction", 0.2, 0.01..=0.99);
    let trees = sources.whole("model.trees", 100, 1..=MAX_TREES as u64) as usize;
    let min_rows_per_leaf = sources.whole("model.min_rows_per_leaf", 5, 1..=1_000_000) as usize;
    let max_depth = sources.whole("model.max_depth", 0, 0..=u64::from(u16::MAX)) as u16;
    let features = schema.features();
    for (place, input) in inputs.iter().enumerate() {
        if !features.iter().any(|feature| feature.name == *input) {
            let declared: Vec<&str> = features
                .iter()
                .map(|feature| feature.name.as_str())
                .collect();
            sources.problem(
                "model.inputs",
                format!(
                    "`{input}` is not a declared feature: {}",
                    declared.join(", ")
                ),
            );
        }
        if inputs[..place].contains(input) {
            sources.problem("model.inputs", format!("`{input}` is named twice"));
        }
    }
    if inputs.is_empty() {
        sources.problem("model.inputs", "a model needs at least one input");
    }
    let max_depth = (max_depth > 0).then_some(max_depth);
    let forest = ForestParameters {
        trees,
        min_rows_per_leaf,
        max_depth,
        seed,
    };
    train.then_some(ModelJob {
        name,
        inputs,
        sample_rows,
        test_fraction,
        forest,
    })
}

/// The boosted trees as they are configured, and whether a run trains them, which may train models. What cannot be meant of
/// such a run alone is no problem of another.
pub(super) fn read_volume(
    sources: &mut Sources,
    schema: &FeatureSchema,
    seed: u64,
    train_models: bool,
) -> (VolumeJob, bool) {
    let wanted = sources.truth("volume.train", VolumeJob::predicts(schema.target()));
    let name = sources.text(
        "volume.name",
        "volume",
        "a name of letters, digits, - and _",
        is_model_name,
    );
    let default = volume_inputs().iter().map(as_declared).collect();
    let inputs = read_features(sources, "volume.inputs", default, 1);
    let trees = sources.whole("volume.trees", 60, TREES) as usize;
    let leaves = sources.whole("volume.leaves", 63, LEAVES) as usize;
    let learning_rate = sources.number("volume.learning_rate", 0.15, LEARNING_RATE);
    let min_rows_per_leaf =
        sources.whole("volume.min_rows_per_leaf", 20, MIN_ROWS_PER_LEAF) as usize;
    let input_share = sources.number("volume.input_share", 1.0, INPUT_SHARE);
    let folds = sources.whole("volume.folds", 4, 1..=MAX_FOLDS as u64) as usize;
    let gap_sessions =
        sources.whole("volume.gap_sessions", 70, 0..=MAX_GAP_SESSIONS as u64) as usize;
    let unseen_share = sources.number("volume.unseen_share", 0.1, 0.0..=0.9);
    let max_train_rows =
        sources.whole("volume.max_train_rows", 100_000, 1..=MAX_TRAIN_ROWS) as usize;
    let sampling = read_sampling(sources);
    let volume = VolumeJob {
        name,
        inputs,
        boost: BoostParameters {
            trees,
            leaves,
            learning_rate,
            min_rows_per_leaf,
            input_share,
            seed,
        },
        folds: FoldPlan {
            folds,
            gap_sessions,
            unseen_share,
            max_train_rows,
            seed,
            sampling,
        },
        promote_anyway: false,
    };
    let train = wanted && train_models;
    if train && let Some(problem) = volume.problem(schema) {
        let target = schema.target();
        let key = if target.column != Column::Volume {
            "target.column"
        } else if target.lead != 1 {
            "target.lead"
        } else {
            "volume.inputs"
        };
        sources.problem(key, problem);
    }
    (volume, train)
}

fn read_sampling(sources: &mut Sources) -> Sampling {
    let [uniform, stratified] = Sampling::ALL.map(Sampling::name);
    let text = sources.text(
        "volume.sampling",
        Sampling::default().name(),
        &format!("{uniform} or {stratified}"),
        |text| Sampling::of_name(text).is_some(),
    );
    Sampling::of_name(&text).expect("it was checked, or is the default")
}

/// What a tuning tries; `seed` begins what it draws where it has none of its own.
pub(super) fn read_search(sources: &mut Sources, seed: u64) -> Search {
    let trials = sources.whole("tune.trials", 24, 1..=MAX_TRIALS as u64) as usize;
    let seed = sources.whole("tune.seed", seed, 0..=i64::MAX as u64);
    let default = SearchSpace::default();
    let space = SearchSpace {
        trees: whole_span(sources, "tune.trees", default.trees, TREES),
        leaves: whole_span(sources, "tune.leaves", default.leaves, LEAVES),
        learning_rate: sources.span("tune.learning_rate", default.learning_rate, LEARNING_RATE),
        min_rows_per_leaf: whole_span(
            sources,
            "tune.min_rows_per_leaf",
            default.min_rows_per_leaf,
            MIN_ROWS_PER_LEAF,
        ),
        input_share: sources.span("tune.input_share", default.input_share, INPUT_SHARE),
    };
    Search {
        trials,
        seed,
        space,
    }
}

fn whole_span(
    sources: &mut Sources,
    key: &'static str,
    default: [usize; 2],
    range: RangeInclusive<u64>,
) -> [usize; 2] {
    let default = default.map(|end| end as u64);
    sources
        .whole_span(key, default, range)
        .map(|end| end as usize)
}

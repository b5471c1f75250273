//! Training from the table to the card: determinism, edges, and the files that come of it.

mod synthetic;

use rayon::ThreadPoolBuilder;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use synthetic::table;
use tickermill_model::card::{Card, GOLDEN_ROWS, Parameters, Sample, Schema, golden_rows};
use tickermill_model::evaluate::evaluate;
use tickermill_model::forest::Forest;
use tickermill_model::matrix::Matrix;
use tickermill_model::onnx;
use tickermill_model::parameters::ForestParameters;
use tickermill_model::split::split_by_date;
use tickermill_model::train::{TrainError, train};
use tickermill_model::tree::Node;

fn parameters(trees: usize, min_rows_per_leaf: usize) -> ForestParameters {
    ForestParameters {
        trees,
        min_rows_per_leaf,
        ..ForestParameters::default()
    }
}

fn one_feature(values: Vec<f64>) -> Matrix {
    Matrix::from_columns(vec!["a".to_owned()], vec![values]).expect("one column without NaN")
}

/// A forest on all rows of one feature.
fn train_on(values: Vec<f64>, target: &[f64], parameters: &ForestParameters) -> Forest {
    let rows: Vec<usize> = (0..values.len()).collect();
    train(&one_feature(values), target, &rows, parameters, &|_| {}).expect("valid rows")
}

fn onnx_bytes(forest: &Forest) -> Vec<u8> {
    let description = onnx::Description {
        model_name: "volume",
        doc_string: "",
        metadata: &BTreeMap::new(),
    };
    onnx::write(forest, &description)
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let table = table(600, 1);
    let rows: Vec<usize> = (0..table.row_count()).collect();
    let bytes_of = |threads, seed| {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let parameters = ForestParameters {
            seed,
            ..parameters(23, 5)
        };
        let forest = pool.install(|| {
            train(
                table.features(),
                table.target(),
                &rows,
                &parameters,
                &|_| {},
            )
        });
        onnx_bytes(&forest.unwrap())
    };
    let single = bytes_of(1, 7);
    assert_eq!(single, bytes_of(2, 7));
    assert_eq!(single, bytes_of(3, 7));
    assert_ne!(single, bytes_of(1, 8));
}

#[test]
fn progress_adds_up_to_the_number_of_trees() {
    let finished = AtomicUsize::new(0);
    let progress = |trees: usize| {
        finished.fetch_add(trees, Ordering::Relaxed);
    };
    let table = table(40, 2);
    let forest = train(
        table.features(),
        table.target(),
        &[3, 4, 5, 6],
        &parameters(13, 1),
        &progress,
    );
    assert_eq!(forest.unwrap().trees().len(), 13);
    assert_eq!(finished.into_inner(), 13);
}

#[test]
fn rows_that_are_not_asked_for_teach_nothing() {
    let parameters = parameters(5, 1);
    let few = train(
        &one_feature(vec![1.0, 9.0, 2.0]),
        &[1.0, 99.0, 2.0],
        &[0, 2],
        &parameters,
        &|_| {},
    );
    assert_eq!(
        few.unwrap(),
        train_on(vec![1.0, 2.0], &[1.0, 2.0], &parameters)
    );
}

#[test]
fn a_constant_target_makes_single_leaves() {
    let forest = train_on(
        (0..50).map(f64::from).collect(),
        &[42.0; 50],
        &parameters(5, 5),
    );
    assert_eq!(forest.predict(&[1e9]).to_bits(), 42.0_f64.to_bits());
}

#[test]
fn too_few_rows_for_two_leaves_make_single_leaves() {
    let target: Vec<f64> = (0..9).map(f64::from).collect();
    assert_eq!(
        train_on(target.clone(), &target, &parameters(10, 5)).node_count(),
        10
    );
    assert_eq!(
        train_on(vec![1.0], &[3.0], &parameters(1, 1))
            .predict(&[0.0])
            .to_bits(),
        3.0_f64.to_bits()
    );
}

#[test]
fn a_step_in_one_feature_is_learnt() {
    let values: Vec<f64> = (0..100).map(f64::from).collect();
    let target: Vec<f64> = values
        .iter()
        .map(|value| if *value < 50.0 { 10.0 } else { 20.0 })
        .collect();
    let forest = train_on(values, &target, &parameters(20, 5));
    assert!(forest.predict(&[10.0]) < 11.0 && forest.predict(&[90.0]) > 19.0);
}

#[test]
fn depth_counts_splits() {
    let values: Vec<f64> = (0..100).map(f64::from).collect();
    let parameters = ForestParameters {
        max_depth: Some(1),
        ..parameters(3, 1)
    };
    let forest = train_on(values.clone(), &values, &parameters);
    for tree in forest.trees() {
        assert!(matches!(
            tree.nodes(),
            [Node::Split { .. }, Node::Leaf { .. }, Node::Leaf { .. }]
        ));
    }
}

#[test]
fn refuses_what_it_cannot_train_on() {
    let features = one_feature(vec![1.0, 2.0]);
    let refusal = |target: &[f64], rows: &[usize], parameters: &ForestParameters| {
        train(&features, target, rows, parameters, &|_| {}).unwrap_err()
    };
    assert!(matches!(
        refusal(&[1.0; 2], &[], &parameters(1, 1)),
        TrainError::NoRows
    ));
    assert!(matches!(
        refusal(&[1.0; 2], &[0], &parameters(0, 1)),
        TrainError::Parameters(_)
    ));
    assert!(matches!(
        refusal(&[1.0], &[0, 1], &parameters(1, 1)),
        TrainError::MissingRow { row: 1, .. }
    ));
    let infinite = refusal(&[1.0, f64::INFINITY], &[0, 1], &parameters(1, 1));
    assert!(matches!(infinite, TrainError::TargetNotFinite { row: 1 }));
}

#[test]
fn a_trained_forest_goes_through_onnx_unchanged() {
    let table = table(500, 3);
    let rows: Vec<usize> = (0..table.row_count()).collect();
    let forest = train(
        table.features(),
        table.target(),
        &rows,
        &parameters(10, 2),
        &|_| {},
    )
    .unwrap();
    assert_eq!(onnx::read(&onnx_bytes(&forest)).unwrap().forest, forest);
}

#[test]
fn a_card_says_what_the_model_was_made_of() {
    let table = table(1_000, 4);
    let split = split_by_date(table.date(), 0.2).unwrap();
    let parameters = parameters(20, 5);
    let forest = train(
        table.features(),
        table.target(),
        &split.train,
        &parameters,
        &|_| {},
    )
    .unwrap();
    let card = Card {
        name: "volume-forest".to_owned(),
        version: "0123".to_owned(),
        onnx_digest: "ab".to_owned(),
        data_digest: "cd".to_owned(),
        features: serde_json::json!([{"name": "vol_moving_avg", "operation": "mean"}]),
        schema: Schema::of(&forest),
        parameters: Parameters::Forest(parameters),
        sample: Some(Sample {
            wanted: 10_000,
            rows: table.row_count(),
            seed: 9,
            test_fraction: 0.2,
        }),
        panel: None,
        evaluation: evaluate(&forest, &table, &split),
        golden_rows: golden_rows(&forest, table.features(), &split),
    };

    let json = card.to_json();
    assert_eq!(Card::from_json(&json).unwrap(), card);
    assert!(json.contains("\"cut_date\": \"1997-"), "{json}");
    assert!(card.evaluation.model.mae < card.evaluation.naive_today.mae);
    assert_eq!(card.golden_rows.len(), GOLDEN_ROWS);
    assert_eq!(
        card.golden_rows[0].inputs,
        table.features().row(split.test[0])
    );
    assert_eq!(
        card.golden_rows[9].inputs,
        table.features().row(*split.test.last().unwrap())
    );
    for golden in &card.golden_rows {
        assert_eq!(
            forest.predict(&golden.inputs).to_bits(),
            golden.output.to_bits()
        );
    }
}

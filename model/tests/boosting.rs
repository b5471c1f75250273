//! Boosting from the panel to the ONNX file: determinism, skill, and what it refuses.

#[path = "synthetic/panel.rs"]
mod synthetic_panel;

use rayon::ThreadPoolBuilder;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use synthetic_panel::panel;
use tickermill_model::boost::{BoostError, BoostParameters, BoostRows, Booster, Fitted};
use tickermill_model::forest::Link;
use tickermill_model::hessboost::Hessboost;
use tickermill_model::onnx;
use tickermill_model::panel::Panel;
use tickermill_model::walker::Walker;

const INPUTS: usize = 6;

fn parameters(trees: usize, leaves: usize) -> BoostParameters {
    BoostParameters {
        trees,
        leaves,
        ..BoostParameters::default()
    }
}

fn fit(panel: &Panel, rows: &[u32], parameters: &BoostParameters) -> Fitted {
    let rows = BoostRows::new(panel, rows).expect("labels and inputs change");
    Hessboost
        .fit(rows, parameters, &|_| {})
        .expect("valid rows")
}

#[test]
fn any_number_of_threads_fits_the_same() {
    let (panel, _) = panel(20_000, INPUTS, 1);
    let rows: Vec<u32> = (0..20_000).collect();
    let fitted = |threads, seed| {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let parameters = BoostParameters {
            input_share: 0.5,
            seed,
            ..parameters(8, 31)
        };
        pool.install(|| fit(&panel, &rows, &parameters))
    };
    let single = fitted(1, 7);
    assert_eq!(single, fitted(2, 7));
    assert_eq!(single, fitted(3, 7));
    assert_ne!(single, fitted(1, 8));
}

#[test]
fn learns_what_moves_the_label_and_says_which_inputs_do() {
    let (panel, raw) = panel(20_000, INPUTS, 2);
    let rows: Vec<u32> = (0..15_000).collect();
    let fitted = fit(&panel, &rows, &parameters(60, 31));
    assert_eq!(fitted.gain.len(), INPUTS);
    for input in 4..INPUTS {
        assert!(
            fitted.gain[input] < 0.1 * fitted.gain[0],
            "{:?}",
            fitted.gain
        );
    }

    let walker = Walker::new(&fitted.forest);
    let (mut error, mut naive_error) = (0.0, 0.0);
    for row in 15_000..20_000 {
        let label = f64::from(panel.label(row));
        error += (walker.predict(&raw[row * INPUTS..][..INPUTS]) - label).abs();
        naive_error += label.abs();
    }
    assert!(error < 0.7 * naive_error, "{error} against {naive_error}");
}

#[test]
fn leaves_have_enough_rows() {
    let (panel, raw) = panel(2_000, INPUTS, 3);
    let rows: Vec<u32> = (0..2_000).collect();
    let parameters = BoostParameters {
        min_rows_per_leaf: 50,
        ..parameters(3, 63)
    };
    for tree in fit(&panel, &rows, &parameters).forest.trees() {
        let mut rows_of_value = BTreeMap::new();
        for row in raw.chunks(INPUTS) {
            *rows_of_value
                .entry(tree.predict(row).to_bits())
                .or_insert(0) += 1;
        }
        assert!(rows_of_value.len() > 2);
        assert!(rows_of_value.values().all(|rows| *rows >= 50));
    }
}

#[test]
fn rows_that_are_not_asked_for_teach_nothing() {
    let (whole, _) = panel(4_000, INPUTS, 4);
    let rows: Vec<u32> = (0..2_000).collect();
    let mut columns = whole.columns().clone();
    columns.target[2_000..].fill(1.0);
    let changed = Panel::new(columns).unwrap();
    let parameters = parameters(5, 15);
    assert_eq!(
        fit(&whole, &rows, &parameters),
        fit(&changed, &rows, &parameters)
    );
}

#[test]
fn progress_adds_up_to_the_number_of_trees() {
    let finished = AtomicUsize::new(0);
    let progress = |trees: usize| {
        finished.fetch_add(trees, Ordering::Relaxed);
    };
    let (panel, _) = panel(1_000, INPUTS, 5);
    let rows: Vec<u32> = (0..1_000).collect();
    let rows = BoostRows::new(&panel, &rows).unwrap();
    let fitted = Hessboost.fit(rows, &parameters(9, 7), &progress).unwrap();
    assert_eq!(fitted.forest.trees().len(), 9);
    assert_eq!(finished.into_inner(), 9);
    let refused = Hessboost.fit(rows, &parameters(0, 7), &|_| {});
    assert!(matches!(refused, Err(BoostError::Parameters(_))));
}

#[test]
fn a_fitted_forest_with_its_link_goes_through_onnx_unchanged() {
    let (panel, _) = panel(2_000, INPUTS, 6);
    let rows: Vec<u32> = (0..2_000).collect();
    let forest = fit(&panel, &rows, &parameters(10, 15)).forest;
    let forest = forest.with_link(Link::LogRatio { log_today: 5 }).unwrap();
    let description = onnx::Description {
        model_name: "volume",
        doc_string: "",
        metadata: &BTreeMap::new(),
    };
    let written = onnx::write(&forest, &description);
    assert_eq!(onnx::read(&written).unwrap().forest, forest);
}

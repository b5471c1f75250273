use super::*;
use crate::boost::{BoostParametersError, Fitted};
use crate::fold_plan::FoldPlanError;
use crate::forecast_errors::{ErrorSums, Naive};
use crate::forest::Forest;
use crate::panel::PanelColumns;
use crate::tree::{Node, Tree};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A booster of one leaf, which notes what it is given.
struct OneLeaf {
    label: f32,
    given: Mutex<Vec<(Vec<u32>, BoostParameters)>>,
}

impl OneLeaf {
    fn new(label: f32) -> Self {
        Self {
            label,
            given: Mutex::default(),
        }
    }
}

impl Booster for OneLeaf {
    fn fit(
        &self,
        rows: BoostRows<'_>,
        parameters: &BoostParameters,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<Fitted, BoostError> {
        let mut given = self.given.lock().expect("no test panics while it holds it");
        given.push((rows.rows().to_vec(), parameters.clone()));
        progress(parameters.trees);
        let leaf = Tree::from_nodes(&[Node::Leaf { value: self.label }]);
        let names = rows.panel().columns().input_names.clone();
        let forest = Forest::new(names, vec![leaf.expect("a leaf is a tree")]);
        Ok(Fitted {
            forest: forest.expect("a leaf reads no input"),
            gain: vec![0.0],
        })
    }
}

/// Two tickers of the dates 0 to 8. Today's volume is 0, and tomorrow's 1 and 3 in turn; the moving average is 2.
fn panel() -> Panel {
    let rows = 18;
    let of_rows = |value: fn(usize) -> f32| -> Vec<f32> { (0..rows).map(value).collect() };
    let columns = PanelColumns {
        codes: vec![(0..rows).map(|row| row as u8).collect()],
        input_names: vec!["input".to_owned()],
        symbols: vec!["A".to_owned(), "B".to_owned()],
        ticker: (0..rows).map(|row| (row / 9) as u32).collect(),
        date: (0..rows).map(|row| (row % 9) as i32).collect(),
        today: of_rows(|_| 0.0),
        moving_average: of_rows(|_| 2.0),
        target: of_rows(|row| if row % 2 == 0 { 1.0 } else { 3.0 }),
    };
    Panel::new(columns).expect("rows ascend")
}

fn trial(fold: usize) -> Trial {
    Trial {
        parameters: BoostParameters {
            trees: 7,
            ..BoostParameters::default()
        },
        folds: FoldPlan {
            folds: 2,
            gap_sessions: 1,
            unseen_share: 0.0,
            ..FoldPlan::default()
        },
        fold,
    }
}

fn refused(booster: &OneLeaf, trial: &Trial) -> TrialError {
    let tried = try_out(&panel(), booster, trial, &|_| {});
    tried.expect_err("it cannot be tried")
}

#[test]
fn trains_and_tests_on_the_rows_of_its_fold_alone() {
    // The first fold tests the dates 3 to 5, the second 6 to 8.
    for (fold, train) in [
        (0, vec![0_u32, 1, 9, 10]),
        (1, vec![0, 1, 2, 3, 4, 9, 10, 11, 12, 13]),
    ] {
        let booster = OneLeaf::new(0.0);
        let trees = AtomicUsize::new(0);
        let progress = |done| {
            trees.fetch_add(done, Ordering::Relaxed);
        };
        let errors = try_out(&panel(), &booster, &trial(fold), &progress).unwrap();
        assert_eq!(
            booster.given.into_inner().unwrap(),
            [(train, trial(fold).parameters)]
        );
        assert_eq!(trees.into_inner(), 7);
        assert_eq!(errors.rows, 6);
    }
}

#[test]
fn errors_are_sums_over_the_rows_tested() {
    // Rows 3, 4, 5 and 12, 13, 14 with the targets 3, 1, 3 and 1, 3, 1. The leaf predicts 0, as today does.
    let errors = try_out(&panel(), &OneLeaf::new(0.0), &trial(0), &|_| {}).unwrap();
    let as_today = ErrorSums {
        absolute: 12.0,
        squared: 30.0,
    };
    let by_one = ErrorSums {
        absolute: 6.0,
        squared: 6.0,
    };
    assert_eq!(
        errors,
        ForecastErrors {
            rows: 6,
            model: as_today,
            naive_today: as_today,
            naive_moving_average: by_one,
        }
    );
    assert_eq!(errors.skill(Naive::Today), Some(0.0));
    assert_eq!(errors.skill(Naive::MovingAverage), Some(-1.0));

    // ln 3 of log volume over today's is a volume of 2.
    let errors = try_out(&panel(), &OneLeaf::new(3.0_f32.ln()), &trial(0), &|_| {}).unwrap();
    assert!((errors.model.absolute - 6.0).abs() < 1e-5, "{errors:?}");
    let skill = errors.skill(Naive::Today).unwrap();
    assert!((skill - 0.5).abs() < 1e-6, "{skill}");
}

#[test]
fn refuses_what_cannot_be_tried() {
    let booster = OneLeaf::new(0.0);
    assert!(matches!(
        refused(&booster, &trial(2)),
        TrialError::Fold(FoldError::NoSuchFold { fold: 2, folds: 2 })
    ));
    let mut of_no_rows = trial(0);
    of_no_rows.folds.max_train_rows = 0;
    assert!(matches!(
        refused(&booster, &of_no_rows),
        TrialError::Fold(FoldError::Plan(FoldPlanError::MaxTrainRows))
    ));
    let mut of_no_trees = trial(0);
    of_no_trees.parameters.trees = 0;
    assert!(matches!(
        refused(&booster, &of_no_trees),
        TrialError::Boost(BoostError::Parameters(BoostParametersError::Trees {
            trees: 0
        }))
    ));
    let mut of_one_row = trial(0);
    of_one_row.folds.max_train_rows = 1;
    assert!(matches!(
        refused(&booster, &of_one_row),
        TrialError::Boost(BoostError::ConstantLabel)
    ));
    let given = booster.given.into_inner().unwrap();
    assert!(given.is_empty(), "none was trained");
}

#[test]
fn a_prediction_that_is_no_volume_names_its_row() {
    let error = refused(&OneLeaf::new(1e30), &trial(1));
    assert!(
        matches!(error, TrialError::NotFinite(ErrorNotFinite { row: 6 })),
        "{error}"
    );
}

#[test]
fn a_trial_reads_back_with_all_its_bits() {
    let mut trial = trial(1);
    trial.parameters.learning_rate = 0.1 + 0.2;
    trial.folds.unseen_share = f64::MIN_POSITIVE;
    let json = serde_json::to_string(&trial).unwrap();
    assert_eq!(serde_json::from_str::<Trial>(&json).unwrap(), trial);

    let unknown = json.replacen('{', r#"{"rows":1,"#, 1);
    assert!(
        serde_json::from_str::<Trial>(&unknown).is_err(),
        "{unknown}"
    );
    assert!(serde_json::from_str::<Trial>(r#"{"folds":{},"parameters":{}}"#).is_err());
}

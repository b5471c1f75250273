//! A trial of a tuning: the errors that training on a panel has in that fold, the same for any number of threads.

#[path = "synthetic/panel.rs"]
mod synthetic_panel;

use proptest::prelude::*;
use rayon::ThreadPoolBuilder;
use std::sync::atomic::{AtomicUsize, Ordering};
use synthetic_panel::panel;
use tickermill_model::boost::BoostParameters;
use tickermill_model::evaluate::Metrics;
use tickermill_model::fold_plan::FoldPlan;
use tickermill_model::forecast_errors::{ErrorSums, ForecastErrors, Naive};
use tickermill_model::hessboost::Hessboost;
use tickermill_model::judged_panel::TickerKind;
use tickermill_model::panel::Panel;
use tickermill_model::sampling::Sampling;
use tickermill_model::search_space::SearchSpace;
use tickermill_model::train_panel::{PanelTraining, TrainedOnPanel, train_panel};
use tickermill_model::trial::{Trial, try_out};

/// 40 tickers of 500 dates, whose moving average is another forecast than today's volume.
fn learnable() -> Panel {
    let (panel, _) = panel(20_000, 6, 1);
    let mut columns = panel.columns().clone();
    for moving_average in &mut columns.moving_average {
        *moving_average *= 1.25;
    }
    Panel::new(columns).expect("rows ascend")
}

fn parameters() -> BoostParameters {
    BoostParameters {
        trees: 20,
        leaves: 15,
        input_share: 0.7,
        ..BoostParameters::default()
    }
}

fn plan() -> FoldPlan {
    FoldPlan {
        folds: 3,
        max_train_rows: 4_000,
        ..FoldPlan::default()
    }
}

fn trial(fold: usize) -> Trial {
    Trial {
        parameters: parameters(),
        folds: plan(),
        fold,
    }
}

fn train(panel: &Panel) -> TrainedOnPanel {
    let kinds = vec![TickerKind::Unknown; panel.columns().symbols.len()];
    let training = PanelTraining {
        parameters: &parameters(),
        plan: &plan(),
        log_today: 5,
        kinds: &kinds,
        live: None,
    };
    train_panel(panel, &Hessboost, &training, &|_| {}).expect("the panel can be learnt from")
}

fn tried(panel: &Panel, trial: &Trial) -> ForecastErrors {
    try_out(panel, &Hessboost, trial, &|_| {}).expect("the panel can be learnt from")
}

/// All bits of the errors.
fn bits(errors: &ForecastErrors) -> Vec<u64> {
    let of_sums = |sums: &ErrorSums| [sums.absolute.to_bits(), sums.squared.to_bits()];
    let sums = [
        of_sums(&errors.model),
        of_sums(&errors.naive_today),
        of_sums(&errors.naive_moving_average),
    ];
    [vec![errors.rows], sums.concat()].concat()
}

#[test]
fn has_the_skill_that_training_on_the_panel_has_in_that_fold() {
    let panel = learnable();
    let evaluation = train(&panel).evaluation;
    assert_eq!(evaluation.folds.len(), 3);
    for (fold, of_fold) in evaluation.folds.iter().enumerate() {
        let errors = tried(&panel, &trial(fold));
        assert_eq!(errors.rows, of_fold.test_rows as u64);
        let pairs = [
            (Naive::Today, of_fold.skill.naive_today),
            (Naive::MovingAverage, of_fold.skill.naive_moving_average),
        ];
        for (naive, evaluated) in pairs {
            let (skill, evaluated) = (errors.skill(naive).unwrap(), evaluated.unwrap().skill);
            // The evaluation adds up date by date, and so rounds otherwise.
            assert!((skill - evaluated).abs() < 1e-12, "{skill} {evaluated}");
            assert!(skill > 0.05, "there is something to learn: {skill}");
        }
    }
}

#[test]
fn has_the_errors_of_the_last_fold_bit_for_bit() {
    let panel = learnable();
    let last = train(&panel).last_fold;
    let errors = tried(&panel, &trial(2));
    let rows = errors.rows as f64;
    let same = |sums: &ErrorSums, metrics: &Metrics| {
        let (mae, rmse) = (sums.absolute / rows, (sums.squared / rows).sqrt());
        assert_eq!(mae.to_bits(), metrics.mae.to_bits());
        assert_eq!(rmse.to_bits(), metrics.rmse.to_bits());
    };
    same(&errors.model, &last.model);
    same(&errors.naive_today, &last.naive_today);
    let of_moving_average = last.naive_moving_average.unwrap();
    same(&errors.naive_moving_average, &of_moving_average);
    assert_ne!(bits(&errors), bits(&tried(&panel, &trial(1))));
}

#[test]
fn progress_adds_up_to_the_trees() {
    let done = AtomicUsize::new(0);
    let progress = |trees| {
        done.fetch_add(trees, Ordering::Relaxed);
    };
    try_out(&learnable(), &Hessboost, &trial(0), &progress).unwrap();
    assert_eq!(done.into_inner(), 20);
}

#[test]
fn other_parameters_make_other_errors() {
    let panel = learnable();
    let mut slower = trial(0);
    slower.parameters.learning_rate = 0.01;
    let (slower, usual) = (tried(&panel, &slower), tried(&panel, &trial(0)));
    assert!(slower.skill(Naive::Today) < usual.skill(Naive::Today));
    assert_eq!(slower.naive_today, usual.naive_today);

    let mut of_fewer_rows = trial(0);
    of_fewer_rows.folds.max_train_rows = 400;
    let of_fewer_rows = tried(&panel, &of_fewer_rows);
    assert!(of_fewer_rows.skill(Naive::Today) < usual.skill(Naive::Today));
    assert_eq!(of_fewer_rows.naive_today, usual.naive_today);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn any_number_of_threads_makes_the_same_errors(
        seed in any::<u64>(),
        number in 0_usize..1_000,
        fold in 0_usize..3,
        sampling in prop::sample::select(Sampling::ALL.to_vec()),
    ) {
        let space = SearchSpace { trees: [5, 15], ..SearchSpace::default() };
        let trial = Trial {
            parameters: space.draw(seed, number, &BoostParameters { seed, ..parameters() }),
            folds: FoldPlan { sampling, seed, ..plan() },
            fold,
        };
        let panel = learnable();
        let errors_by = |threads| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build();
            let pool = pool.expect("threads start");
            bits(&pool.install(|| tried(&panel, &trial)))
        };
        let one = errors_by(1);
        prop_assert_eq!(one.clone(), errors_by(2));
        prop_assert_eq!(one, errors_by(3));
    }
}

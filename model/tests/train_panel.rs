//! Trees over a whole panel: judged on later dates, the same for any number of threads, and what is refused.

#[path = "synthetic/panel.rs"]
mod synthetic_panel;

use rayon::ThreadPoolBuilder;
use std::sync::atomic::{AtomicUsize, Ordering};
use synthetic_panel::panel;
use tickermill_model::boost::BoostParameters;
use tickermill_model::fold_plan::FoldPlan;
use tickermill_model::gate::{Judgement, RefusalReason};
use tickermill_model::hessboost::Hessboost;
use tickermill_model::judged_panel::TickerKind;
use tickermill_model::live_recipe::LiveRecipe;
use tickermill_model::panel::Panel;
use tickermill_model::train_panel::{
    PanelTraining, TrainPanelError, TrainedOnPanel, train_panel, trees_in_all,
};

const INPUTS: usize = 6;

fn parameters() -> BoostParameters {
    BoostParameters {
        trees: 30,
        leaves: 15,
        ..BoostParameters::default()
    }
}

fn plan() -> FoldPlan {
    FoldPlan {
        folds: 3,
        max_train_rows: 8_000,
        ..FoldPlan::default()
    }
}

fn train(panel: &Panel, plan: &FoldPlan) -> Result<TrainedOnPanel, TrainPanelError> {
    let kinds = vec![TickerKind::Unknown; panel.columns().symbols.len()];
    let training = PanelTraining {
        parameters: &parameters(),
        plan,
        log_today: 5,
        kinds: &kinds,
        live: None,
    };
    train_panel(panel, &Hessboost, &training, &|_| {})
}

/// A candidate of `trees` trees, beside a live version of `live` trees that reads these inputs.
fn train_beside(panel: &Panel, trees: usize, live: usize, inputs: &[&str]) -> TrainedOnPanel {
    let kinds = vec![TickerKind::Unknown; panel.columns().symbols.len()];
    let of = |trees| BoostParameters {
        trees,
        ..parameters()
    };
    let (candidate, live) = (of(trees), of(live));
    let inputs: Vec<String> = inputs.iter().map(|input| (*input).to_owned()).collect();
    let training = PanelTraining {
        parameters: &candidate,
        plan: &plan(),
        log_today: 5,
        kinds: &kinds,
        live: Some(LiveRecipe {
            parameters: &live,
            inputs: &inputs,
            max_train_rows: plan().max_train_rows,
        }),
    };
    let done = AtomicUsize::new(0);
    let progress = |trees| {
        done.fetch_add(trees, Ordering::Relaxed);
    };
    let trained =
        train_panel(panel, &Hessboost, &training, &progress).expect("the panel can be learnt from");
    let all = trees_in_all(&candidate, &plan(), training.live.as_ref());
    let not_trained = if trained.not_compared.is_some() {
        3 * live.trees
    } else {
        0
    };
    assert_eq!(done.into_inner(), all - not_trained);
    trained
}

const ALL_INPUTS: [&str; INPUTS] = [
    "input_0", "input_1", "input_2", "input_3", "input_4", "input_5",
];

/// 40 tickers of 500 dates, with input 5 the logarithm of the row's volume, which the label does not follow.
fn learnable() -> Panel {
    let (panel, _) = panel(20_000, INPUTS, 1);
    let mut columns = panel.columns().clone();
    let offsets = (0..panel.row_count()).map(|row| features::grid::code(panel.offset(row).into()));
    columns.codes[5] = offsets.collect();
    Panel::new(columns).expect("rows ascend")
}

#[test]
fn is_judged_on_later_dates_and_may_go_live() {
    let panel = learnable();
    let trained = train(&panel, &plan()).unwrap();
    assert_eq!(trained.judgement, Judgement::Promote);
    let evaluation = &trained.evaluation;
    assert_eq!(evaluation.folds.len(), 3);
    let skill = evaluation.last_fold.naive_today.unwrap();
    assert!(skill.low > 0.1, "{skill:?}");
    let unseen = evaluation.unseen.as_ref().unwrap();
    assert!(unseen.skill.naive_today.unwrap().low > 0.1);
    assert_eq!(trained.train_rows, 8_000);
    let last = evaluation.folds.last().unwrap();
    assert_eq!(trained.last_fold.test_rows, last.test_rows);
    assert!((trained.last_fold.skill.unwrap() - skill.skill).abs() < 1e-12);
    let gain: f64 = trained.importance.iter().map(|input| input.gain).sum();
    assert!((gain - 1.0).abs() < 1e-12);
    for (input, importance) in trained.importance.iter().enumerate() {
        let matters = input < 4;
        assert_eq!(importance.input, format!("input_{input}"));
        assert_eq!(importance.permutation > 0.01, matters, "{importance:?}");
    }
    let split = &trained.random_split;
    assert_eq!(split.train_rows, 8_000);
    assert!(split.test_rows > 1_000 && split.test_rows < last.test_rows);
    // Labels of neighbouring rows have nothing to do with each other here.
    assert!(split.leak.unwrap().abs() < 0.05, "{split:?}");
    for row in &trained.golden_rows {
        let predicted = trained.forest.predict(&row.inputs);
        assert_eq!(predicted.to_bits(), row.output.to_bits());
    }
}

#[test]
fn any_number_of_threads_trains_and_judges_the_same() {
    let panel = learnable();
    let trained = |threads| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| train(&panel, &plan()).unwrap())
    };
    let one = trained(1);
    assert_eq!(one, trained(2));
    assert_eq!(one, trained(3));
}

#[test]
fn progress_adds_up_to_all_trees() {
    let panel = learnable();
    let kinds = vec![TickerKind::Stock; panel.columns().symbols.len()];
    let training = PanelTraining {
        parameters: &parameters(),
        plan: &plan(),
        log_today: 5,
        kinds: &kinds,
        live: None,
    };
    let done = AtomicUsize::new(0);
    let progress = |trees| {
        done.fetch_add(trees, Ordering::Relaxed);
    };
    train_panel(&panel, &Hessboost, &training, &progress).unwrap();
    let all = trees_in_all(&parameters(), &plan(), None);
    assert_eq!(done.into_inner(), all);
    assert_eq!(all, 120);
}

#[test]
fn what_is_worse_than_the_recipe_of_the_live_version_is_refused() {
    let trained = train_beside(&learnable(), 10, 60, &ALL_INPUTS);
    assert_eq!(trained.not_compared, None);
    let Judgement::Refuse { reason } = trained.judgement else {
        panic!("it is worse than the live version");
    };
    let RefusalReason::WorseThanLive {
        difference, low, ..
    } = reason
    else {
        panic!("{reason}");
    };
    assert!(0.0 < low && low < difference, "{low} {difference}");
}

#[test]
fn what_is_as_good_as_the_recipe_of_the_live_version_or_better_may_go_live() {
    let panel = learnable();
    let alone = train(&panel, &plan()).unwrap();
    // In another order than the panel has them, one of them of no use.
    let beside = train_beside(&panel, 30, 30, &["input_4", "input_0"]);
    assert_eq!(beside.judgement, Judgement::Promote);
    assert_eq!(beside.not_compared, None);
    assert_eq!(
        beside, alone,
        "the live version changes nothing but the judgement"
    );
    // The same recipe makes the same errors, though it is trained on rows of its own.
    let equal = train_beside(&panel, 30, 30, &ALL_INPUTS);
    assert_eq!(equal.judgement, Judgement::Promote);
}

#[test]
fn a_live_version_that_cannot_be_trained_on_the_same_rows_is_told() {
    let trained = train_beside(&learnable(), 30, 60, &["input_0", "input_9"]);
    assert_eq!(trained.judgement, Judgement::Promote);
    let reason = trained.not_compared.unwrap();
    assert!(reason.contains("`input_9`"), "{reason}");
}

#[test]
fn what_cannot_be_learnt_or_cut_is_told() {
    let panel = learnable();
    let too_long = FoldPlan {
        gap_sessions: 600,
        ..plan()
    };
    let error = train(&panel, &too_long).unwrap_err().to_string();
    assert!(error.contains("has 500 dates"), "{error}");

    let mut columns = panel.columns().clone();
    columns.today.fill(1_000.0);
    columns.target.fill(1_000.0);
    let constant = Panel::new(columns.clone()).unwrap();
    let error = train(&constant, &plan()).unwrap_err().to_string();
    assert!(error.contains("the target never changes"), "{error}");

    columns.target = panel.columns().target.clone();
    columns.codes.iter_mut().for_each(|codes| codes.fill(127));
    let constant = Panel::new(columns).unwrap();
    let error = train(&constant, &plan()).unwrap_err().to_string();
    assert!(error.contains("no input ever changes"), "{error}");
}

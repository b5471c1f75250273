//! Boosted trees over a whole panel: trained and judged fold by fold, then trained for use.

use crate::boost::{BoostError, BoostParameters, BoostRows, Booster, Fitted};
use crate::bootstrap::Bootstrap;
use crate::card::{GOLDEN_ROWS, GoldenRow};
use crate::evaluate::{Evaluation, Metrics};
use crate::fold_columns::FoldColumns;
use crate::fold_plan::FoldPlan;
use crate::forest::{Forest, Link};
use crate::gate::{Judgement, judge};
use crate::importance::{InputImportance, importance};
use crate::judged_panel::{JudgedFold, JudgedPanel, TickerKind};
use crate::live_recipe::{LiveRecipe, errors_of_recipe};
use crate::panel::Panel;
use crate::panel_errors::{ErrorNotFinite, PanelErrors};
use crate::panel_prediction::predict_rows;
use crate::random_split::RandomSplit;
use crate::verdict::{PanelEvaluation, evaluate_panel};
use crate::walk_forward::{Fold, FoldError, all_rows, folds};
use features::grid;
use thiserror::Error;

/// What decides the trees beside the panel.
#[derive(Clone, Copy, Debug)]
pub struct PanelTraining<'a> {
    /// The trees.
    pub parameters: &'a BoostParameters,
    /// How the panel is cut.
    pub plan: &'a FoldPlan,
    /// The input that holds ln(1 + Volume) of the row itself, counted from 0.
    pub log_today: u16,
    /// The kind of each ticker of the panel, in its order.
    pub kinds: &'a [TickerKind],
    /// The recipe of the live version, to be judged beside; none where nothing is live, or it is of the same recipe.
    pub live: Option<LiveRecipe<'a>>,
}

/// Boosted trees that are ready to be published, and all that is known of them.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainedOnPanel {
    /// The trees for use. They predict the target in its unit, from inputs before they are coded.
    pub forest: Forest,
    /// The rows that they were trained on.
    pub train_rows: usize,
    /// How good trees are that were trained alike, each fold's on earlier dates alone.
    pub evaluation: PanelEvaluation,
    /// The figures of the last fold, in the form that every card has.
    pub last_fold: Evaluation,
    /// What a random split would have made of them.
    pub random_split: RandomSplit,
    /// What each input is worth, in their order: gain in the trees for use, permutation in the last fold.
    pub importance: Vec<InputImportance>,
    /// Whether they may go live, by their errors and by those of the live version's recipe on the same rows.
    pub judgement: Judgement,
    /// Why the live version's recipe could not be trained on the folds, where one was given; the trees are judged by
    /// their own errors alone then.
    pub not_compared: Option<String>,
    /// Exactly [`GOLDEN_ROWS`] rows, spread over the test rows of the last fold, with their predictions.
    pub golden_rows: Vec<GoldenRow>,
}

/// Why there are no trees.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainPanelError {
    /// The panel cannot be cut as planned.
    #[error(transparent)]
    Folds(#[from] FoldError),
    /// Nothing can be learnt.
    #[error(transparent)]
    Boost(#[from] BoostError),
    /// The trees predict what is no volume.
    #[error(transparent)]
    NotFinite(#[from] ErrorNotFinite),
    /// A last fold too small to choose examples from.
    #[error(
        "the last fold tests {rows} rows, and at least {GOLDEN_ROWS} are needed: take more tickers or longer histories"
    )]
    TooFewTestRows {
        /// Its test rows.
        rows: usize,
    },
}

/// Trains trees on each fold of the plan, judges them on the dates after it, and trains the trees for use on all dates.
///
/// Runs on the current rayon pool. The result depends on the panel and `training` alone, never on the number of threads.
/// `progress` is called from one thread at a time with the number of trees that have just been finished; the numbers add
/// up to [`trees_in_all`], less what could not be trained of the live version's recipe.
///
/// Panics where `kinds` are not one for each symbol of the panel, or there is no input `log_today`.
pub fn train_panel(
    panel: &Panel,
    booster: &dyn Booster,
    training: &PanelTraining<'_>,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<TrainedOnPanel, TrainPanelError> {
    let PanelTraining {
        parameters, plan, ..
    } = *training;
    parameters.validate().map_err(BoostError::from)?;
    let columns = FoldColumns::of(panel.columns());
    let folds = folds(plan, &columns)?;
    let last = folds.last().expect("a plan has at least one fold");
    if last.test.len() < GOLDEN_ROWS {
        let rows = last.test.len();
        return Err(TrainPanelError::TooFewTestRows { rows });
    }

    let mut last_fitted = None;
    let mut predictions = Vec::with_capacity(folds.len());
    for fold in &folds {
        let fitted = booster.fit(BoostRows::new(panel, &fold.train)?, parameters, progress)?;
        predictions.push(predict_rows(&fitted.forest, panel, &fold.test));
        last_fitted = Some(fitted);
    }
    let last_fitted = last_fitted.expect("a plan has at least one fold");
    let unseen = plan.unseen(columns.symbols);
    let judged_panel = judged(panel, training.kinds, &unseen);
    let pairs = folds.iter().zip(&predictions);
    let judged_folds: Vec<JudgedFold<'_>> = pairs
        .map(|(fold, predictions)| JudgedFold { fold, predictions })
        .collect();
    let errors = PanelErrors::of(&judged_panel, &judged_folds)?;
    let bootstrap = Bootstrap::default();
    let live = training
        .live
        .map(|recipe| errors_of_recipe(&recipe, panel, &judged_panel, booster, plan, progress));
    let not_compared = live.as_ref().and_then(|errors| errors.as_ref().err());
    let not_compared = not_compared.map(ToString::to_string);
    let live = live.and_then(Result::ok);

    let train = all_rows(plan, &columns)?;
    let Fitted { forest, gain } =
        booster.fit(BoostRows::new(panel, &train)?, parameters, progress)?;
    let last_judged = judged_folds.last().expect("there is one for each fold");
    let random_split = random_split(panel, booster, training, &forest, &train, last_judged)?;
    let log_today = training.log_today;
    let forest = forest
        .with_link(Link::LogRatio { log_today })
        .expect("the panel has the input");
    Ok(TrainedOnPanel {
        train_rows: train.len(),
        evaluation: evaluate_panel(&judged_panel, &judged_folds, &errors, &bootstrap),
        last_fold: evaluation_of(panel, last_judged),
        importance: importance(
            &last_fitted.forest,
            &gain,
            panel,
            &last.test,
            parameters.seed,
        ),
        random_split,
        judgement: judge(
            errors.daily(),
            live.as_ref().map(PanelErrors::daily),
            &bootstrap,
        ),
        not_compared,
        golden_rows: golden_rows(&forest, panel, log_today, last),
        forest,
    })
}

/// The trees that [`train_panel`] grows: those of each fold and those for use, and those of each fold by the live
/// version's recipe, where there is one.
pub fn trees_in_all(
    parameters: &BoostParameters,
    plan: &FoldPlan,
    live: Option<&LiveRecipe<'_>>,
) -> usize {
    let of_live = live.map_or(0, |live| live.parameters.trees * plan.folds);
    parameters.trees * (plan.folds + 1) + of_live
}

/// What a random split makes of the last fold: trees of rows of all dates, tested on its other test rows.
///
/// The trees for use, of the rows `train` in rising order, are such trees where they leave a fifth of all rows to test on.
fn random_split(
    panel: &Panel,
    booster: &dyn Booster,
    training: &PanelTraining<'_>,
    for_use: &Forest,
    train: &[u32],
    last: &JudgedFold<'_>,
) -> Result<RandomSplit, TrainPanelError> {
    let four_fifths = (panel.row_count() * 4 / 5).max(1);
    if train.len() <= four_fifths {
        return Ok(tested_on_others(panel, for_use, train, last));
    }
    let four_fifths = FoldPlan {
        max_train_rows: four_fifths,
        ..training.plan.clone()
    };
    let drawn = all_rows(&four_fifths, &FoldColumns::of(panel.columns()))?;
    let rows = BoostRows::new(panel, &drawn)?;
    let fitted = booster.fit(rows, training.parameters, &|_| {})?;
    Ok(tested_on_others(panel, &fitted.forest, &drawn, last))
}

fn tested_on_others(
    panel: &Panel,
    trees: &Forest,
    train: &[u32],
    last: &JudgedFold<'_>,
) -> RandomSplit {
    let rows = last.fold.test.iter().zip(last.predictions);
    let untrained = rows.filter(|(row, _)| train.binary_search(row).is_err());
    let (rows, later): (Vec<u32>, Vec<f32>) = untrained.unzip();
    let drawn = predict_rows(trees, panel, &rows);
    RandomSplit::of(panel, train.len(), &rows, &drawn, &later)
}

fn judged<'a>(panel: &'a Panel, kinds: &'a [TickerKind], unseen: &'a [bool]) -> JudgedPanel<'a> {
    let columns = panel.columns();
    assert_eq!(
        kinds.len(),
        columns.symbols.len(),
        "every ticker has a kind"
    );
    JudgedPanel {
        ticker: &columns.ticker,
        date: &columns.date,
        today: &columns.today,
        moving_average: &columns.moving_average,
        target: &columns.target,
        kinds,
        unseen,
    }
}

fn evaluation_of(panel: &Panel, judged: &JudgedFold<'_>) -> Evaluation {
    let JudgedFold { fold, predictions } = judged;
    let columns = panel.columns();
    let of_test_rows = |column: &[f32]| -> Vec<f64> {
        let rows = fold.test.iter().map(|row| column[*row as usize]);
        rows.map(f64::from).collect()
    };
    let targets = of_test_rows(&columns.target);
    let metrics = |forecast: &[f64]| Metrics::of(forecast, &targets);
    let predictions: Vec<f64> = predictions.iter().copied().map(f64::from).collect();
    let model = metrics(&predictions);
    let naive_today = metrics(&of_test_rows(&columns.today));
    Evaluation {
        model,
        naive_today,
        naive_moving_average: Some(metrics(&of_test_rows(&columns.moving_average))),
        skill: (naive_today.mae > 0.0).then(|| 1.0 - model.mae / naive_today.mae),
        train_rows: fold.train.len(),
        test_rows: fold.test.len(),
        cut_date: fold.first_test_date,
    }
}

fn golden_rows(forest: &Forest, panel: &Panel, log_today: u16, fold: &Fold) -> Vec<GoldenRow> {
    let codes = &panel.columns().codes;
    let last = fold.test.len() - 1;
    let rows = (0..GOLDEN_ROWS).map(|golden| fold.test[golden * last / (GOLDEN_ROWS - 1)] as usize);
    rows.map(|row| {
        let mut inputs: Vec<f32> = codes.iter().map(|codes| grid::value(codes[row])).collect();
        inputs[usize::from(log_today)] = panel.offset(row);
        let output = forest.predict(&inputs);
        GoldenRow { inputs, output }
    })
    .collect()
}

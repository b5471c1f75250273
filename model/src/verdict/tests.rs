use super::*;
use crate::fold_columns::FoldColumns;
use crate::fold_plan::FoldPlan;
use crate::judged_panel::TickerKind;
use crate::panel_errors::ErrorNotFinite;
use crate::splitmix::splitmix64;
use crate::walk_forward::{Fold, folds};

const TICKERS: u32 = 30;
const DATES: i32 = 400;

/// Columns of a panel of whole numbers, of which all sums are exact.
struct Columns {
    ticker: Vec<u32>,
    date: Vec<i32>,
    today: Vec<f32>,
    moving_average: Vec<f32>,
    target: Vec<f32>,
    kinds: Vec<TickerKind>,
    unseen: Vec<bool>,
    folds: Vec<Fold>,
}

impl Columns {
    fn new(plan: &FoldPlan) -> Self {
        let ticker: Vec<u32> = (0..TICKERS)
            .flat_map(|ticker| vec![ticker; DATES as usize])
            .collect();
        let date: Vec<i32> = (0..TICKERS).flat_map(|_| 17_800..17_800 + DATES).collect();
        let draw = |stream: u64| -> Vec<f32> {
            let draws = ticker.iter().zip(0..);
            draws
                .map(|(ticker, row)| {
                    ((u64::from(*ticker) << 8) + splitmix64(stream, row) % 512) as f32 * 2.0
                })
                .collect()
        };
        let symbols: Vec<String> = (0..TICKERS).map(|ticker| format!("T{ticker}")).collect();
        let today = draw(1);
        let columns = FoldColumns {
            dates: &date,
            tickers: &ticker,
            symbols: &symbols,
            today: &today,
        };
        let folds = folds(plan, &columns).expect("the panel can be cut");
        Self {
            moving_average: draw(2),
            target: draw(3),
            kinds: (0..TICKERS)
                .map(|ticker| {
                    if ticker < 20 {
                        TickerKind::Stock
                    } else {
                        TickerKind::Etf
                    }
                })
                .collect(),
            unseen: plan.unseen(&symbols),
            folds,
            today,
            ticker,
            date,
        }
    }

    fn panel(&self) -> JudgedPanel<'_> {
        JudgedPanel {
            ticker: &self.ticker,
            date: &self.date,
            today: &self.today,
            moving_average: &self.moving_average,
            target: &self.target,
            kinds: &self.kinds,
            unseen: &self.unseen,
        }
    }

    /// For each fold the predictions half way between today and the target: of skill 0.5.
    fn half_way(&self) -> Vec<Vec<f32>> {
        let of_row =
            |row: &u32| f32::midpoint(self.today[*row as usize], self.target[*row as usize]);
        self.folds
            .iter()
            .map(|fold| fold.test.iter().map(of_row).collect())
            .collect()
    }

    fn judged<'a>(&'a self, predictions: &'a [Vec<f32>]) -> Vec<JudgedFold<'a>> {
        let folds = self.folds.iter().zip(predictions);
        folds
            .map(|(fold, predictions)| JudgedFold { fold, predictions })
            .collect()
    }
}

fn evaluate(columns: &Columns) -> PanelEvaluation {
    let predictions = columns.half_way();
    let judged = columns.judged(&predictions);
    let errors = PanelErrors::of(&columns.panel(), &judged).expect("all values are finite");
    evaluate_panel(&columns.panel(), &judged, &errors, &Bootstrap::default())
}

const HALF: Option<SkillInterval> = Some(SkillInterval {
    skill: 0.5,
    low: 0.5,
    high: 0.5,
});

#[test]
fn figures_are_those_of_a_slow_reading() {
    let columns = Columns::new(&FoldPlan::default());
    let evaluation = evaluate(&columns);
    let mean = |is_wanted: &dyn Fn(usize) -> bool, of: &dyn Fn(usize) -> f64| {
        let rows: Vec<usize> = columns
            .folds
            .iter()
            .flat_map(|fold| &fold.test)
            .map(|row| *row as usize)
            .filter(|row| is_wanted(*row))
            .collect();
        (
            rows.iter().map(|row| of(*row)).sum::<f64>() / rows.len() as f64,
            rows.len() as u64,
        )
    };
    let error = |forecast: &[f32], row: usize| f64::from(forecast[row] - columns.target[row]).abs();
    let of_today = |row: usize| error(&columns.today, row);
    let of_average = |row: usize| error(&columns.moving_average, row);

    let overall = evaluation.overall;
    let (mae, rows) = mean(&|_| true, &of_today);
    assert_eq!(
        (overall.rows, overall.naive_today.mae.to_bits()),
        (rows, mae.to_bits())
    );
    assert_eq!(overall.model.mae.to_bits(), (mae / 2.0).to_bits());
    let (average_mae, _) = mean(&|_| true, &of_average);
    assert_eq!(
        overall.naive_moving_average.mae.to_bits(),
        average_mae.to_bits()
    );
    let (square, _) = mean(&|_| true, &|row| of_today(row).powi(2));
    assert_eq!(overall.naive_today.rmse.to_bits(), square.sqrt().to_bits());
    assert_eq!(overall.skill.naive_today, HALF);
    let against_average = overall.skill.naive_moving_average.unwrap();
    assert!((against_average.skill - (1.0 - overall.model.mae / average_mae)).abs() < 1e-12);
    assert!(
        against_average.low < against_average.skill && against_average.skill < against_average.high
    );

    let unseen = evaluation.unseen.unwrap();
    let (mae, rows) = mean(
        &|row| columns.unseen[columns.ticker[row] as usize],
        &of_today,
    );
    assert_eq!(
        (unseen.rows, unseen.naive_today.mae.to_bits()),
        (rows, mae.to_bits())
    );
    assert_eq!(unseen.skill.naive_today, HALF);

    let stocks = evaluation.by_kind[0];
    let (mae, rows) = mean(&|row| columns.ticker[row] < 20, &of_today);
    assert_eq!((stocks.kind, stocks.tickers), (TickerKind::Stock, 20));
    assert_eq!(
        (
            stocks.performance.rows,
            stocks.performance.naive_today.mae.to_bits()
        ),
        (rows, mae.to_bits())
    );

    // Volumes rise by ticker, so that each decile has three neighbours.
    let least_traded = evaluation.by_liquidity[0];
    let (mae, rows) = mean(&|row| columns.ticker[row] < 3, &of_today);
    assert_eq!(least_traded.tickers, 3);
    assert_eq!(
        (
            least_traded.performance.rows,
            least_traded.performance.naive_today.mae.to_bits()
        ),
        (rows, mae.to_bits())
    );
}

#[test]
fn folds_and_tables_hold_all_test_rows() {
    let columns = Columns::new(&FoldPlan::default());
    let evaluation = evaluate(&columns);
    let rows = evaluation.overall.rows;
    assert_eq!(rows, 320 * u64::from(TICKERS));
    let sums = [
        evaluation
            .folds
            .iter()
            .map(|fold| fold.test_rows as u64)
            .sum::<u64>(),
        evaluation
            .by_year
            .iter()
            .map(|row| row.performance.rows)
            .sum(),
        evaluation
            .by_liquidity
            .iter()
            .map(|row| row.performance.rows)
            .sum(),
        evaluation
            .by_kind
            .iter()
            .map(|row| row.performance.rows)
            .sum(),
    ];
    assert_eq!(sums, [rows; 4]);
    for (row, fold) in evaluation.folds.iter().zip(&columns.folds) {
        assert_eq!(row.skill.naive_today, HALF);
        assert_eq!(
            (row.train_rows, row.first_test_date),
            (fold.train.len(), fold.first_test_date)
        );
    }
    assert_eq!(evaluation.walk_forward_mean.naive_today, HALF);
    assert_eq!(evaluation.last_fold, evaluation.folds[3].skill);
    let levels: Vec<usize> = evaluation
        .intervals
        .iter()
        .map(|row| (100.0 * row.level).round() as usize)
        .collect();
    assert_eq!(levels, [50, 80, 95]);
}

#[test]
fn without_unseen_tickers_their_figure_is_null() {
    let plan = FoldPlan {
        unseen_share: 0.0,
        folds: 1,
        ..FoldPlan::default()
    };
    let evaluation = evaluate(&Columns::new(&plan));
    assert_eq!((evaluation.unseen, evaluation.intervals.len()), (None, 0));
    let json = serde_json::to_string_pretty(&evaluation).unwrap();
    assert!(json.contains(r#""unseen": null"#), "{json}");
}

#[test]
fn json_keeps_every_bit_and_has_iso_dates() {
    let evaluation = evaluate(&Columns::new(&FoldPlan::default()));
    let json = serde_json::to_string(&evaluation).unwrap();
    assert!(json.contains(r#""first_test_date":"2018-12-"#), "{json}");
    assert_eq!(
        serde_json::from_str::<PanelEvaluation>(&json).unwrap(),
        evaluation
    );
}

#[test]
fn values_that_are_not_finite_are_refused() {
    let mut columns = Columns::new(&FoldPlan::default());
    let row = columns.folds[1].test[7];
    let mut predictions = columns.half_way();
    let refused = |columns: &Columns, predictions: &[Vec<f32>]| {
        PanelErrors::of(&columns.panel(), &columns.judged(predictions)).unwrap_err()
    };
    predictions[1][7] = f32::NAN;
    assert_eq!(refused(&columns, &predictions), ErrorNotFinite { row });
    predictions[1][7] = 0.0;
    columns.moving_average[row as usize] = f32::INFINITY;
    assert_eq!(refused(&columns, &predictions), ErrorNotFinite { row });
}

//! Folds, errors and the verdict on a panel of 1.4 million rows.

use criterion::{Criterion, criterion_group, criterion_main};
use tickermill_model::bootstrap::Bootstrap;
use tickermill_model::fold_columns::FoldColumns;
use tickermill_model::fold_plan::FoldPlan;
use tickermill_model::judged_panel::{JudgedFold, JudgedPanel, TickerKind};
use tickermill_model::panel_errors::PanelErrors;
use tickermill_model::sampling::Sampling;
use tickermill_model::verdict::evaluate_panel;
use tickermill_model::walk_forward::folds;

const TICKERS: u32 = 350;
const DATES: i32 = 4_000;

fn verdict(criterion: &mut Criterion) {
    let ticker: Vec<u32> = (0..TICKERS)
        .flat_map(|ticker| vec![ticker; DATES as usize])
        .collect();
    let date: Vec<i32> = (0..TICKERS).flat_map(|_| 10_000..10_000 + DATES).collect();
    let symbols: Vec<String> = (0..TICKERS).map(|ticker| format!("T{ticker}")).collect();
    // Well spread over a thousand, and never the same for two columns.
    let volumes = |factor: usize| -> Vec<f32> {
        let rows = 0..ticker.len();
        rows.map(|row| (row.wrapping_mul(factor) % 1_009) as f32)
            .collect()
    };
    let (today, moving_average, target) = (volumes(7_919), volumes(6_007), volumes(104_729));
    let plan = FoldPlan::default();
    let unseen = plan.unseen(&symbols);
    let panel = JudgedPanel {
        ticker: &ticker,
        date: &date,
        today: &today,
        moving_average: &moving_average,
        target: &target,
        kinds: &[TickerKind::Stock; TICKERS as usize],
        unseen: &unseen,
    };
    let columns = FoldColumns {
        dates: &date,
        tickers: &ticker,
        symbols: &symbols,
        today: &today,
    };

    let mut group = criterion.benchmark_group("verdict");
    group.sample_size(10);
    group.bench_function("cut 1.4 million rows into 4 folds", |bencher| {
        bencher.iter(|| folds(&plan, &columns));
    });
    let sampled = FoldPlan {
        max_train_rows: 500_000,
        ..plan.clone()
    };
    group.bench_function("the same, of 500,000 rows to train on", |bencher| {
        bencher.iter(|| folds(&sampled, &columns));
    });
    let stratified = FoldPlan {
        sampling: Sampling::Stratified,
        ..sampled.clone()
    };
    group.bench_function("the same, by strata", |bencher| {
        bencher.iter(|| folds(&stratified, &columns));
    });

    let folds = folds(&plan, &columns).expect("the panel can be cut");
    let predictions: Vec<Vec<f32>> = folds
        .iter()
        .map(|fold| fold.test.iter().map(|row| today[*row as usize] + 1.0))
        .map(Iterator::collect)
        .collect();
    let judged: Vec<JudgedFold> = folds
        .iter()
        .zip(&predictions)
        .map(|(fold, predictions)| JudgedFold { fold, predictions })
        .collect();
    group.bench_function("errors of 4 folds", |bencher| {
        bencher.iter(|| PanelErrors::of(&panel, &judged));
    });
    let errors = PanelErrors::of(&panel, &judged).expect("all values are finite");
    group.bench_function("evaluation of 4 folds, 1,000 resamples", |bencher| {
        bencher.iter(|| evaluate_panel(&panel, &judged, &errors, &Bootstrap::default()));
    });
    group.finish();
}

criterion_group!(benches, verdict);
criterion_main!(benches);

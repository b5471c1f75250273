//! Shards of a tuning: a trial is the same wherever it is computed, and its panel is fetched once.

use std::sync::Arc;

use features::schema::{FeatureSchema, Target};
use features::volume_inputs::volume_inputs;
use futures::poll;
use market::panel::{PanelRequest, PanelRows};
use market::symbol::Symbol;
use market::table::PriceTable;
use model::boost::BoostParameters;
use model::fold_plan::FoldPlan;
use model::forecast_errors::ForecastErrors;
use model::hessboost::Hessboost;
use model::panel::Panel;
use model::trial::{Trial, try_out};
use proto::id::{RunId, ShardId};
use proto::link::{FailureKind, ShardError};
use proto::panel_batches::panel_of;
use proto::ticket::TrialTicket;
use tickermill_tests::onnx_runtime::chance;

use crate::bench::{Bench, pool};

/// Rows of a ticker that fill more than one message.
const LONG: i32 = 40_000;
/// Rows of the others.
const SHORT: i32 = 400;
const FOLDS: usize = 2;

/// The panel of so many tickers of a market, the second of which is long. Those of other markets have as many rows, of other
/// values.
fn panel(tickers: u64, market: u64) -> Arc<Panel> {
    let request = PanelRequest {
        schema: FeatureSchema::declare(volume_inputs(), Target::default()).unwrap(),
        average_rows: 30,
    };
    let rows_of = |ticker: u64| {
        let rows = if ticker == 1 { LONG } else { SHORT };
        let symbol = Symbol::parse(&format!("T{ticker}")).unwrap();
        let prices = prices(market, ticker, rows).into_arrays();
        (symbol, PanelRows::of(&request, &prices).unwrap())
    };
    let names = request.schema.features().iter();
    let names = names.map(|input| input.name.clone()).collect();
    Arc::new(panel_of(names, (0..tickers).map(rows_of).collect()).unwrap())
}

/// Made-up prices of consecutive days, which end on the same day for all tickers.
fn prices(market: u64, ticker: u64, rows: i32) -> PriceTable {
    let mut table = PriceTable::with_capacity(rows as usize);
    for row in 0..rows {
        let chance = chance((market << 48) + (ticker << 32) + row as u64);
        let price = 20.0 + f64::from(row % 17) + chance;
        table.date.push(LONG - rows + row);
        table.open.push(price);
        table.high.push(price + 1.0 + chance);
        table.low.push(price - 1.0);
        table.close.push(price + 0.5);
        table.adj_close.push(price + 0.25);
        let volume = 1_000.0 * f64::from(1 + row % 5) + 10_000.0 * chance;
        table.volume.push(volume as i64);
    }
    table
}

/// A trial on a fold, of trees that are few and small.
fn trial(leaves: usize, fold: usize) -> Trial {
    Trial {
        parameters: BoostParameters {
            trees: 5,
            leaves,
            ..BoostParameters::default()
        },
        folds: FoldPlan {
            folds: FOLDS,
            gap_sessions: 5,
            unseen_share: 0.0,
            max_train_rows: 3_000,
            ..FoldPlan::default()
        },
        fold,
    }
}

/// The errors of a trial by the function that a worker calls, bit for bit.
fn expected(panel: &Panel, trial: &Trial) -> (u64, Vec<u64>) {
    let errors = pool().install(|| try_out(panel, &Hessboost, trial, &|_| {}));
    bits(&errors.unwrap())
}

fn bits(errors: &ForecastErrors) -> (u64, Vec<u64>) {
    let ForecastErrors {
        rows,
        model,
        naive_today,
        naive_moving_average,
    } = errors;
    let sums = [model, naive_today, naive_moving_average].into_iter();
    let sums = sums.flat_map(|sums| [sums.absolute, sums.squared]);
    (*rows, sums.map(f64::to_bits).collect())
}

impl Bench {
    fn trial_ticket(
        &self,
        tuning: u64,
        attempt: u32,
        panel: &Arc<Panel>,
        trial: &Trial,
    ) -> TrialTicket {
        TrialTicket {
            tuning: RunId::parse(&format!("fedcba9876543210-{tuning}")).unwrap(),
            epoch: self.epoch,
            shard: ShardId(trial.fold as u32),
            attempt,
            panel: Arc::clone(panel),
            trial: trial.clone(),
        }
    }

    /// What the link makes of a trial, bit for bit.
    async fn try_out(&self, ticket: TrialTicket) -> Result<(u64, Vec<u64>), ShardError> {
        let errors = self.link.try_out(ticket).await?;
        Ok(bits(&errors))
    }

    /// Where the panel travels, it did so this often.
    fn check_panels_sent(&self, times: u64) {
        if let Some(metrics) = &self.metrics {
            assert_eq!(metrics.panels_sent(), times);
        }
    }
}

/// Trials have the errors that the model has without a link, and the rows that they share travel once.
pub(crate) async fn check_results(bench: &Bench) {
    let panel = panel(4, 0);
    let (first, second) = (trial(7, 0), trial(15, 1));
    assert!(expected(&panel, &first).0 > 0, "there are rows to test");
    let results = tokio::join!(
        bench.try_out(bench.trial_ticket(1, 1, &panel, &first)),
        bench.try_out(bench.trial_ticket(1, 1, &panel, &second)),
    );
    assert_eq!(results.0.unwrap(), expected(&panel, &first));
    assert_eq!(results.1.unwrap(), expected(&panel, &second));
    bench.check_panels_sent(1);

    let again = bench.trial_ticket(1, 2, &panel, &first);
    let again = bench.try_out(again).await.unwrap();
    assert_eq!(again, expected(&panel, &first));
    let third = trial(31, 1);
    let result = bench.try_out(bench.trial_ticket(1, 2, &panel, &third));
    assert_eq!(result.await.unwrap(), expected(&panel, &third));
    bench.check_panels_sent(1);
}

/// The rows are those of the ticket's tuning, whichever was tried out before, and however alike their panels look.
pub(crate) async fn check_another_tuning(bench: &Bench) {
    let (before, panel, trial) = (panel(4, 0), panel(4, 1), trial(7, 1));
    assert_eq!(panel.row_count(), before.row_count());
    let [names, names_before] = [&panel, &before].map(|panel| &panel.columns().input_names);
    assert_eq!(names, names_before);
    assert_ne!(expected(&panel, &trial), expected(&before, &trial));
    let result = bench.try_out(bench.trial_ticket(2, 1, &panel, &trial));
    assert_eq!(result.await.unwrap(), expected(&panel, &trial));
    bench.check_panels_sent(2);
}

/// A trial that is given up leaves the worker to the next one, whether or not its panel has arrived.
pub(crate) async fn check_giving_up(bench: &Bench) {
    let (panel, trial) = (panel(2, 0), trial(7, 0));
    for attempt in [1, 3] {
        let ticket = bench.trial_ticket(3, attempt, &panel, &trial);
        let mut given_up = bench.link.try_out(ticket);
        assert!(poll!(&mut given_up).is_pending());
        drop(given_up);
        let next = bench.try_out(bench.trial_ticket(3, attempt + 1, &panel, &trial));
        assert_eq!(next.await.unwrap(), expected(&panel, &trial));
    }
}

/// What the model refuses is an error of that attempt, and the worker goes on.
pub(crate) async fn check_no_such_fold(bench: &Bench) {
    let panel = panel(2, 0);
    let refused = bench.trial_ticket(3, 1, &panel, &trial(7, FOLDS));
    let error = bench.try_out(refused).await.unwrap_err();
    let is_of_trial = matches!(
        error,
        ShardError::Trial { .. } | ShardError::OnWorker { .. }
    );
    assert!(is_of_trial, "{error}");
    assert_eq!(error.kind(), FailureKind::Retryable, "{error}");
    let next = trial(7, 0);
    let result = bench.try_out(bench.trial_ticket(3, 5, &panel, &next));
    assert_eq!(result.await.unwrap(), expected(&panel, &next));
}

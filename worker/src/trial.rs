//! One trial of a tuning: trained and tested on one fold.

use std::sync::Arc;

use model::forecast_errors::ForecastErrors;
use model::hessboost::Hessboost;
use model::panel::Panel;
use model::trial::{Trial, try_out};
use proto::id::ShardId;
use proto::link::ShardError;
use rayon::ThreadPool;

use crate::pool::on_pool;

/// Trains and tests a trial, and returns the errors on the rows of the fold that were tested.
///
/// Dropping the future leaves out a training that has not begun; one that has runs on, and nobody hears of it.
pub(crate) async fn compute_trial(
    pool: &ThreadPool,
    panel: Arc<Panel>,
    trial: Trial,
    shard: ShardId,
) -> Result<ForecastErrors, ShardError> {
    let tried = on_pool(pool, move || {
        faults::hit("mid-trial", shard);
        try_out(&panel, &Hessboost, &trial, &|_| {}).map_err(|error| error.to_string())
    });
    let message = match tried.await {
        Ok(Ok(errors)) => return Ok(errors),
        Ok(Err(message)) => message,
        Err(message) => format!("it panicked: {message}"),
    };
    Err(ShardError::Trial { message })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::boost::BoostParameters;
    use model::fold_plan::FoldPlan;
    use model::trial::Trial;
    use proto::id::ShardId;
    use proto::link::{FailureKind, ShardError};
    use rayon::ThreadPoolBuilder;

    use super::compute_trial;
    use crate::invented::panel;

    #[tokio::test]
    async fn a_trial_that_cannot_be_is_an_error_that_another_attempt_may_mend() {
        let pool = Arc::new(ThreadPoolBuilder::new().num_threads(2).build().unwrap());
        let trial = Trial {
            parameters: BoostParameters::default(),
            folds: FoldPlan::default(),
            fold: FoldPlan::default().folds,
        };
        let error = compute_trial(&pool, Arc::new(panel()), trial, ShardId(3)).await;
        let error = error.unwrap_err();
        assert!(matches!(error, ShardError::Trial { .. }), "{error}");
        assert_eq!(error.kind(), FailureKind::Retryable);
    }
}

//! The verdict on a model over a whole panel, walking forward.

use crate::bootstrap::Bootstrap;
use crate::breakdown::{KindRow, LiquidityRow, YearRow, by_kind, by_liquidity, by_year};
use crate::forecast_errors::DailyErrors;
use crate::intervals::{PredictionInterval, prediction_intervals};
use crate::judged_panel::{JudgedFold, JudgedPanel};
use crate::panel_errors::PanelErrors;
use crate::performance::Performance;
use crate::skill::{SkillInterval, Skills};
use serde::{Deserialize, Serialize};

/// How good a model is on dates after those that it was trained on. Field order is that of the card.
///
/// Each skill stands beside its 95% interval, from a [`Bootstrap`] over dates. All of it follows from the panel, the
/// folds and the predictions, bit for bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PanelEvaluation {
    /// All test rows of all folds, each of the same weight.
    pub overall: Performance<SkillInterval>,
    /// Those of tickers that never trained; null where there are none.
    pub unseen: Option<Performance<SkillInterval>>,
    /// The mean of the skills of the folds, each of the same weight.
    pub walk_forward_mean: Skills<SkillInterval>,
    /// The skill in the last fold, which is the closest to what the model will meet.
    pub last_fold: Skills<SkillInterval>,
    /// Each fold, earliest first.
    pub folds: Vec<FoldRow>,
    /// Intervals around predictions, 50%, 80% and 95%, from the folds before the last; those that rows are too few for
    /// are left out.
    pub intervals: Vec<PredictionInterval>,
    /// The test rows by year, ascending.
    pub by_year: Vec<YearRow>,
    /// The test rows by decile of their ticker's mean volume, the least traded first.
    pub by_liquidity: Vec<LiquidityRow>,
    /// The test rows by kind of security.
    pub by_kind: Vec<KindRow>,
}

/// One fold of a [`PanelEvaluation`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoldRow {
    /// The last date that could train, in days since 1970-01-01; in the card an ISO 8601 date.
    #[serde(with = "crate::card::iso_date")]
    pub last_train_date: i32,
    /// The first date of the test rows, likewise.
    #[serde(with = "crate::card::iso_date")]
    pub first_test_date: i32,
    /// The last date of the test rows, likewise.
    #[serde(with = "crate::card::iso_date")]
    pub last_test_date: i32,
    /// The rows that its model was trained on.
    pub train_rows: usize,
    /// The rows that it was tested on.
    pub test_rows: usize,
    /// The skill on them.
    pub skill: Skills<SkillInterval>,
}

/// Judges the predictions of `folds`, earliest first, whose `errors` are [`PanelErrors::of`] the same panel and folds.
///
/// Runs on the current rayon pool; the figures never depend on the number of threads. Panics where `errors` are of
/// other folds.
pub fn evaluate_panel(
    panel: &JudgedPanel<'_>,
    folds: &[JudgedFold<'_>],
    errors: &PanelErrors,
    bootstrap: &Bootstrap,
) -> PanelEvaluation {
    let daily_of_folds: Vec<&[DailyErrors]> = folds
        .iter()
        .map(|judged| errors.of_fold(judged.fold))
        .collect();
    let rows = folds.iter().zip(&daily_of_folds);
    let rows: Vec<FoldRow> = rows
        .map(|(judged, daily)| FoldRow {
            last_train_date: judged.fold.last_train_date,
            first_test_date: judged.fold.first_test_date,
            last_test_date: judged.fold.last_test_date,
            train_rows: judged.fold.train.len(),
            test_rows: judged.fold.test.len(),
            skill: Skills::against(|naive| SkillInterval::of(daily, naive, bootstrap)),
        })
        .collect();
    PanelEvaluation {
        overall: Performance::over_dates(errors.daily(), bootstrap)
            .expect("the errors are of at least one date"),
        unseen: Performance::over_dates(errors.unseen_daily(), bootstrap),
        walk_forward_mean: Skills::against(|naive| {
            SkillInterval::mean_of_folds(&daily_of_folds, naive, bootstrap)
        }),
        last_fold: rows.last().expect("there is at least one fold").skill,
        folds: rows,
        intervals: prediction_intervals(panel, folds),
        by_year: by_year(errors.daily()),
        by_liquidity: by_liquidity(errors.by_ticker()),
        by_kind: by_kind(errors.by_ticker(), panel.kinds),
    }
}

#[cfg(test)]
mod tests;

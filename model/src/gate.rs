//! The gate that a version passes before it goes live.

use crate::bootstrap::{Bootstrap, central_interval};
use crate::forecast_errors::{DailyErrors, Naive};
use crate::skill::SkillInterval;
use thiserror::Error;

/// The fewest test dates that a version is judged on.
pub const MIN_DATES: usize = 20;

/// Whether a version may go live.
#[derive(Clone, Debug, PartialEq)]
pub enum Judgement {
    /// It may.
    Promote,
    /// It may not.
    Refuse {
        /// Why.
        reason: RefusalReason,
    },
}

/// Why a version may not go live.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum RefusalReason {
    /// A test too short to tell anything.
    #[error(
        "the version was tested on {dates} dates, and at least {MIN_DATES} are needed: take longer histories"
    )]
    TooFewDates {
        /// The test dates.
        dates: usize,
    },
    /// A naive forecast without error, which nothing beats.
    #[error(
        "{naive} has no error on the test rows, and no model beats that: test on rows whose volume changes"
    )]
    NothingToBeat {
        /// The naive forecast.
        naive: Naive,
    },
    /// A skill that may be nothing, or less.
    #[error(
        "the skill against {naive} is {:.4}, with a 95% interval from {:.4} to {:.4} that does not lie above 0: \
         keep the live version, or give the model inputs that say more",
        .skill.skill, .skill.low, .skill.high
    )]
    NoSkill {
        /// The naive forecast.
        naive: Naive,
        /// The skill against it.
        skill: SkillInterval,
    },
    /// Errors that cannot be compared with those of the live version.
    #[error(
        "the version was tested on {candidate_rows} rows and the live one on {live_rows}, or on other dates: \
         test both on the same rows"
    )]
    OtherRows {
        /// The test rows of the candidate.
        candidate_rows: u64,
        /// Those of the live version.
        live_rows: u64,
    },
    /// Errors that are larger than the live version's.
    #[error(
        "the mean absolute error is {difference:.1} above the live version's on the same rows, with a 95% interval \
         from {low:.1} to {high:.1} that lies above 0: keep the live version"
    )]
    WorseThanLive {
        /// The mean absolute error of the candidate less that of the live version, in the target's unit.
        difference: f64,
        /// The 2.5% point of it over resampled dates.
        low: f64,
        /// The 97.5% point of it.
        high: f64,
    },
}

/// Judges the errors of a candidate by date, and beside them those of the `live` version on the same rows.
///
/// The candidate may go live if the 95% interval of its skill lies above 0 against each naive forecast, and that of the
/// difference of its mean absolute error from the live version's does not lie wholly above 0. Both are tested on the
/// same resampled dates, which is far sharper than two intervals side by side. An equal version may go live.
///
/// For the live version hand in predictions of its recipe trained on the same folds: the version itself has learnt from
/// dates that it would be tested on here, and could not be beaten.
pub fn judge(
    candidate: &[DailyErrors],
    live: Option<&[DailyErrors]>,
    bootstrap: &Bootstrap,
) -> Judgement {
    let reason = lack_of_skill(candidate, bootstrap)
        .or_else(|| worse_than_live(candidate, live?, bootstrap));
    match reason {
        Some(reason) => Judgement::Refuse { reason },
        None => Judgement::Promote,
    }
}

fn lack_of_skill(candidate: &[DailyErrors], bootstrap: &Bootstrap) -> Option<RefusalReason> {
    let dates = candidate.len();
    if dates < MIN_DATES {
        return Some(RefusalReason::TooFewDates { dates });
    }
    for naive in [Naive::Today, Naive::MovingAverage] {
        match SkillInterval::of(candidate, naive, bootstrap) {
            None => return Some(RefusalReason::NothingToBeat { naive }),
            Some(skill) if skill.low > 0.0 => {}
            Some(skill) => return Some(RefusalReason::NoSkill { naive, skill }),
        }
    }
    None
}

fn worse_than_live(
    candidate: &[DailyErrors],
    live: &[DailyErrors],
    bootstrap: &Bootstrap,
) -> Option<RefusalReason> {
    let rows_of_dates = |daily: &[DailyErrors]| -> Vec<(i32, u64)> {
        daily
            .iter()
            .map(|day| (day.date, day.errors.rows))
            .collect()
    };
    if rows_of_dates(candidate) != rows_of_dates(live) {
        let rows = |daily: &[DailyErrors]| daily.iter().map(|day| day.errors.rows).sum();
        return Some(RefusalReason::OtherRows {
            candidate_rows: rows(candidate),
            live_rows: rows(live),
        });
    }
    let pairs = candidate.iter().zip(live);
    let differences: Vec<[f64; 2]> = pairs
        .map(|(candidate, live)| {
            let difference = candidate.errors.model.absolute - live.errors.model.absolute;
            [difference, candidate.errors.rows as f64]
        })
        .collect();
    let of_resamples = bootstrap.resampled_totals(&differences, 0);
    let resampled = of_resamples
        .iter()
        .map(|[difference, rows]| difference / rows);
    let (low, high) = central_interval(resampled.collect())
        .expect("differences of dates with rows have finite means");
    if low <= 0.0 {
        return None;
    }
    let total: f64 = differences.iter().map(|[difference, _]| difference).sum();
    let rows: f64 = differences.iter().map(|[_, rows]| rows).sum();
    Some(RefusalReason::WorseThanLive {
        difference: total / rows,
        low,
        high,
    })
}

#[cfg(test)]
mod tests;

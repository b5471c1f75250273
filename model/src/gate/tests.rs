use super::*;
use crate::forecast_errors::{ErrorSums, ForecastErrors};
use crate::splitmix::normal;

/// Errors on `dates` dates of 50 rows each, where tomorrow's volume is today's and a draw of a tenth of it.
///
/// The model predicts as today, and `skill` of the way to the target, with noise of `noise` times the draw's size.
fn daily(dates: u64, skill: f64, noise: f64, seed: u64) -> Vec<DailyErrors> {
    let day = |date: u64| {
        let mut errors = ForecastErrors::default();
        for row in 50 * date..50 * (date + 1) {
            let today = 1_000.0 + 300.0 * normal(1, row);
            let change = 100.0 * normal(2, row);
            let target = (today + change) as f32;
            let prediction = today + skill * change + 100.0 * noise * normal(seed, row);
            errors.add(&ForecastErrors {
                rows: 1,
                model: ErrorSums::of(prediction as f32, target),
                naive_today: ErrorSums::of(today as f32, target),
                naive_moving_average: ErrorSums::of((today + 20.0 * normal(3, row)) as f32, target),
            });
        }
        DailyErrors {
            date: date as i32,
            errors,
        }
    };
    (0..dates).map(day).collect()
}

fn refusal(candidate: &[DailyErrors], live: Option<&[DailyErrors]>) -> RefusalReason {
    match judge(candidate, live, &Bootstrap::default()) {
        Judgement::Refuse { reason } => reason,
        Judgement::Promote => panic!("the version was promoted"),
    }
}

#[test]
fn what_learnt_from_a_shuffled_target_is_refused() {
    // Such a model has nothing to say of the target: its predictions are noise around the naive forecast.
    for seed in 100..120 {
        for noise in [0.05, 0.3, 1.0] {
            let candidate = daily(400, 0.0, noise, seed);
            assert!(matches!(
                refusal(&candidate, None),
                RefusalReason::NoSkill { .. }
            ));
        }
    }
}

#[test]
fn skill_passes_where_nothing_is_live() {
    let candidate = daily(400, 0.2, 0.1, 100);
    assert_eq!(
        judge(&candidate, None, &Bootstrap::default()),
        Judgement::Promote
    );
}

#[test]
fn a_skill_against_one_naive_forecast_is_not_enough() {
    let mut candidate = daily(400, 0.2, 0.1, 100);
    for day in &mut candidate {
        day.errors.naive_moving_average.absolute *= 0.5;
    }
    let reason = refusal(&candidate, None);
    assert!(matches!(
        reason,
        RefusalReason::NoSkill {
            naive: Naive::MovingAverage,
            ..
        }
    ));
    for day in &mut candidate {
        day.errors.naive_today.absolute = 0.0;
    }
    assert_eq!(
        refusal(&candidate, None),
        RefusalReason::NothingToBeat {
            naive: Naive::Today
        }
    );
}

#[test]
fn an_equal_or_better_version_replaces_the_live_one() {
    let live = daily(400, 0.2, 0.1, 100);
    for candidate in [
        live.clone(),
        daily(400, 0.2, 0.1, 101),
        daily(400, 0.25, 0.1, 102),
    ] {
        let judgement = judge(&candidate, Some(&live), &Bootstrap::default());
        assert_eq!(judgement, Judgement::Promote);
    }
}

#[test]
fn a_worse_version_is_refused_with_its_figures() {
    let live = daily(400, 0.25, 0.1, 100);
    let reason = refusal(&daily(400, 0.2, 0.1, 101), Some(&live));
    let RefusalReason::WorseThanLive {
        difference,
        low,
        high,
    } = reason
    else {
        panic!("{reason}");
    };
    assert!(0.0 < low && low < difference && difference < high);
    assert_eq!(
        reason.to_string(),
        format!(
            "the mean absolute error is {difference:.1} above the live version's on the same rows, with a 95% interval \
             from {low:.1} to {high:.1} that lies above 0: keep the live version"
        )
    );
}

#[test]
fn refuses_what_cannot_be_compared() {
    let candidate = daily(400, 0.2, 0.1, 100);
    assert_eq!(
        refusal(&candidate, Some(&candidate[1..])),
        RefusalReason::OtherRows {
            candidate_rows: 20_000,
            live_rows: 19_950
        }
    );
    assert_eq!(
        refusal(&candidate[..19], None),
        RefusalReason::TooFewDates { dates: 19 }
    );
}

//! Two versions side by side, for people to read.

use model::card::iso_date_text;
use model::comparison::{Comparison, VersionFigures, WalkForwardFigures};
use model::evaluate::Metrics;
use model::skill::{SkillInterval, Skills};

use crate::card_report::with_interval;
use crate::report::{grouped, line};

/// A comparison in lines, with the first version on the left.
pub(crate) fn comparison(comparison: &Comparison) -> String {
    let mut text = String::new();
    let [one, other] = &comparison.versions;
    line(
        &mut text,
        format_args!("{}: {} and {}", comparison.name, one.version, other.version),
    );
    if comparison.differences.is_empty() {
        line(
            &mut text,
            format_args!("  both were tested on the same rows: their figures can be compared"),
        );
    }
    for difference in &comparison.differences {
        line(
            &mut text,
            format_args!("  figures cannot be compared row for row: {difference}"),
        );
    }
    let of_each = |of: &dyn Fn(&VersionFigures) -> String| [of(one), of(other)];
    add(&mut text, "", of_each(&|version| version.version.clone()));
    add(
        &mut text,
        "data",
        of_each(&|version| short(&version.data_digest)),
    );
    add(
        &mut text,
        "inputs",
        of_each(&|version| version.inputs.to_string()),
    );
    add(
        &mut text,
        "trees",
        of_each(&|version| version.trees.to_string()),
    );
    add(
        &mut text,
        "live by itself",
        of_each(&|version| {
            let word = match (&version.held_back, &version.promoted_anyway) {
                (Some(_), _) => "no",
                (None, Some(_)) => "no: promoted anyway",
                (None, None) => "yes",
            };
            word.to_owned()
        }),
    );
    add_latest_dates(&mut text, &comparison.versions);
    if one.walk_forward.is_some() || other.walk_forward.is_some() {
        add_walk_forward(&mut text, &comparison.versions);
    }
    for fold in &comparison.folds {
        let (first, last) = (fold.first_test_date, fold.last_test_date);
        let name = format!("{} to {}", iso_date_text(first), iso_date_text(last));
        add(
            &mut text,
            &name,
            fold.skill.map(|skill| with_interval(skill.naive_today)),
        );
    }
    text
}

fn add_latest_dates(text: &mut String, versions: &[VersionFigures; 2]) {
    let of_each = |of: &dyn Fn(&VersionFigures) -> String| versions.each_ref().map(of);
    let mae = |metrics: Option<Metrics>| {
        metrics.map_or("unknown".to_owned(), |metrics| {
            grouped(metrics.mae.round() as u64)
        })
    };
    line(text, format_args!("  latest dates"));
    add(
        text,
        "from",
        of_each(&|version| iso_date_text(version.evaluation.cut_date)),
    );
    add(
        text,
        "test rows",
        of_each(&|version| grouped(version.evaluation.test_rows as u64)),
    );
    add(
        text,
        "MAE",
        of_each(&|version| mae(Some(version.evaluation.model))),
    );
    add(
        text,
        "MAE as today",
        of_each(&|version| mae(Some(version.evaluation.naive_today))),
    );
    add(
        text,
        "MAE as moving average",
        of_each(&|version| mae(version.evaluation.naive_moving_average)),
    );
    add(
        text,
        "RMSE",
        of_each(&|version| grouped(version.evaluation.model.rmse.round() as u64)),
    );
    add(
        text,
        "skill",
        of_each(&|version| {
            let skill = version.evaluation.skill;
            skill.map_or("unknown".to_owned(), |skill| format!("{skill:+.3}"))
        }),
    );
}

/// Skills against the forecast that tomorrow is as today, with their 95% intervals.
fn add_walk_forward(text: &mut String, versions: &[VersionFigures; 2]) {
    let of_each = |of: &dyn Fn(&WalkForwardFigures) -> String| {
        versions.each_ref().map(|version| {
            let figures = version.walk_forward.as_ref();
            figures.map_or("not judged".to_owned(), of)
        })
    };
    let skill = |skills: &Skills<SkillInterval>| with_interval(skills.naive_today);
    line(
        text,
        format_args!("  walking forward: skill against the forecast that tomorrow is as today"),
    );
    add(
        text,
        "test rows",
        of_each(&|figures| grouped(figures.overall.rows)),
    );
    add(
        text,
        "all rows",
        of_each(&|figures| skill(&figures.overall.skill)),
    );
    add(
        text,
        "mean of the folds",
        of_each(&|figures| skill(&figures.mean)),
    );
    add(
        text,
        "last fold",
        of_each(&|figures| skill(&figures.last_fold)),
    );
    add(
        text,
        "new tickers",
        of_each(&|figures| {
            let unseen = figures.unseen.as_ref();
            unseen.map_or("none".to_owned(), |unseen| skill(&unseen.skill))
        }),
    );
}

fn add(text: &mut String, name: &str, [one, other]: [String; 2]) {
    line(text, format_args!("  {name:<24} {one:<28} {other}"));
}

/// Enough of a digest to tell it from another.
fn short(digest: &str) -> String {
    digest.chars().take(16).collect()
}

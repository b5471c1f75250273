//! The card of a version, for people to read.

use features::schema::{Feature, FeatureSchema};
use model::breakdown::{KindRow, LiquidityRow, YearRow};
use model::card::{Card, PanelCard, iso_date_text};
use model::judged_panel::TickerKind;
use model::performance::Performance;
use model::skill::{SkillInterval, Skills};
use output::models::LiveModel;

use crate::report::{field, grouped, line};

/// A card in lines: what the version was made of, how good it is, and where.
pub(crate) fn card(card: &Card, live: Option<&LiveModel>) -> String {
    let mut text = String::new();
    line(&mut text, format_args!("{} {}", card.name, card.version));
    field(&mut text, "live", &standing(card, live));
    if let Some(panel) = &card.panel {
        add_gate(&mut text, panel);
    }
    field(&mut text, "data", &card.data_digest);
    field(&mut text, "file", &card.onnx_digest);
    add_inputs(&mut text, card);
    field(&mut text, "trees", &parameters(card));
    field(&mut text, "seed", &card.parameters.seed().to_string());
    add_errors(&mut text, card);
    if let Some(panel) = &card.panel {
        add_folds(&mut text, panel);
        add_coverage(&mut text, panel);
        add_breakdowns(&mut text, panel);
        add_importance(&mut text, panel);
    }
    let golden = format!("{} rows with their predictions", card.golden_rows.len());
    field(&mut text, "golden", &golden);
    text
}

fn standing(card: &Card, live: Option<&LiveModel>) -> String {
    match live {
        Some(live) if live.version == card.version && live.pinned => "yes: promoted".to_owned(),
        Some(live) if live.version == card.version => "yes".to_owned(),
        Some(live) => format!("no: {} is", live.version),
        None => "no version is".to_owned(),
    }
}

/// What spoke against the version's going live, where something did.
fn add_gate(text: &mut String, panel: &PanelCard) {
    if let Some(reason) = &panel.held_back {
        field(text, "held back", reason);
    }
    if let Some(reason) = &panel.promoted_anyway {
        field(text, "anyway", &format!("made live although {reason}"));
    }
    if let Some(version) = &panel.beside {
        let compared = format!("with {version}, which was live, trained anew on the same rows");
        field(text, "compared", &compared);
    }
    if let Some(reason) = &panel.not_compared {
        field(text, "compared", &format!("no: {reason}"));
    }
}

fn add_inputs(text: &mut String, card: &Card) {
    let declared: Option<FeatureSchema> = serde_json::from_value(card.features.clone()).ok();
    let features = declared.as_ref().map(FeatureSchema::features);
    let features = features.unwrap_or_default();
    if let Some(declared) = &declared {
        let target = declared.target();
        let (name, column, lead) = (&target.name, target.column.name(), target.lead);
        field(
            text,
            "target",
            &format!("{name} = {column}, {lead} rows ahead"),
        );
    }
    for (place, input) in card.schema.input_columns.iter().enumerate() {
        let feature = features.iter().find(|feature| feature.name == *input);
        let described = feature.map_or_else(|| input.clone(), described);
        field(text, if place == 0 { "inputs" } else { "" }, &described);
    }
}

fn described(feature: &Feature) -> String {
    let relative = if feature.relative {
        ", less its own"
    } else {
        ""
    };
    format!(
        "{} = {} of {} over {} rows{relative}",
        feature.name,
        feature.operation.name(),
        feature.column,
        feature.window
    )
}

/// All parameters but the seed, by name.
fn parameters(card: &Card) -> String {
    let parameters = serde_json::to_value(&card.parameters).expect("parameters have a JSON form");
    let named = parameters.as_object().into_iter().flatten();
    let named = named.filter(|(name, _)| *name != "seed");
    let named: Vec<String> = named
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    named.join(", ")
}

fn add_errors(text: &mut String, card: &Card) {
    let evaluation = &card.evaluation;
    let panel = card.panel.as_ref();
    let trained = panel.map_or(evaluation.train_rows, |panel| panel.train_rows);
    field(
        text,
        "rows",
        &format!("{} trained on", grouped(trained as u64)),
    );
    if let Some(sample) = &card.sample {
        let (rows, wanted) = (sample.rows as u64, sample.wanted as u64);
        let drawn = format!("{} drawn of {} wanted", grouped(rows), grouped(wanted));
        field(text, "", &drawn);
    }
    let tested = format!(
        "on {} rows from {} on",
        grouped(evaluation.test_rows as u64),
        iso_date_text(evaluation.cut_date)
    );
    field(text, "errors", &tested);
    let forecasts = [
        ("this version", Some(evaluation.model)),
        ("as today", Some(evaluation.naive_today)),
        ("as the moving average", evaluation.naive_moving_average),
    ];
    for (name, metrics) in forecasts {
        let Some(metrics) = metrics else { continue };
        let (mae, rmse) = (metrics.mae.round() as u64, metrics.rmse.round() as u64);
        let r2 = metrics.r2.map_or("-".to_owned(), |r2| format!("{r2:.3}"));
        let (mae, rmse) = (grouped(mae), grouped(rmse));
        let content = format!("{name:<22} MAE {mae:>13}  RMSE {rmse:>13}  R2 {r2:>7}");
        field(text, "", &content);
    }
    if let Some(skill) = evaluation.skill {
        field(text, "", &format!("skill {skill:+.3}"));
    }
}

fn add_folds(text: &mut String, panel: &PanelCard) {
    let plan = &panel.plan;
    let (folds, gap, unseen) = (plan.folds, plan.gap_sessions, 100.0 * plan.unseen_share);
    let drawn = format!(
        "{folds}, after a gap of {gap} sessions; {unseen:.0}% of tickers never train; seed {}",
        plan.seed
    );
    field(text, "folds", &drawn);
    let heading = format!(
        "{:<24} {:>11}  {:<28} {:<28}",
        "tested on", "rows", "skill against today", "against the moving average"
    );
    field(text, "", heading.trim_end());
    let evaluation = &panel.evaluation;
    for fold in &evaluation.folds {
        let (first, last) = (fold.first_test_date, fold.last_test_date);
        let dates = format!("{} to {}", iso_date_text(first), iso_date_text(last));
        add_skills(text, &dates, Some(fold.test_rows as u64), &fold.skill);
    }
    add_skills(
        text,
        "mean of the folds",
        None,
        &evaluation.walk_forward_mean,
    );
    let overall = &evaluation.overall;
    add_skills(
        text,
        "all of these rows",
        Some(overall.rows),
        &overall.skill,
    );
    if let Some(unseen) = &evaluation.unseen {
        add_skills(text, "new tickers", Some(unseen.rows), &unseen.skill);
    }
}

fn add_skills(text: &mut String, name: &str, rows: Option<u64>, skills: &Skills<SkillInterval>) {
    let rows = rows.map(grouped).unwrap_or_default();
    let today = with_interval(skills.naive_today);
    let average = with_interval(skills.naive_moving_average);
    let content = format!("{name:<24} {rows:>11}  {today:<28} {average}");
    field(text, "", &content);
}

/// A skill with its 95% interval.
pub(crate) fn with_interval(skill: Option<SkillInterval>) -> String {
    match skill {
        Some(SkillInterval { skill, low, high }) => {
            format!("{skill:+.3} ({low:+.3} to {high:+.3})")
        }
        None => "unknown".to_owned(),
    }
}

fn add_coverage(text: &mut String, panel: &PanelCard) {
    for (place, interval) in panel.evaluation.intervals.iter().enumerate() {
        let name = if place == 0 { "intervals" } else { "" };
        let (level, covered) = (100.0 * interval.level, 100.0 * interval.covered);
        let held = format!("{level:.0}%: held {covered:.1}% of the targets of the last fold");
        field(text, name, &held);
    }
}

fn add_breakdowns(text: &mut String, panel: &PanelCard) {
    let evaluation = &panel.evaluation;
    let years = evaluation.by_year.iter();
    let years = years.map(|YearRow { year, performance }| (year.to_string(), *performance));
    add_table(text, "years", years);
    let deciles = evaluation.by_liquidity.iter();
    let deciles = deciles.map(|row: &LiquidityRow| {
        let volume = grouped(row.least_mean_volume.round() as u64);
        let name = format!("{}, from {volume} a day", row.decile);
        (name, row.performance)
    });
    add_table(text, "deciles", deciles);
    let kinds = evaluation.by_kind.iter();
    let kinds = kinds.map(|row: &KindRow| {
        let kind = match row.kind {
            TickerKind::Stock => "stocks",
            TickerKind::Etf => "funds",
            TickerKind::Unknown => "unknown",
        };
        let name = format!("{kind}, {} tickers", grouped(row.tickers as u64));
        (name, row.performance)
    });
    add_table(text, "kinds", kinds);
}

fn add_table(
    text: &mut String,
    name: &str,
    rows: impl Iterator<Item = (String, Performance<f64>)>,
) {
    for (place, (label, performance)) in rows.enumerate() {
        let name = if place == 0 { name } else { "" };
        let tested = grouped(performance.rows);
        let mae = grouped(performance.model.mae.round() as u64);
        let skill = performance.skill.naive_today;
        let skill = skill.map_or("unknown".to_owned(), |skill| format!("{skill:+.3}"));
        let content = format!("{label:<28} {tested:>11} rows  MAE {mae:>13}  skill {skill}");
        field(text, name, &content);
    }
}

/// What each input is worth, that of the most permutation first.
fn add_importance(text: &mut String, panel: &PanelCard) {
    let mut inputs: Vec<_> = panel.importance.iter().collect();
    inputs.sort_by(|one, other| other.permutation.total_cmp(&one.permutation));
    for (place, input) in inputs.into_iter().enumerate() {
        let name = if place == 0 { "worth" } else { "" };
        let (permutation, gain) = (100.0 * input.permutation, 100.0 * input.gain);
        let content = format!(
            "{:<28} error {permutation:+7.2}% when permuted, gain {gain:6.2}%",
            input.input
        );
        field(text, name, &content);
    }
}

//! The leak audit of a run: before models are trained, what they read has to show that it does not look ahead.

use features::schema::FeatureSchema;
use market::audit::{AuditPlan, AuditedTicker, Leaks, Verdict, audit_declared, draw_symbols};
use market::symbol::Symbol;
use output::outcome::Summary;
use proto::event::Stage;
use proto::record::{TickerRecord, TickerResult};

use crate::job::Job;
use crate::means::Means;
use crate::narrator::Narrator;
use crate::plan::Plan;
use crate::rows::{FeatureFiles, RowsError, on_pool};
use crate::summary::add_warning;

/// Tickers that a run audits, of those that have features. A kernel that looks ahead does so in every one.
const TICKERS: usize = 8;

/// Dates at which it cuts their histories.
const CUTS: usize = 3;

/// Audits the features of a job that trains models, and their inputs, on some of its tickers. The inner error is the
/// reason why no model may be trained; else the names of those that no audited ticker had a value of, if any. A job
/// without models is not audited.
pub(crate) async fn audit_features(
    means: &Means,
    plan: &Plan,
    records: &[TickerRecord],
    narrator: &Narrator,
) -> Result<Result<Vec<String>, String>, RowsError> {
    let Some(seed) = seed_of(&plan.job) else {
        return Ok(Ok(Vec::new()));
    };
    let _stage = narrator.stage(Stage::Audit, None);
    let schemas = schemas_of(&plan.job);
    let windows = schemas.iter().map(FeatureSchema::longest_window);
    let symbols = worth_auditing(records, windows.max().unwrap_or(1));
    let drawn = draw_symbols(&symbols, TICKERS, seed);
    let prices = FeatureFiles::of(means, plan)
        .prices(&drawn)
        .await?
        .into_iter();
    let tickers = prices.map(|(symbol, prices)| AuditedTicker { symbol, prices });
    let tickers: Vec<AuditedTicker> = tickers.collect();
    let cuts = AuditPlan { cuts: CUTS, seed };
    let audit = move || audit_all(&schemas, &tickers, &cuts);
    Ok(on_pool(&means.pool, audit).await)
}

/// The tickers with at least twice as many rows as the longest window, so that there are values on both sides of a cut;
/// all with rows where none has as many.
fn worth_auditing(records: &[TickerRecord], window: usize) -> Vec<Symbol> {
    let of_rows = |least: u64| -> Vec<Symbol> {
        let long = records.iter().filter(|record| match &record.result {
            TickerResult::Written { counts, .. } => counts.written >= least,
            TickerResult::Quarantined { .. } => false,
        });
        long.map(|record| record.input.symbol.clone()).collect()
    };
    let long = of_rows(2 * window as u64);
    if long.is_empty() { of_rows(1) } else { long }
}

/// What a job computes: its features, and the inputs of its boosted trees.
fn schemas_of(job: &Job) -> Vec<FeatureSchema> {
    let inputs = job.row_request(0).panel.map(|panel| panel.schema);
    let features = job.recipe.schema.clone();
    std::iter::once(features).chain(inputs).collect()
}

/// Tells a summary, and those who watch, that no model of the job is trained, and why.
pub(crate) fn withhold_models(job: &Job, reason: &str, summary: &mut Summary, narrator: &Narrator) {
    if job.model.is_some() {
        narrator.warn(format!("no model: {reason}"));
        summary.model_reason = Some(reason.to_owned());
    } else {
        summary.model_reason = Some("training was not asked for".to_owned());
    }
    if let Some(volume) = &job.volume {
        let warning = format!("no model `{}`: {reason}", volume.name);
        add_warning(summary, narrator, warning);
    }
}

/// Tells a summary, and those who watch, of features that the audit could say nothing of.
pub(crate) fn warn_of_unseen(unseen: &[String], summary: &mut Summary, narrator: &Narrator) {
    if unseen.is_empty() {
        return;
    }
    let warning = format!(
        "not audited for looking ahead, for no audited ticker has a value before a cut: {}",
        unseen.join(", ")
    );
    add_warning(summary, narrator, warning);
}

/// The seed of the job's models; `None` where it has none.
fn seed_of(job: &Job) -> Option<u64> {
    let of_forest = job.model.as_ref().map(|model| model.forest.seed);
    let of_trees = job.volume.as_ref().map(|volume| volume.boost.seed);
    of_forest.or(of_trees)
}

/// Audits what each schema declares, on the current pool of threads.
fn audit_all(
    schemas: &[FeatureSchema],
    tickers: &[AuditedTicker],
    plan: &AuditPlan,
) -> Result<Vec<String>, String> {
    let (mut leaks, mut unseen) = (Vec::new(), Vec::new());
    for schema in schemas {
        let report = audit_declared(schema, tickers, plan);
        let report = report.map_err(|error| error.to_string())?;
        leaks.extend(report.leaks().cloned());
        let features = report.features.into_iter();
        let not_seen = features.filter(|feature| feature.verdict == Verdict::Unseen);
        unseen.extend(not_seen.map(|feature| feature.name));
    }
    if leaks.is_empty() {
        return Ok(unseen);
    }
    Err(Leaks(leaks).to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use features::volume_inputs::volume_inputs;
    use market::layout::{Dataset, ListFindings};
    use market::store::Store;
    use market::table::PriceTable;
    use model::boost::BoostParameters;
    use model::fold_plan::FoldPlan;
    use model::parameters::ForestParameters;
    use output::turn::Turn;
    use proto::event::{Observer, RunEvent};
    use proto::id::RunId;
    use proto::ticket::Recipe;

    use super::*;
    use crate::accounts::QualityLimits;
    use crate::job::{ModelJob, VolumeJob};
    use crate::summary::blank_summary;

    fn job() -> Job {
        Job {
            recipe: Recipe {
                schema: FeatureSchema::default(),
                raw: false,
            },
            model: Some(ModelJob {
                name: "volume-forest".to_owned(),
                inputs: vec!["vol_moving_avg".to_owned()],
                sample_rows: 100,
                test_fraction: 0.2,
                forest: ForestParameters::default(),
            }),
            volume: Some(VolumeJob {
                name: "volume".to_owned(),
                inputs: volume_inputs(),
                boost: BoostParameters::default(),
                folds: FoldPlan::default(),
                promote_anyway: false,
            }),
        }
    }

    fn ticker(name: &str, rows: i32) -> AuditedTicker {
        let price = |offset: f64| (0..rows).map(|row| f64::from(row % 7) + offset).collect();
        let table = PriceTable {
            date: (0..rows).map(|row| 18_000 + row).collect(),
            open: price(20.0),
            high: price(24.0),
            low: price(18.0),
            close: price(21.0),
            adj_close: price(20.5),
            volume: (0..i64::from(rows)).map(|row| 1_000 + 10 * row).collect(),
        };
        AuditedTicker {
            symbol: Symbol::parse(name).unwrap(),
            prices: table.into_arrays(),
        }
    }

    #[test]
    fn what_ships_does_not_look_ahead() {
        let tickers = [ticker("A", 200), ticker("B", 1), ticker("C", 0)];
        let plan = AuditPlan { cuts: 3, seed: 42 };
        assert_eq!(
            audit_all(&schemas_of(&job()), &tickers, &plan),
            Ok(Vec::new())
        );
    }

    #[test]
    fn what_has_no_value_before_any_cut_is_named() {
        let plan = AuditPlan { cuts: 3, seed: 42 };
        let unseen = audit_all(&schemas_of(&job()), &[ticker("A", 20)], &plan).unwrap();
        let features = job().recipe.schema.features().len();
        assert!(unseen.len() > features, "{unseen:?}");
        assert!(unseen.contains(&"vol_moving_avg".to_owned()));
        assert!(!unseen.contains(&"log_volume".to_owned()));
    }

    #[test]
    fn a_job_without_models_has_no_seed_to_audit_by() {
        let mut job = job();
        assert_eq!(seed_of(&job), Some(ForestParameters::default().seed));
        job.model = None;
        assert_eq!(seed_of(&job), Some(BoostParameters::default().seed));
        job.volume = None;
        assert_eq!(seed_of(&job), None);
    }

    struct Nobody;

    impl Observer for Nobody {
        fn observe(&self, _: &RunEvent) {}
    }

    #[test]
    fn a_leak_is_told_of_every_model_that_was_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let out = Store::open(folder.path().to_str().unwrap()).unwrap();
        let mut job = job();
        let plan = Plan {
            run: RunId::parse("0123456789abcdef-1").unwrap(),
            planned: Turn { epoch: 1, turn: 1 },
            data: String::new(),
            job: job.clone(),
            forced_by: None,
            limits: QualityLimits::default(),
            dataset: Dataset {
                tickers: Vec::new(),
                set_aside: Vec::new(),
                findings: ListFindings::default(),
            },
            carried: Vec::new(),
            shards: Vec::new(),
        };
        let narrator = Narrator::new(Arc::new(Nobody));
        let mut summary = blank_summary(&plan, &out);
        withhold_models(&job, "it looks ahead", &mut summary, &narrator);
        assert_eq!(summary.model_reason.as_deref(), Some("it looks ahead"));
        assert_eq!(summary.warnings, ["no model `volume`: it looks ahead"]);

        job.model = None;
        let mut summary = blank_summary(&plan, &out);
        withhold_models(&job, "it looks ahead", &mut summary, &narrator);
        let reason = summary.model_reason.as_deref();
        assert_eq!(reason, Some("training was not asked for"));
        assert_eq!(summary.warnings.len(), 1);
    }
}

use super::*;
use crate::boost::BoostParameters;
use crate::card::{Parameters, Schema};
use crate::evaluate::Metrics;
use crate::fold_plan::FoldPlan;
use crate::performance::ErrorFigures;
use crate::random_split::RandomSplit;
use crate::verdict::PanelEvaluation;

fn skills(skill: f64) -> Skills<SkillInterval> {
    let interval = SkillInterval {
        skill,
        low: skill - 0.1,
        high: skill + 0.1,
    };
    Skills {
        naive_today: Some(interval),
        naive_moving_average: None,
    }
}

fn fold(first_test_date: i32, skill: f64) -> FoldRow {
    FoldRow {
        last_train_date: first_test_date - 10,
        first_test_date,
        last_test_date: first_test_date + 99,
        train_rows: 1_000,
        test_rows: 500,
        skill: skills(skill),
    }
}

fn panel(folds: Vec<FoldRow>) -> PanelCard {
    let figures = ErrorFigures {
        mae: 1.0,
        rmse: 2.0,
    };
    let last = *folds.last().expect("a card has a fold");
    PanelCard {
        plan: FoldPlan::default(),
        train_rows: 1_500,
        evaluation: PanelEvaluation {
            overall: Performance {
                rows: 1_000,
                model: figures,
                naive_today: figures,
                naive_moving_average: figures,
                skill: last.skill,
            },
            unseen: None,
            walk_forward_mean: last.skill,
            last_fold: last.skill,
            folds,
            intervals: Vec::new(),
            by_year: Vec::new(),
            by_liquidity: Vec::new(),
            by_kind: Vec::new(),
        },
        random_split: RandomSplit {
            train_rows: 1_500,
            test_rows: 100,
            skill: None,
            later_dates_skill: None,
            leak: None,
        },
        importance: Vec::new(),
        held_back: None,
        promoted_anyway: None,
        beside: None,
        not_compared: None,
    }
}

fn card(version: &str, panel: Option<PanelCard>) -> Card {
    let metrics = Metrics {
        mae: 1.0,
        rmse: 2.0,
        r2: None,
    };
    Card {
        name: "volume".to_owned(),
        version: version.to_owned(),
        onnx_digest: String::new(),
        data_digest: "d".to_owned(),
        features: serde_json::json!({ "target": { "name": "next_day_volume" } }),
        schema: Schema {
            input: "input".to_owned(),
            input_columns: vec!["a".to_owned(), "b".to_owned()],
            output: "output".to_owned(),
        },
        parameters: Parameters::Boost(BoostParameters::default()),
        sample: None,
        evaluation: Evaluation {
            model: metrics,
            naive_today: metrics,
            naive_moving_average: None,
            skill: Some(0.0),
            train_rows: 1_000,
            test_rows: 500,
            cut_date: 1_000,
        },
        panel,
        golden_rows: Vec::new(),
    }
}

fn two_folds(skill: f64) -> PanelCard {
    panel(vec![fold(900, skill), fold(1_000, skill)])
}

#[test]
fn versions_of_the_same_rows_are_compared_fold_by_fold() {
    let (one, other) = (
        card("a", Some(two_folds(0.2))),
        card("b", Some(two_folds(0.3))),
    );
    let comparison = Comparison::of(&one, &other);
    assert_eq!(comparison.differences, []);
    let versions = comparison.versions.each_ref();
    assert_eq!(versions.map(|figures| figures.version.as_str()), ["a", "b"]);
    assert_eq!(versions.map(|figures| figures.inputs), [2, 2]);
    assert_eq!(comparison.folds.len(), 2);
    assert_eq!(comparison.folds[1].first_test_date, 1_000);
    assert_eq!(comparison.folds[1].skill, [skills(0.2), skills(0.3)]);
    let json = serde_json::to_value(&comparison).unwrap();
    assert_eq!(json["folds"][0]["first_test_date"], "1972-06-19");
    assert_eq!(
        json["versions"][1]["walk_forward"]["mean"]["naive_today"]["skill"],
        0.3
    );
}

#[test]
fn what_was_tested_on_other_data_or_rows_says_so() {
    let one = card("a", Some(two_folds(0.2)));
    let differences = |change: &dyn Fn(&mut Card)| {
        let mut other = card("b", Some(two_folds(0.3)));
        change(&mut other);
        let comparison = Comparison::of(&one, &other);
        (comparison.differences, comparison.folds.len())
    };
    assert_eq!(
        differences(&|card| card.data_digest = "e".to_owned()),
        (vec![Difference::Data], 0)
    );
    assert_eq!(
        differences(&|card| card.panel = Some(panel(vec![fold(800, 0.3), fold(1_000, 0.3)]))),
        (vec![Difference::Dates], 1)
    );
    let fewer_rows = FoldRow {
        test_rows: 499,
        ..fold(900, 0.3)
    };
    assert_eq!(
        differences(&|card| card.panel = Some(panel(vec![fewer_rows, fold(1_000, 0.3)]))),
        (vec![Difference::Rows], 2)
    );
    let other_draw = |card: &mut Card| {
        let panel = card.panel.as_mut().unwrap();
        panel.plan.seed += 1;
    };
    assert_eq!(differences(&other_draw), (vec![Difference::NewTickers], 2));
    assert_eq!(
        differences(&|card| card.panel = None),
        (vec![Difference::Judgement], 0)
    );
    assert_eq!(
        differences(&|card| card.features["target"]["name"] = "price".into()),
        (vec![Difference::Targets], 2)
    );
}

#[test]
fn forests_are_compared_by_their_test_rows() {
    let (one, mut other) = (card("a", None), card("b", None));
    assert_eq!(Comparison::of(&one, &other).differences, []);
    other.evaluation.test_rows = 400;
    assert_eq!(Comparison::of(&one, &other).differences, [Difference::Rows]);
    other.evaluation.cut_date = 999;
    assert_eq!(
        Comparison::of(&one, &other).differences,
        [Difference::Dates]
    );
    assert_eq!(Comparison::of(&one, &other).versions[0].walk_forward, None);
}

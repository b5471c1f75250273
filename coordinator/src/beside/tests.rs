use super::*;
use features::column::Column;
use features::schema::Target;
use features::volume_inputs::volume_inputs;
use model::card::{PanelCard, Schema};
use model::evaluate::{Evaluation, Metrics};
use model::fold_plan::FoldPlan;
use model::parameters::ForestParameters;
use model::performance::{ErrorFigures, Performance};
use model::random_split::RandomSplit;
use model::skill::Skills;
use model::verdict::PanelEvaluation;

fn volume() -> VolumeJob {
    VolumeJob {
        name: "volume".to_owned(),
        inputs: volume_inputs()[..3].to_vec(),
        boost: BoostParameters::default(),
        folds: FoldPlan::default(),
        promote_anyway: false,
    }
}

/// The card of a version that the job would train.
fn card(volume: &VolumeJob) -> Card {
    let metrics = Metrics {
        mae: 1.0,
        rmse: 1.0,
        r2: None,
    };
    let declared = volume.declare(&FeatureSchema::default()).unwrap();
    let names = volume.inputs.iter().map(|input| input.name.clone());
    Card {
        name: volume.name.clone(),
        version: "v".to_owned(),
        onnx_digest: String::new(),
        data_digest: String::new(),
        features: serde_json::to_value(&declared).unwrap(),
        schema: Schema {
            input: "input".to_owned(),
            input_columns: names.collect(),
            output: "output".to_owned(),
        },
        parameters: Parameters::Boost(volume.boost.clone()),
        sample: None,
        evaluation: Evaluation {
            model: metrics,
            naive_today: metrics,
            naive_moving_average: None,
            skill: None,
            train_rows: 1,
            test_rows: 1,
            cut_date: 0,
        },
        panel: Some(panel(volume)),
        golden_rows: Vec::new(),
    }
}

fn panel(volume: &VolumeJob) -> PanelCard {
    let figures = ErrorFigures {
        mae: 1.0,
        rmse: 1.0,
    };
    let unknown = Skills {
        naive_today: None,
        naive_moving_average: None,
    };
    PanelCard {
        plan: volume.folds.clone(),
        train_rows: 1,
        evaluation: PanelEvaluation {
            overall: Performance {
                rows: 1,
                model: figures,
                naive_today: figures,
                naive_moving_average: figures,
                skill: unknown,
            },
            unseen: None,
            walk_forward_mean: unknown,
            last_fold: unknown,
            folds: Vec::new(),
            intervals: Vec::new(),
            by_year: Vec::new(),
            by_liquidity: Vec::new(),
            by_kind: Vec::new(),
        },
        random_split: RandomSplit {
            train_rows: 1,
            test_rows: 1,
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

fn beside(card: Option<Card>) -> Beside {
    let version = "v".to_owned();
    let live = Some(LiveCard { version, card });
    Beside::of(&volume(), &FeatureSchema::default(), live)
}

#[test]
fn the_same_recipe_is_nothing_to_compare_with() {
    let none_live = Beside::of(&volume(), &FeatureSchema::default(), None);
    assert_eq!(none_live, Beside::Nothing);
    assert_eq!(beside(Some(card(&volume()))), Beside::Nothing);
    let mut renamed = volume();
    renamed.inputs[1].name = "another_name".to_owned();
    assert_eq!(beside(Some(card(&renamed))), Beside::Nothing);
    assert_eq!(Beside::Nothing.said(None), (None, None));
}

#[test]
fn another_recipe_is_trained_by_the_names_of_the_job() {
    let mut other = volume();
    other.boost.trees = 7;
    other.inputs.truncate(2);
    other.inputs[1].name = "another_name".to_owned();
    let found = beside(Some(card(&other)));
    let recipe = found.recipe().unwrap();
    assert_eq!(recipe.parameters.trees, 7);
    assert_eq!(recipe.max_train_rows, volume().folds.max_train_rows);
    let names: Vec<String> = volume_inputs()[..2]
        .iter()
        .map(|input| input.name.clone())
        .collect();
    assert_eq!(recipe.inputs, names);
    assert_eq!(found.said(None), (Some("v".to_owned()), None));
    let (compared, reason) = beside(Some(card(&other))).said(Some("no rows".to_owned()));
    assert_eq!(compared, None);
    assert!(reason.unwrap().ends_with("the live version: no rows"));
}

#[test]
fn the_same_trees_of_other_numbers_of_rows_are_another_recipe() {
    let mut fewer = volume();
    fewer.folds.max_train_rows = 5;
    let found = beside(Some(card(&fewer)));
    assert_eq!(found.recipe().map(|recipe| recipe.max_train_rows), Some(5));
}

#[test]
fn what_cannot_be_trained_on_the_same_rows_is_told() {
    let told = |card: Option<Card>, part: &str| {
        let found = beside(card);
        assert!(found.recipe().is_none());
        let (compared, reason) = found.said(None);
        assert_eq!(compared, None);
        let reason = reason.unwrap();
        assert!(reason.contains(part), "{reason}");
    };
    told(None, "its card cannot be read");
    let mut forest = card(&volume());
    forest.parameters = Parameters::Forest(ForestParameters::default());
    told(Some(forest), "no boosted trees");
    let mut more = volume();
    more.inputs.push(volume_inputs()[5].clone());
    let named = format!("`{}`, which this version does not", volume_inputs()[5].name);
    told(Some(card(&more)), &named);
    let target = Target {
        column: Column::Close,
        ..Target::default()
    };
    let of_prices = FeatureSchema::declare(volume().inputs, target).unwrap();
    let mut other_target = card(&volume());
    other_target.features = serde_json::to_value(&of_prices).unwrap();
    told(Some(other_target), "another target");
    let mut without = card(&volume());
    without.features = serde_json::Value::Null;
    told(Some(without), "does not say what it reads");
}

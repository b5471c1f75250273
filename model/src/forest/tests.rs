use super::*;

fn stump(feature: u16) -> Tree {
    let split = Node::Split {
        feature,
        threshold: 2.0,
        nan_low: feature == 1,
        low: 1,
        high: 2,
    };
    Tree::from_nodes(&[split, Node::Leaf { value: 1.0 }, Node::Leaf { value: 3.0 }]).unwrap()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn predicts_the_mean_of_its_trees() {
    let forest = Forest::new(names(&["a", "b"]), vec![stump(0), stump(1)]).unwrap();
    let columns = vec![vec![2.0, 2.5, 9.0], vec![0.0, 1.0, 9.0]];
    let features = Matrix::from_columns(names(&["a", "b"]), columns).unwrap();
    let predictions = forest.predict_rows(&features, &[2, 0, 1]);
    assert_eq!(predictions, [3.0, 1.0, 2.0]);
    assert_eq!((forest.feature_count(), forest.node_count()), (2, 6));
}

#[test]
fn adds_the_base_value_to_the_mean_or_the_sum() {
    let forest = Forest::new(names(&["a", "b"]), vec![stump(0), stump(1)]).unwrap();
    let predicted = |aggregate| {
        let forest = forest.clone().with_aggregate(aggregate, 0.5).unwrap();
        let rows = [[9.0, 0.0], [f32::NAN; 2]];
        rows.map(|row| forest.predict(&row)).to_vec()
    };
    assert_eq!(predicted(Aggregate::Average), [2.5, 2.5]);
    assert_eq!(predicted(Aggregate::Sum), [4.5, 4.5]);
    assert_eq!(
        forest.with_aggregate(Aggregate::Sum, f32::NAN),
        Err(ForestError::BaseValueNotFinite)
    );
}

#[test]
fn a_log_ratio_scales_todays_volume() {
    let forest = Forest::new(names(&["a", "log_today"]), vec![stump(0)]).unwrap();
    let link = Link::LogRatio { log_today: 1 };
    let forest = forest
        .with_aggregate(Aggregate::Sum, -1.0)
        .and_then(|forest| forest.with_link(link))
        .unwrap();
    assert_eq!(forest.link(), link);
    let log_today = libm::log1p(999.0) as f32;
    let same = forest.predict(&[0.0, log_today]);
    let more = forest.predict(&[9.0, log_today]);
    assert!((same - 999.0).abs() < 1e-3, "{same}");
    assert!(
        (more - (1000.0 * 2.0_f64.exp() - 1.0)).abs() < 1e-2,
        "{more}"
    );
    assert_eq!(forest.predict(&[0.0, -3.0]).to_bits(), 0);
    assert!(forest.predict(&[0.0, f32::NAN]).is_nan());

    let beyond = forest.with_link(Link::LogRatio { log_today: 2 });
    assert_eq!(
        beyond,
        Err(ForestError::LinkFeatureOutOfRange {
            feature: 2,
            features: 2
        })
    );
}

#[test]
fn handles_missing_where_a_split_sends_nan_low() {
    let handles = |feature| {
        let forest = Forest::new(names(&["a", "b"]), vec![stump(feature)]).unwrap();
        forest.handles_missing()
    };
    assert_eq!([handles(0), handles(1)], [false, true]);
}

#[test]
fn refuses_what_is_no_forest() {
    let refusal =
        |feature_names: &[&str], trees| Forest::new(names(feature_names), trees).unwrap_err();
    assert_eq!(refusal(&["a"], vec![]), ForestError::NoTrees);
    assert_eq!(
        refusal(&[], vec![stump(0)]),
        ForestError::FeatureCount { features: 0 }
    );
    assert_eq!(
        refusal(&["a", "a"], vec![stump(0)]),
        ForestError::RepeatedName { name: "a".into() }
    );
    assert_eq!(
        refusal(&["a"], vec![stump(0), stump(1)]),
        ForestError::FeatureOutOfRange {
            tree: 1,
            feature: 1,
            features: 1
        }
    );
}

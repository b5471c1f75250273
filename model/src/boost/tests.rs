use super::*;
use crate::panel::PanelColumns;

#[test]
fn the_default_is_valid_and_fills_missing_fields() {
    let parameters: BoostParameters = serde_json::from_str(r#"{"trees": 7}"#).unwrap();
    assert_eq!(
        parameters,
        BoostParameters {
            trees: 7,
            ..BoostParameters::default()
        }
    );
    assert_eq!(parameters.validate(), Ok(()));
    assert!(serde_json::from_str::<BoostParameters>(r#"{"tree": 7}"#).is_err());
}

#[test]
fn refuses_values_out_of_range() {
    let refusal = |change: fn(&mut BoostParameters)| {
        let mut parameters = BoostParameters::default();
        change(&mut parameters);
        parameters.validate().unwrap_err().to_string()
    };
    assert_eq!(
        refusal(|parameters| parameters.trees = 0),
        "the number of trees is 0: set it from 1 to 10000"
    );
    assert_eq!(
        refusal(|parameters| parameters.leaves = 1),
        "the most leaves of a tree are 1: set them from 2 to 65536"
    );
    assert_eq!(
        refusal(|parameters| parameters.min_rows_per_leaf = 0),
        "the fewest rows in a leaf are 0: set at least 1"
    );
    assert_eq!(
        refusal(|parameters| parameters.learning_rate = f64::NAN),
        "the learning rate is NaN: set it above 0 and at most 1"
    );
    assert_eq!(
        refusal(|parameters| parameters.input_share = 1.5),
        "the share of inputs is 1.5: set it above 0 and at most 1"
    );
}

#[test]
fn refuses_rows_of_which_nothing_can_be_learnt() {
    let panel = Panel::new(PanelColumns {
        codes: vec![vec![1, 2, 2, 2], vec![3; 4]],
        input_names: vec!["a".into(), "b".into()],
        symbols: vec!["A".into()],
        ticker: vec![0; 4],
        date: vec![1, 2, 3, 4],
        today: vec![5.0; 4],
        moving_average: vec![5.0; 4],
        target: vec![7.0, 7.0, 8.0, 7.0],
    });
    let panel = panel.unwrap();
    let refusal = |rows: &[u32]| BoostRows::new(&panel, rows).unwrap_err();
    assert!(matches!(refusal(&[]), BoostError::NoRows));
    assert!(matches!(
        refusal(&[0, 4]),
        BoostError::MissingRow { row: 4, rows: 4 }
    ));
    assert!(matches!(refusal(&[0, 1, 3]), BoostError::ConstantLabel));
    assert!(matches!(refusal(&[1, 2, 3]), BoostError::ConstantInputs));
    assert_eq!(BoostRows::new(&panel, &[2, 0]).unwrap().rows(), [2, 0]);
}

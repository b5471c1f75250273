//! The trees against hessboost's own walk over codes.

use super::*;
use crate::panel::{Panel, PanelColumns};
use proptest::prelude::*;

const INPUTS: usize = 3;

/// A value near an edge of the grid, on either side, or on it; or any.
fn value() -> impl Strategy<Value = f32> {
    let near_an_edge = (0..grid::edges().len(), -1_i8..=1).prop_map(|(index, side)| {
        let edge = grid::edges()[index];
        match side {
            -1 => edge.next_down(),
            0 => edge,
            _ => edge.next_up(),
        }
    });
    prop_oneof![near_an_edge, -0.1_f32..0.1, -40.0_f32..40.0]
}

fn panel(raw: &[[f32; INPUTS]], targets: &[f32]) -> Panel {
    let rows = raw.len();
    let codes = (0..INPUTS).map(|input| {
        let values = raw.iter().map(|values| f64::from(values[input]));
        values.map(grid::code).collect()
    });
    let columns = PanelColumns {
        codes: codes.collect(),
        input_names: ["a", "b", "c"].map(str::to_owned).to_vec(),
        symbols: vec!["A".to_owned()],
        ticker: vec![0; rows],
        date: (0..rows as i32).collect(),
        today: vec![1e5; rows],
        moving_average: vec![1e5; rows],
        target: targets.to_vec(),
    };
    Panel::new(columns).expect("rows ascend")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn raw_inputs_take_the_branches_of_their_codes(
        rows in prop::collection::vec(([value(), value(), value()], 0.0_f32..1e6), 40..300),
        unseen in prop::collection::vec([value(), value(), value()], 50),
        leaves in 2_usize..40,
    ) {
        let (raw, targets): (Vec<_>, Vec<f32>) = rows.into_iter().unzip();
        let panel = panel(&raw, &targets);
        let positions: Vec<u32> = (0..raw.len() as u32).collect();
        let rows = BoostRows::new(&panel, &positions).unwrap();
        let parameters = BoostParameters {
            trees: 4,
            leaves,
            min_rows_per_leaf: 1,
            ..BoostParameters::default()
        };

        let model = boost(rows, &parameters, &|_| {}).unwrap();
        let forest = Hessboost.fit(rows, &parameters, &|_| {}).unwrap().forest;

        for values in raw.iter().chain(&unseen) {
            let codes = values.map(|value| f32::from(grid::code(f64::from(value))));
            for (tree, fitted) in forest.trees().iter().zip(model.trees()) {
                let leaf = fitted.leaf_id_with(|input| Some(codes[input as usize]));
                let expected = fitted.nodes()[leaf].leaf_value;
                prop_assert_eq!(tree.predict(values).to_bits(), expected.to_bits());
            }
        }
    }
}

use super::*;

/// Three rows of two tickers and one input.
fn columns() -> PanelColumns {
    PanelColumns {
        codes: vec![vec![0, 127, 254]],
        input_names: vec!["a".into()],
        symbols: vec!["A".into(), "B".into()],
        ticker: vec![0, 0, 1],
        date: vec![5, 6, 5],
        today: vec![0.0, 1e6, 20.0],
        moving_average: vec![1.0; 3],
        target: vec![10.0, 2e6, 0.0],
    }
}

fn refusal(change: impl FnOnce(&mut PanelColumns)) -> PanelError {
    let mut columns = columns();
    change(&mut columns);
    Panel::new(columns).unwrap_err()
}

#[test]
fn a_label_is_the_log_ratio_of_tomorrow_to_today() {
    let panel = Panel::new(columns()).unwrap();
    assert_eq!(panel.row_count(), 3);
    for row in 0..3 {
        let target = (f64::from(panel.offset(row)) + f64::from(panel.label(row))).exp() - 1.0;
        let expected = f64::from(panel.columns().target[row]);
        assert!(
            (target - expected).abs() <= 1e-6 * (1.0 + expected),
            "{target}"
        );
    }
}

#[test]
fn refuses_inputs_that_do_not_fit_together() {
    let inputs = refusal(|columns| columns.codes.clear());
    assert_eq!(inputs, PanelError::InputCount { inputs: 0 });
    let names = refusal(|columns| columns.input_names.push("b".into()));
    assert_eq!(
        names,
        PanelError::NameCount {
            names: 2,
            inputs: 1
        }
    );
    let repeated = refusal(|columns| {
        columns.codes.push(vec![0; 3]);
        columns.input_names.push("a".into());
    });
    assert_eq!(repeated, PanelError::RepeatedName { name: "a".into() });
    let code = refusal(|columns| columns.codes[0][1] = 255);
    assert_eq!(
        code,
        PanelError::Code {
            input: "a".into(),
            row: 1
        }
    );
}

#[test]
fn refuses_columns_of_other_lengths() {
    let of = |column: &str, rows| PanelError::UnequalLength {
        column: column.into(),
        rows,
        expected: 3,
    };
    assert_eq!(refusal(|columns| columns.codes[0].push(0)), of("a", 4));
    assert_eq!(refusal(|columns| columns.ticker.clear()), of("ticker", 0));
    assert_eq!(refusal(|columns| columns.today.clear()), of("today", 0));
    assert_eq!(refusal(|columns| columns.target.push(1.0)), of("target", 4));
    let moving_average = refusal(|columns| columns.moving_average.clear());
    assert_eq!(moving_average, of("moving_average", 0));
}

#[test]
fn refuses_volumes_that_are_none() {
    for no_volume in [f32::NAN, f32::INFINITY, -1.0] {
        let target = refusal(|columns| columns.target[2] = no_volume);
        assert_eq!(
            target,
            PanelError::Volume {
                column: "target",
                row: 2
            }
        );
    }
}

#[test]
fn refuses_rows_out_of_order() {
    let ticker = refusal(|columns| columns.ticker[2] = 2);
    assert_eq!(
        ticker,
        PanelError::Ticker {
            row: 2,
            ticker: 2,
            symbols: 2
        }
    );
    let order = |what, position| PanelError::Order { what, position };
    assert_eq!(refusal(|columns| columns.date[1] = 5), order("row", 1));
    assert_eq!(refusal(|columns| columns.ticker[0] = 1), order("row", 1));
    let symbol = refusal(|columns| columns.symbols.swap(0, 1));
    assert_eq!(symbol, order("symbol", 1));
}

//! What ships does not look ahead.

use features::column::Column;
use features::operation::Operation;
use features::schema::{Feature, FeatureSchema, Target};
use features::volume_inputs::volume_inputs;
use proptest::collection::vec;
use proptest::prelude::*;
use tickermill_market::audit::{AuditPlan, AuditedTicker, Verdict, audit_declared};
use tickermill_market::table::PriceTable;

use crate::tickers::{daily, synthetic, ticker};

fn inputs_of_volume() -> FeatureSchema {
    FeatureSchema::declare(volume_inputs(), Target::default()).unwrap()
}

/// Every operation on every column, over some rows.
fn everything(window: usize) -> FeatureSchema {
    let mut features = Vec::new();
    for column in Column::all() {
        for operation in Operation::ALL {
            for relative in [false, true] {
                let name = format!("f{}", features.len());
                features.push(Feature {
                    name,
                    column,
                    operation,
                    window,
                    relative,
                });
            }
        }
    }
    FeatureSchema::declare(features, Target::default()).unwrap()
}

#[test]
fn every_shipped_feature_passes_on_a_synthetic_market() {
    let tickers = synthetic();
    let plan = AuditPlan { cuts: 6, seed: 42 };
    for schema in [FeatureSchema::default(), inputs_of_volume(), everything(5)] {
        let report = audit_declared(&schema, &tickers, &plan).unwrap();
        assert_eq!(report.check(), Ok(()));
        assert_eq!(report.features.len(), schema.features().len());
        for (audited, feature) in report.features.iter().zip(schema.features()) {
            assert_eq!(audited.name, feature.name);
            assert_eq!(audited.verdict, Verdict::Passed, "{}", audited.name);
        }
    }
}

#[test]
fn a_feature_without_a_value_is_not_said_to_pass() {
    let schema = FeatureSchema::declare(features::schema::standard(500), Target::default());
    let tickers = [daily("A", 0, 100)];
    let plan = AuditPlan { cuts: 9, seed: 1 };
    let report = audit_declared(&schema.unwrap(), &tickers, &plan).unwrap();
    assert_eq!(report.check(), Ok(()));
    assert_eq!(report.features.len(), 2);
    for audited in report.features {
        assert_eq!(audited.verdict, Verdict::Unseen);
    }
}

#[test]
fn where_nothing_can_be_cut_nothing_is_seen() {
    let plan = AuditPlan { cuts: 9, seed: 1 };
    for tickers in [vec![], vec![daily("A", 0, 1), daily("B", 5, 0)]] {
        let report = audit_declared(&FeatureSchema::default(), &tickers, &plan).unwrap();
        assert_eq!(report.cuts, [0; 0]);
        assert_eq!(report.features.len(), 2);
        for audited in report.features {
            assert_eq!(audited.verdict, Verdict::Unseen);
        }
    }
}

/// A ticker of any rows that a reader hands out: with gaps between dates, zeros and negative adjusted prices.
fn any_ticker(name: &'static str) -> impl Strategy<Value = AuditedTicker> {
    let price = || prop_oneof![1 => Just(0.0), 9 => 0.01..1_000.0_f64];
    let prices = [price(), price(), price(), price()];
    let row = (1..5_i32, prices, -9.0..99.0_f64, 0..9_000_i64);
    vec(row, 0..90).prop_map(move |rows| {
        let mut table = PriceTable::with_capacity(rows.len());
        let mut date = 12_000;
        for (days, [open, high, low, close], adj_close, volume) in rows {
            date += days;
            table.date.push(date);
            table.open.push(open);
            table.high.push(high);
            table.low.push(low);
            table.close.push(close);
            table.adj_close.push(adj_close);
            table.volume.push(volume);
        }
        ticker(name, table)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn shipped_features_pass_on_any_rows(
        one in any_ticker("A"), other in any_ticker("B"), window in 1..40_usize,
        seed in any::<u64>(),
    ) {
        let tickers = [one, other];
        let plan = AuditPlan { cuts: 3, seed };
        let schemas = [FeatureSchema::default(), inputs_of_volume(), everything(window)];
        for schema in schemas {
            let report = audit_declared(&schema, &tickers, &plan).unwrap();
            prop_assert_eq!(report.check(), Ok(()));
        }
    }
}

//! The reader says what the reference reader says.

use proptest::prelude::*;
use tickermill_market::csv::read_price_file;

use crate::generator::price_file;
use crate::reference::{self, Reading};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn agrees_with_the_reference_reader(file in price_file()) {
        prop_assert_eq!(read_price_file(&file).map(Reading::from), reference::read(&file));
    }
}

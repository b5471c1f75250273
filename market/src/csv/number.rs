//! Numbers as price files write them.

/// Why a field is not a price or a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberFault {
    NotANumber,
    Infinite,
    Negative,
    Fractional,
    OutOfRange,
}

/// The price at the start of `bytes`, with its length, where it begins with a digit (or a minus and a digit) and is finite.
///
/// Correctly rounded: Lemire, "Number parsing at a gigabyte per second", 2021.
#[inline]
pub(super) fn leading_price(bytes: &[u8]) -> Option<(f64, usize)> {
    let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
    if !digits.first()?.is_ascii_digit() {
        return None;
    }
    fast_float2::parse_partial::<f64, _>(bytes)
        .ok()
        .filter(|(value, _)| value.is_finite())
}

/// A whole number of plain digits at the start of `bytes`, with its length, if it fits.
#[inline]
pub(super) fn leading_integer(bytes: &[u8]) -> Option<(i64, usize)> {
    let mut at = 0;
    let mut value: i64 = 0;
    while let Some(digit) = bytes
        .get(at)
        .map(|byte| byte.wrapping_sub(b'0'))
        .filter(|digit| *digit < 10)
    {
        value = value.wrapping_mul(10).wrapping_add(i64::from(digit));
        at += 1;
    }
    (1..=18).contains(&at).then_some((value, at))
}

/// The correctly rounded float64 of a whole field: `[+-](digits[.digits] | .digits)[(e|E)[+-]digits]`.
pub(super) fn price(field: &str) -> Result<f64, NumberFault> {
    if is_infinity(field) {
        return Err(NumberFault::Infinite);
    }
    if !is_decimal(field) {
        return Err(NumberFault::NotANumber);
    }
    let value: f64 = field.parse().map_err(|_| NumberFault::NotANumber)?;
    if value.is_infinite() {
        return Err(NumberFault::Infinite);
    }
    Ok(value)
}

/// A volume: a number of [`price`]'s grammar that is whole and not negative, such as `1234`, `1234.0` or `1.2e6`.
///
/// Plain digits are read exactly up to `i64::MAX`.
pub(super) fn volume(field: &str) -> Result<i64, NumberFault> {
    if let Some(digits) = field
        .strip_suffix(".0")
        .or(Some(field))
        .filter(|text| text.bytes().all(|b| b.is_ascii_digit()))
        && !digits.is_empty()
    {
        return digits.parse().map_err(|_| NumberFault::OutOfRange);
    }
    let value = price(field)?;
    if value < 0.0 {
        return Err(NumberFault::Negative);
    }
    if value.fract() != 0.0 {
        return Err(NumberFault::Fractional);
    }
    // 2^63 is a float64, and every smaller float64 fits.
    if value >= 9_223_372_036_854_775_808.0 {
        return Err(NumberFault::OutOfRange);
    }
    Ok(value as i64)
}

fn is_infinity(field: &str) -> bool {
    let word = field.trim_start_matches(['+', '-']);
    word.eq_ignore_ascii_case("inf") || word.eq_ignore_ascii_case("infinity")
}

/// Whether `field` is of the grammar: `str::parse` alone would take `nan` and `infinity` too.
fn is_decimal(field: &str) -> bool {
    field.bytes().any(|byte| byte.is_ascii_digit())
        && field
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{NumberFault, leading_integer, leading_price, price, volume};

    proptest! {
        #[test]
        fn leading_prices_are_those_of_the_whole_field(text in r"-?[0-9]{1,20}(\.[0-9]{0,24})?(e-?[0-9]{1,3})?") {
            if let Some((value, length)) = leading_price(format!("{text},1").as_bytes()) {
                prop_assert_eq!(length, text.len());
                prop_assert_eq!(Ok(value.to_bits()), price(&text).map(f64::to_bits));
            }
        }

        #[test]
        fn prices_of_any_float_round_trip(value in prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO) {
            prop_assert_eq!(price(&format!("{value}")).unwrap().to_bits(), value.to_bits());
            prop_assert_eq!(price(&format!("{value:e}")).unwrap().to_bits(), value.to_bits());
        }

        #[test]
        fn volumes_are_exact(value in 0..=i64::MAX) {
            prop_assert_eq!(volume(&value.to_string()), Ok(value));
            prop_assert_eq!(volume(&format!("{value}.0")), Ok(value));
            if let Some((short, _)) = leading_integer(value.to_string().as_bytes()) {
                prop_assert_eq!(short, value);
            }
        }
    }

    #[test]
    fn refuses_what_is_not_a_number() {
        for field in [
            "nan", "NaN", "null", "1_000", "0x1", "1,0", "--1", "1e", "e5", ".", "1.2.3", "$5",
            "1 0", "½",
        ] {
            assert_eq!(price(field), Err(NumberFault::NotANumber), "{field}");
        }
        for field in ["inf", "-Infinity", "1e999", "+inf"] {
            assert_eq!(price(field), Err(NumberFault::Infinite), "{field}");
        }
        assert_eq!(price("-0.0").unwrap().to_bits(), (-0.0_f64).to_bits());
        assert_eq!(price("+.5e1"), Ok(5.0));
        assert_eq!(price("7."), Ok(7.0));
    }

    #[test]
    fn refuses_what_is_not_a_volume() {
        assert_eq!(volume("-1"), Err(NumberFault::Negative));
        assert_eq!(volume("1.5"), Err(NumberFault::Fractional));
        assert_eq!(volume("9223372036854775808"), Err(NumberFault::OutOfRange));
        assert_eq!(volume("1e19"), Err(NumberFault::OutOfRange));
        assert_eq!(volume("1.2e6"), Ok(1_200_000));
        assert_eq!(volume("-0"), Ok(0));
        assert_eq!(volume("7421640800"), Ok(7_421_640_800));
    }
}

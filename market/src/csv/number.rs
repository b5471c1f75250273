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

/// The powers of ten that fit 64 bits.
const POWERS_OF_TEN: [u64; 20] = {
    let mut powers = [1; 20];
    let mut exponent = 1;
    while exponent < powers.len() {
        powers[exponent] = powers[exponent - 1] * 10;
        exponent += 1;
    }
    powers
};

/// The most digits that every number of them fits 64 bits.
const DIGITS_OF_A_WORD: usize = 19;

/// The correctly rounded price at the start of `bytes`, with its length, where it is plainly written: at most seven
/// digits, a point, then a digit or more, at most 19 in all.
///
/// What follows is not looked at. `None` too where fewer than eight bytes follow.
#[inline]
pub(super) fn leading_price(bytes: &[u8]) -> Option<(f64, usize)> {
    let (mut digits, integers) = up_to_eight_digits(bytes)?;
    if integers == 0 || bytes[integers.min(7)] != b'.' {
        return None;
    }
    let mut length = integers + 1;
    loop {
        let (next, count) = up_to_eight_digits(&bytes[length..])?;
        length += count;
        if length - 1 > DIGITS_OF_A_WORD {
            return None;
        }
        digits = digits * POWERS_OF_TEN[count] + next;
        if count < 8 {
            break;
        }
    }
    let decimals = length - 1 - integers;
    (decimals > 0).then(|| (nearest_quotient(digits, decimals), length))
}

/// A whole number of at most 15 plain digits at the start of `bytes`, with its length.
///
/// What follows is not looked at. `None` too where fewer than eight bytes follow.
#[inline]
pub(super) fn leading_integer(bytes: &[u8]) -> Option<(i64, usize)> {
    let (mut value, mut length) = up_to_eight_digits(bytes)?;
    if length == 8 {
        let (next, count) = up_to_eight_digits(&bytes[8..])?;
        value = value * POWERS_OF_TEN[count] + next;
        length += count;
    }
    (1..=15).contains(&length).then_some((value as i64, length))
}

/// The number that the first digits of `bytes` make, at most eight of them, and how many they are; `None` where there
/// are not eight bytes.
///
/// All eight bytes are taken at once, the first in the lowest place of a word, for a loop over digits whose number
/// varies is a jump that no processor foresees.
#[inline]
fn up_to_eight_digits(bytes: &[u8]) -> Option<(u64, usize)> {
    let word = u64::from_le_bytes(*bytes.first_chunk()?) ^ 0x3030_3030_3030_3030;
    // A digit is now below 10, and 0x76 more leaves the top bit of its byte clear. A carry reaches later bytes alone.
    let others = (word.wrapping_add(0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080;
    let count = others.trailing_zeros() / 8;
    // The digits move to the last places, after as many zeros as are needed to make eight.
    let digits = word.checked_shl(64 - 8 * count).unwrap_or(0);
    // Neighbours are put together: 8 digits, 4 numbers below 100, 2 below 10,000, one.
    let pairs = (digits.wrapping_mul(10) + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let quads = (pairs.wrapping_mul(100) + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    let value = (quads.wrapping_mul(10_000) + (quads >> 32)) & 0xffff_ffff;
    Some((value, count as usize))
}

/// The float64 nearest to `digits / 10^decimals`, a tie going to the even one; `decimals` is at most 19.
///
/// The quotient is taken to 62 or 63 bits, exactly but for its last bit, which is set where a remainder is left; so the
/// one rounding, to the 53 bits of a float64, goes the way the exact quotient would.
#[inline]
fn nearest_quotient(digits: u64, decimals: usize) -> f64 {
    if digits == 0 {
        return 0.0;
    }
    let divisor = POWERS_OF_TEN[decimals];
    let (digit_shift, divisor_shift) = (digits.leading_zeros(), divisor.leading_zeros());
    let dividend = u128::from(digits << digit_shift) << 62;
    let divisor = u128::from(divisor << divisor_shift);
    let quotient = (dividend / divisor) as i64 | i64::from(dividend % divisor != 0);
    let exponent = 1023 - 62 + u64::from(divisor_shift) - u64::from(digit_shift);
    quotient as f64 * f64::from_bits(exponent << 52)
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
    let word = field.strip_prefix(['+', '-']).unwrap_or(field);
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

    use super::{
        NumberFault, POWERS_OF_TEN, leading_integer, leading_price, nearest_quotient, price, volume,
    };

    proptest! {
        #[test]
        fn leading_prices_are_those_of_the_whole_field(text in r"[0-9]{1,8}\.[0-9]{0,20}", rest in r"[,e\-\n\r]\PC{8}") {
            let plain = (3..=20).contains(&text.len()) && !text.ends_with('.') && text.find('.') < Some(8);
            match leading_price(format!("{text}{rest}").as_bytes()) {
                Some((value, length)) => {
                    prop_assert_eq!(length, text.len());
                    prop_assert_eq!(Ok(value.to_bits()), price(&text).map(f64::to_bits));
                }
                None => prop_assert!(!plain, "a plain price was not taken"),
            }
        }

        #[test]
        fn leading_prices_of_any_float_are_exact(value in 1e-4..1e7_f64, single in 1e-4..1e7_f32) {
            for value in [value, f64::from(single)] {
                let text = format!("{value}");
                if let Some((read, length)) = leading_price(format!("{text},        ").as_bytes()) {
                    prop_assert_eq!(length, text.len());
                    prop_assert_eq!(read.to_bits(), value.to_bits());
                }
            }
        }

        #[test]
        fn quotients_round_as_the_standard_library_does(digits: u64, shift in 0..64_u32, decimals in 0..20_usize) {
            let digits = digits >> shift;
            let want: f64 = format!("{digits}e-{decimals}").parse().unwrap();
            prop_assert_eq!(nearest_quotient(digits, decimals).to_bits(), want.to_bits());
        }

        #[test]
        fn quotients_next_to_a_tie_are_exact(half in (1_u64 << 52)..(1 << 53), decimals in 0..=3_usize, off in -1..=1_i64) {
            let tie = 2 * half + 1;
            let digits = (tie * POWERS_OF_TEN[decimals]).strict_add_signed(off);
            let want: f64 = format!("{digits}e-{decimals}").parse().unwrap();
            prop_assert_eq!(nearest_quotient(digits, decimals).to_bits(), want.to_bits());
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
            let short = value >> 14;
            let text = format!("{short}\n        ");
            let want = (short < 1_000_000_000_000_000).then(|| (short, text.trim_end().len()));
            prop_assert_eq!(leading_integer(text.as_bytes()), want);
        }
    }

    #[test]
    fn refuses_what_is_not_a_number() {
        for field in [
            "nan", "NaN", "null", "1_000", "0x1", "1,0", "--1", "1e", "e5", ".", "1.2.3", "$5",
            "1 0", "½", "--inf",
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

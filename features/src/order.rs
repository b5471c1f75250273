//! Floats as integers of the same order, so that medians and extremes have one kernel for both types.

/// The integer whose order among keys is that of `f64::total_cmp`: the negative zero comes before the positive.
pub(crate) const fn key_of(value: f64) -> i64 {
    flip_negative(value.to_bits() as i64)
}

/// The float that has the key.
pub(crate) const fn value_of(key: i64) -> f64 {
    f64::from_bits(flip_negative(key) as u64)
}

/// Flips all bits but the sign where the sign is set: the greater the magnitude of a negative, the lesser its key.
const fn flip_negative(bits: i64) -> i64 {
    bits ^ ((bits >> 63) as u64 >> 1) as i64
}

#[cfg(test)]
mod tests {
    use super::{key_of, value_of};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_are_ordered_as_their_values(one in any::<f64>(), other in any::<f64>()) {
            prop_assert_eq!(key_of(one).cmp(&key_of(other)), one.total_cmp(&other));
            prop_assert_eq!(value_of(key_of(one)).to_bits(), one.to_bits());
        }
    }

    #[test]
    fn zeros_are_told_apart() {
        assert!(key_of(-0.0) < key_of(0.0));
    }
}

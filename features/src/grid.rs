//! One grid for all inputs of boosted trees, so that a value takes one byte.
//!
//! Edge `k` is `SCALE * sinh((k + 0.5) * STEP)` for `k` from -127 to 126: close to evenly spaced around 0 (3e-3 apart,
//! below `SCALE`), and a constant ratio (5.8%) apart far from it.

use std::sync::LazyLock;

/// Where the spacing turns from even to proportional.
const SCALE: f64 = 0.05;

/// The outermost edges are at -32 and 32, about.
const STEP: f64 = 0.05656;

/// The number of edges; there is one code more.
const EDGES: usize = 254;

static GRID: LazyLock<[f32; EDGES]> = LazyLock::new(|| {
    std::array::from_fn(|index| {
        let k = index as f64 - 127.0;
        // libm rather than the platform's, so that the bits are the same on every machine.
        (SCALE * libm::sinh((k + 0.5) * STEP)) as f32
    })
});

/// The 254 edges, strictly increasing and symmetric about 0, in the unit of the inputs.
pub fn edges() -> &'static [f32] {
    &*GRID
}

/// The number of edges that are at most the value, from 0 to 254, once it is rounded to float32.
///
/// So for every edge `i`, `value as f32 < edges()[i]` is exactly `code(value) <= i`. Infinities have the outermost
/// codes. NaN has none: it panics in debug builds and gives 0 in others.
pub fn code(value: f64) -> u8 {
    debug_assert!(!value.is_nan(), "a value that is missing has no code");
    let value = value as f32;
    GRID.partition_point(|edge| *edge <= value) as u8
}

/// The least float32 of a code, which splits on edges cannot tell from any other value of that code.
///
/// For code 0, the greatest. Panics beyond code 254.
pub fn value(code: u8) -> f32 {
    match code {
        0 => GRID[0].next_down(),
        code => GRID[usize::from(code) - 1],
    }
}

#[cfg(test)]
mod tests {
    use super::{EDGES, code, edges};
    use proptest::prelude::*;

    /// Any number, and the edges with their neighbours.
    fn value() -> impl Strategy<Value = f64> {
        let near_an_edge = (0..EDGES, -1_i8..=1).prop_map(|(index, side)| {
            let edge = edges()[index];
            f64::from(match side {
                -1 => edge.next_down(),
                0 => edge,
                _ => edge.next_up(),
            })
        });
        let any_number = any::<f64>().prop_filter("a number", |value| !value.is_nan());
        prop_oneof![near_an_edge, -40.0..40.0, -0.1..0.1, any_number]
    }

    proptest! {
        #[test]
        fn branches_by_code_are_branches_by_value(value in value()) {
            let code = usize::from(code(value));
            for (index, edge) in edges().iter().enumerate() {
                prop_assert_eq!(code <= index, (value as f32) < *edge);
            }
        }
    }

    #[test]
    fn edges_increase_and_mirror_each_other() {
        assert!(edges().is_sorted_by(|left, right| left < right));
        for (left, right) in edges().iter().zip(edges().iter().rev()) {
            assert_eq!(left.to_bits(), (-right).to_bits());
        }
        let outermost = edges()[EDGES - 1];
        assert!((31.9..32.1).contains(&outermost), "{outermost}");
    }

    #[test]
    fn edges_have_the_same_bits_everywhere() {
        let bits = [126, 127, EDGES - 1].map(|index| edges()[index].to_bits());
        assert_eq!(bits, [0xbab9_5c4b, 0x3ab9_5c4b, 0x4200_0758]);
    }

    #[test]
    fn a_code_stands_for_a_value_of_its_own() {
        for number in 0..=EDGES as u8 {
            assert_eq!(code(f64::from(super::value(number))), number);
        }
    }

    #[test]
    fn infinities_have_the_outermost_codes() {
        assert_eq!([f64::NEG_INFINITY, f64::INFINITY].map(code), [0, 254]);
    }
}

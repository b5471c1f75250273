//! Numbers that look random and depend on a seed and a position alone.

/// Output number `position`, counted from 0, of the splitmix64 generator that starts at `seed` (Steele, Lea and Flood,
/// "Fast splittable pseudorandom number generators", 2014).
pub(crate) fn splitmix64(seed: u64, position: u64) -> u64 {
    let steps = position.wrapping_add(1);
    let mut mixed = seed.wrapping_add(steps.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

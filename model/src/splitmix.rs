//! Numbers that look random and depend on a seed and a position alone.

/// Output number `position`, counted from 0, of the splitmix64 generator that starts at `seed`
/// (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
pub(crate) fn splitmix64(seed: u64, position: u64) -> u64 {
    let steps = position.wrapping_add(1);
    let state = seed.wrapping_add(steps.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Draw number `position` of the stream `seed`, close to standard normal: twelve even draws from 0 to 1, less their
/// mean.
#[cfg(test)]
pub(crate) fn normal(seed: u64, position: u64) -> f64 {
    let even = |draw| splitmix64(seed, 12 * position + draw) as f64 / 2.0_f64.powi(64);
    (0..12).map(even).sum::<f64>() - 6.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_what_the_reference_gives() {
        // The first outputs of the reference implementation for the seed 1234567.
        let outputs: Vec<u64> = (0..3)
            .map(|position| splitmix64(1_234_567, position))
            .collect();
        assert_eq!(
            outputs,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }
}

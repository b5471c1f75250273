//! Seeded chance. Each stream of a seed is a sequence of its own, so that one who draws more does not change another's luck.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The stream that decides what happens in the simulated world.
pub(super) const SCENARIO: u64 = 0;
/// The stream of the network.
pub(super) const NETWORK: u64 = 1;
/// The stream of the first host; the others' follow.
pub(super) const HOSTS: u64 = 2;

pub(super) struct Chance(ChaCha8Rng);

impl Chance {
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(stream);
        Self(generator)
    }

    /// One of `0..bound`.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.0.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// True with this probability.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        (self.0.next_u64() >> 11) as f64 / ((1_u64 << 53) as f64) < probability
    }

    /// A whole number of milliseconds from `low` to `high`.
    pub(super) fn millis(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_millis(low + self.below(high - low + 1))
    }
}

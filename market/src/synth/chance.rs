//! Seeded chance that gives the same numbers on every platform.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The stream that decides what all tickers share: calendar factors, symbols, names and ages.
pub(crate) const MARKET_STREAM: u64 = 0;

/// The stream of the ticker with this index in the market.
pub(crate) fn ticker_stream(ticker_index: usize) -> u64 {
    1 + ticker_index as u64
}

/// The stream of the faulty ticker with this index, apart from every clean ticker's.
pub(crate) fn fault_stream(fault_index: usize) -> u64 {
    (1 << 32) + fault_index as u64
}

/// A source of random numbers: ChaCha8 keyed by the seed, one stream for each use.
///
/// It takes nothing from libraries whose values may change between versions or platforms:
/// additions, products, quotients and square roots are exact by IEEE 754, logarithms and
/// exponentials come from the `libm` crate.
pub(crate) struct Chance {
    generator: ChaCha8Rng,
    spare_normal: Option<f64>,
}

impl Chance {
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(stream);
        Self {
            generator,
            spare_normal: None,
        }
    }

    /// Uniform in `[0, 1)`, in steps of 2⁻⁵³.
    pub(crate) fn uniform(&mut self) -> f64 {
        const STEP: f64 = 1.0 / (1u64 << 53) as f64;
        (self.generator.next_u64() >> 11) as f64 * STEP
    }

    /// Uniform in `[low, high)`.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// Uniform among `0..bound`; `bound` is at least 1.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.generator.next_u64()) * bound as u128) >> 64) as usize
    }

    /// One of `choices`, which is not empty.
    pub(crate) fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }

    /// True with this probability.
    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Exponentially distributed with mean 1.
    pub(crate) fn exponential(&mut self) -> f64 {
        -libm::log(1.0 - self.uniform())
    }

    /// Normally distributed with mean 0 and variance 1 (Marsaglia's polar method).
    pub(crate) fn normal(&mut self) -> f64 {
        if let Some(normal) = self.spare_normal.take() {
            return normal;
        }
        loop {
            let x = self.between(-1.0, 1.0);
            let y = self.between(-1.0, 1.0);
            let squared_radius = x * x + y * y;
            if squared_radius == 0.0 || squared_radius >= 1.0 {
                continue;
            }
            let scale = (-2.0 * libm::log(squared_radius) / squared_radius).sqrt();
            self.spare_normal = Some(y * scale);
            return x * scale;
        }
    }

    /// Puts `items` in random order (Fisher and Yates).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

//! The block bootstrap over dates: how far a figure would move with other dates of the same kind.

use crate::splitmix::splitmix64;
use rayon::prelude::*;
use thiserror::Error;

/// The fewest resamples of which a tail of 2.5% can be told.
const MIN_RESAMPLES: usize = 39;

/// The most resamples: far beyond use.
const MAX_RESAMPLES: usize = 100_000;

/// How 95% intervals are drawn: a circular moving-block bootstrap over dates (Künsch, "The jackknife and the bootstrap
/// for general stationary observations", 1989; Politis and Romano, "A circular block-resampling procedure for
/// stationary data", 1992).
///
/// Errors of one date go together, over all tickers, and those of neighbouring dates stay together in blocks, so that
/// neither market-wide days nor runs of them make intervals too narrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bootstrap {
    resamples: usize,
    block_sessions: usize,
    seed: u64,
}

/// A number outside its range.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BootstrapError {
    /// Too few resamples for a tail, or too many.
    #[error(
        "the number of resamples is {resamples}: set it from {MIN_RESAMPLES} to {MAX_RESAMPLES}"
    )]
    Resamples {
        /// What was given.
        resamples: usize,
    },
    /// Blocks without a date.
    #[error("the blocks of the bootstrap have 0 sessions: set at least 1")]
    BlockSessions,
}

impl Default for Bootstrap {
    /// 1,000 resamples of blocks of 20 sessions, about a month, seed 0.
    fn default() -> Self {
        Self {
            resamples: 1_000,
            block_sessions: 20,
            seed: 0,
        }
    }
}

impl Bootstrap {
    /// `resamples`, from 39 to 100,000, of blocks of `block_sessions` dates, at least 1. The same seed draws the same.
    ///
    /// Of a history whose number of dates has a smaller root, blocks are as long as the root, so that there are always
    /// as many blocks to draw as each has dates.
    pub fn new(resamples: usize, block_sessions: usize, seed: u64) -> Result<Self, BootstrapError> {
        if !(MIN_RESAMPLES..=MAX_RESAMPLES).contains(&resamples) {
            return Err(BootstrapError::Resamples { resamples });
        }
        if block_sessions == 0 {
            return Err(BootstrapError::BlockSessions);
        }
        Ok(Self {
            resamples,
            block_sessions,
            seed,
        })
    }

    /// For each resample the sums over as many dates as `series` has, of the values that each date has together.
    ///
    /// Resamples of different `stream`s are independent. Never depends on the number of threads. Panics without dates.
    pub(crate) fn resampled_totals<const N: usize>(
        &self,
        series: &[[f64; N]],
        stream: u64,
    ) -> Vec<[f64; N]> {
        let dates = series.len();
        let block_length = self.block_sessions.min(dates.isqrt()).max(1);
        let whole_blocks = dates / block_length;
        // Sums of blocks rather than differences of running sums, which would not be exact.
        let blocks = circular_sums(series, block_length);
        let last_blocks = circular_sums(series, dates % block_length);
        let seed = splitmix64(self.seed, stream);

        let resamples = (0..self.resamples).into_par_iter();
        resamples
            .map(|resample| {
                let mut totals = [0.0; N];
                for block in 0..=whole_blocks {
                    let draw = splitmix64(seed, (resample * (whole_blocks + 1) + block) as u64);
                    // Multiplied into range: Lemire, "Fast random integer generation in an interval", 2019.
                    let start = ((u128::from(draw) * dates as u128) >> 64) as usize;
                    let sums = if block < whole_blocks {
                        &blocks
                    } else {
                        &last_blocks
                    };
                    add(&mut totals, &sums[start]);
                }
                totals
            })
            .collect()
    }
}

/// The central interval that holds 95% of `figures`, by their order statistics; those that are not finite are left out.
///
/// `None` where fewer than 39 are left.
pub(crate) fn central_interval(mut figures: Vec<f64>) -> Option<(f64, f64)> {
    figures.retain(|figure| figure.is_finite());
    // The (B + 1) * 2.5%-th smallest and largest of B: Efron and Tibshirani, "An introduction to the bootstrap", 1993.
    let tail = (figures.len() + 1) / 40;
    if tail == 0 {
        return None;
    }
    figures.sort_unstable_by(f64::total_cmp);
    Some((figures[tail - 1], figures[figures.len() - tail]))
}

/// For each start the sums of `length` entries from there on, beginning again after the last.
fn circular_sums<const N: usize>(series: &[[f64; N]], length: usize) -> Vec<[f64; N]> {
    let starts = 0..series.len();
    starts
        .map(|start| {
            let mut sums = [0.0; N];
            for entry in series[start..].iter().chain(series).take(length) {
                add(&mut sums, entry);
            }
            sums
        })
        .collect()
}

fn add<const N: usize>(sums: &mut [f64; N], entry: &[f64; N]) {
    for (sum, value) in sums.iter_mut().zip(entry) {
        *sum += value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_numbers_out_of_range() {
        assert_eq!(
            Bootstrap::new(38, 20, 0),
            Err(BootstrapError::Resamples { resamples: 38 })
        );
        assert_eq!(
            Bootstrap::new(100_001, 20, 0),
            Err(BootstrapError::Resamples { resamples: 100_001 })
        );
        assert_eq!(Bootstrap::new(39, 0, 0), Err(BootstrapError::BlockSessions));
        assert_eq!(Bootstrap::new(1_000, 20, 0), Ok(Bootstrap::default()));
    }

    #[test]
    fn a_resample_has_as_many_dates_and_draws_each_alike() {
        let dates = 47;
        let series: Vec<[f64; 2]> = (0..dates).map(|date| [1.0, f64::from(date)]).collect();
        let totals = Bootstrap::default().resampled_totals(&series, 0);
        assert!(totals.iter().all(|[dates, _]| (dates - 47.0).abs() < 1e-9));
        let mean = totals.iter().map(|[_, total]| total).sum::<f64>() / (1_000.0 * 47.0);
        assert!((mean - 23.0).abs() < 0.5, "{mean}");
        assert_eq!(totals, Bootstrap::default().resampled_totals(&series, 0));
        assert_ne!(totals, Bootstrap::default().resampled_totals(&series, 1));
    }

    #[test]
    fn blocks_go_around_the_end() {
        let sums = circular_sums(&[[1.0], [10.0], [100.0]], 2);
        assert_eq!(sums, [[11.0], [110.0], [101.0]]);
        assert_eq!(circular_sums(&[[1.0]], 0), [[0.0]]);
    }

    #[test]
    fn the_interval_leaves_out_a_fortieth_on_either_side() {
        let figures = |count: u32| (1..=count).rev().map(f64::from).collect::<Vec<f64>>();
        assert_eq!(central_interval(figures(999)), Some((25.0, 975.0)));
        assert_eq!(central_interval(figures(39)), Some((1.0, 39.0)));
        assert_eq!(central_interval(figures(38)), None);
        let mut with_none = figures(39);
        with_none.extend([f64::NAN, f64::NEG_INFINITY]);
        assert_eq!(central_interval(with_none), Some((1.0, 39.0)));
    }
}

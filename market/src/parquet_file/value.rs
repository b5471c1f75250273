//! Numbers as Parquet stores them.

use arrow_buffer::ArrowNativeType;
use parquet::file::statistics::Statistics;

/// A number of a column.
pub(super) trait Value: ArrowNativeType + PartialOrd {
    /// What a column's metadata says of its values: the least and the greatest, if they are known, and how many are null.
    fn statistics(least: Option<Self>, greatest: Option<Self>, nulls: u64) -> Statistics;
}

impl Value for i64 {
    fn statistics(least: Option<Self>, greatest: Option<Self>, nulls: u64) -> Statistics {
        Statistics::int64(least, greatest, None, Some(nulls), false)
    }
}

impl Value for u64 {
    /// Bounds are of the unsigned order, and stored as the same bits.
    fn statistics(least: Option<Self>, greatest: Option<Self>, nulls: u64) -> Statistics {
        let stored = |bound: u64| bound as i64;
        Statistics::int64(
            least.map(stored),
            greatest.map(stored),
            None,
            Some(nulls),
            false,
        )
    }
}

impl Value for f64 {
    /// A bound of zero is of the sign that bounds both zeros, as the format asks.
    fn statistics(least: Option<Self>, greatest: Option<Self>, nulls: u64) -> Statistics {
        let least = least.map(|value| if value == 0.0 { -0.0 } else { value });
        let greatest = greatest.map(|value| if value == 0.0 { 0.0 } else { value });
        Statistics::double(least, greatest, None, Some(nulls), false)
    }
}

/// The least and the greatest of these values; `None` where there are none, or the first is not a number.
pub(super) fn least_and_greatest<T: Value>(slices: &[&[T]]) -> Option<(T, T)> {
    let first = *slices.iter().find_map(|slice| slice.first())?;
    let (mut least, mut greatest) = (first, first);
    for value in slices.iter().copied().flatten() {
        least = if *value < least { *value } else { least };
        greatest = if *value > greatest { *value } else { greatest };
    }
    (least <= greatest).then_some((least, greatest))
}

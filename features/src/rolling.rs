//! What the kernels share: nulls and infinities are dealt with here, so that a kernel sees complete windows alone.

use arrow_array::{Array, ArrowPrimitiveType, Float64Array, PrimitiveArray};
use arrow_buffer::{BooleanBuffer, NullBuffer};

/// Computes one value for each row from the window that ends there; null where that window is incomplete, has a null,
/// or gives a value that is not finite. Panics where the window has no rows.
///
/// Nulls cut a column into runs. `kernel` gets a run of at least `window` rows, and one result to set for each complete
/// window in it, so that `results[i]` belongs to `run[i..i + window]`.
pub(crate) fn rolling<T: ArrowPrimitiveType>(
    column: &PrimitiveArray<T>,
    window: usize,
    kernel: impl Fn(&[T::Native], &mut [f64]),
) -> Float64Array {
    assert!(window > 0, "a window has at least one row");
    let mut values = vec![f64::NAN; column.len()];
    for (start, end) in runs_without_nulls(column) {
        if end - start >= window {
            kernel(
                &column.values()[start..end],
                &mut values[start + window - 1..end],
            );
        }
    }
    let finite = BooleanBuffer::collect_bool(values.len(), |row| values[row].is_finite());
    Float64Array::new(values.into(), Some(NullBuffer::new(finite)))
}

fn runs_without_nulls(column: &dyn Array) -> Vec<(usize, usize)> {
    match column.nulls() {
        Some(nulls) => nulls.valid_slices().collect(),
        None => vec![(0, column.len())],
    }
}

/// How many windows are computed side by side: enough to hide the latency of an addition.
pub(crate) const LANES: usize = 16;

/// Computes consecutive windows side by side, which is faster than one after the other and changes no bit, as each
/// window still adds its own rows in their order.
///
/// `block` gets the `window + LANES - 1` rows of [`LANES`] windows, of which the first starts at its first row. Windows
/// beyond the last are padded with zeros and their results dropped.
pub(crate) fn side_by_side(
    run: &[f64],
    window: usize,
    results: &mut [f64],
    block: impl Fn(&[f64]) -> [f64; LANES],
) {
    let (blocks, rest) = results.as_chunks_mut::<LANES>();
    for (index, results) in blocks.iter_mut().enumerate() {
        *results = block(&run[index * LANES..][..window + LANES - 1]);
    }
    if rest.is_empty() {
        return;
    }
    let mut padded = run[blocks.len() * LANES..].to_vec();
    padded.resize(window + LANES - 1, 0.0);
    rest.copy_from_slice(&block(&padded)[..rest.len()]);
}

/// The sum of `term(lane, value)` over the rows of each window of a block, in row order.
///
/// Sums start at the negative zero, which is the neutral element of floating-point addition.
pub(crate) fn block_sums(block: &[f64], term: impl Fn(usize, f64) -> f64) -> [f64; LANES] {
    let mut sums = [-0.0; LANES];
    for values in block.array_windows::<LANES>() {
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum += term(lane, values[lane]);
        }
    }
    sums
}

//! Moving medians that were measured against each other; the library keeps the binary insertion.
//!
//! All have one shape: `keys` are order-preserving integers, and `emit` is called once for each complete window,
//! in row order, with the two middle keys of the window (the same key twice where the window is odd).

pub(crate) mod bitset;
pub(crate) mod blocks;
pub(crate) mod heaps;
pub(crate) mod sorted;

/// A moving median over keys.
pub(crate) type Candidate = fn(&[i64], usize, &mut dyn FnMut(i64, i64));

/// Every candidate by name.
pub(crate) const CANDIDATES: [(&str, Candidate); 7] = [
    ("quickselect per window", sorted::quickselect),
    ("binary insertion (memmove)", sorted::binary_insertion),
    ("insertion by neighbour swaps", sorted::neighbour_swaps),
    ("branch-free linear merge", sorted::linear_merge),
    ("two heaps, lazy deletion", heaps::two_heaps),
    ("bit set over ranks", bitset::rank_bitset),
    ("sorted blocks, linked lists", blocks::sorted_blocks),
];

/// Panics where a candidate differs from the simplest one.
pub(crate) fn check(candidate: Candidate, keys: &[i64], window: usize) {
    let middles_of = |candidate: Candidate| {
        let mut middles = Vec::new();
        candidate(keys, window, &mut |low, high| middles.push((low, high)));
        middles
    };
    assert!(
        middles_of(candidate) == middles_of(sorted::quickselect),
        "a candidate is wrong"
    );
}

//! Candidates that hold the window as a sorted vector, or sort it anew.

/// Selects the middle keys of a copy of each window.
pub(crate) fn quickselect(keys: &[i64], window: usize, emit: &mut dyn FnMut(i64, i64)) {
    let mut scratch = vec![0; window];
    for rows in keys.windows(window) {
        scratch.copy_from_slice(rows);
        let (below, &mut high, _) = scratch.select_nth_unstable(window / 2);
        let low = if window.is_multiple_of(2) {
            below
                .iter()
                .copied()
                .max()
                .expect("an even window has a lower half")
        } else {
            high
        };
        emit(low, high);
    }
}

fn slide(
    keys: &[i64],
    window: usize,
    emit: &mut dyn FnMut(i64, i64),
    replace: impl Fn(&mut [i64], i64, i64),
) {
    if keys.len() < window {
        return;
    }
    let mut sorted = keys[..window].to_vec();
    sorted.sort_unstable();
    emit(sorted[(window - 1) / 2], sorted[window / 2]);
    for (&leaving, &entering) in keys.iter().zip(&keys[window..]) {
        replace(&mut sorted, leaving, entering);
        emit(sorted[(window - 1) / 2], sorted[window / 2]);
    }
}

/// Finds both places by binary search and moves what lies between them by one.
pub(crate) fn binary_insertion(keys: &[i64], window: usize, emit: &mut dyn FnMut(i64, i64)) {
    slide(keys, window, emit, |sorted, leaving, entering| {
        let from = sorted.partition_point(|&key| key < leaving);
        let to = sorted.partition_point(|&key| key < entering);
        if to > from {
            sorted.copy_within(from + 1..to, from);
            sorted[to - 1] = entering;
        } else {
            sorted.copy_within(to..from, to + 1);
            sorted[to] = entering;
        }
    });
}

/// Finds the leaving key by binary search, puts the entering one there and swaps it into place.
pub(crate) fn neighbour_swaps(keys: &[i64], window: usize, emit: &mut dyn FnMut(i64, i64)) {
    slide(keys, window, emit, |sorted, leaving, entering| {
        let mut place = sorted.partition_point(|&key| key < leaving);
        while place + 1 < sorted.len() && sorted[place + 1] < entering {
            sorted[place] = sorted[place + 1];
            place += 1;
        }
        while place > 0 && sorted[place - 1] > entering {
            sorted[place] = sorted[place - 1];
            place -= 1;
        }
        sorted[place] = entering;
    });
}

/// Rewrites the whole window in one pass of minima and maxima.
pub(crate) fn linear_merge(keys: &[i64], window: usize, emit: &mut dyn FnMut(i64, i64)) {
    slide(keys, window, emit, |sorted, leaving, entering| {
        let last = sorted.len() - 1;
        if entering >= leaving {
            for place in 0..last {
                let merged = sorted[place].max(sorted[place + 1].min(entering));
                sorted[place] = if sorted[place] < leaving {
                    sorted[place]
                } else {
                    merged
                };
            }
            sorted[last] = sorted[last].max(entering);
        } else {
            for place in (1..=last).rev() {
                let merged = sorted[place].min(sorted[place - 1].max(entering));
                sorted[place] = if sorted[place] > leaving {
                    sorted[place]
                } else {
                    merged
                };
            }
            sorted[0] = sorted[0].min(entering);
        }
    });
}

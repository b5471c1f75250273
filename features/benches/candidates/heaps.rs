//! The textbook candidate: a max-heap of the lower half, a min-heap of the upper, and lazy deletion.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

type Entry = (i64, usize);

/// Keeps `window - window / 2` live entries in the lower heap; entries are unique by row.
pub(crate) fn two_heaps(keys: &[i64], window: usize, emit: &mut dyn FnMut(i64, i64)) {
    let mut lower: BinaryHeap<Entry> = BinaryHeap::new();
    let mut upper: BinaryHeap<Reverse<Entry>> = BinaryHeap::new();
    let lower_size = window - window / 2;
    let mut live_in_lower = 0;
    for (row, &key) in keys.iter().enumerate() {
        let first = (row + 1).saturating_sub(window);
        let boundary = lower.peek().copied();
        if row >= window {
            let leaving = (keys[row - window], row - window);
            live_in_lower -= usize::from(boundary.is_some_and(|boundary| leaving <= boundary));
        }
        if boundary.is_some_and(|boundary| (key, row) > boundary) {
            upper.push(Reverse((key, row)));
        } else {
            lower.push((key, row));
            live_in_lower += 1;
        }
        let wanted = lower_size.min(row + 1);
        while live_in_lower > wanted {
            let entry = lower.pop().expect("it holds live entries");
            if entry.1 >= first {
                upper.push(Reverse(entry));
                live_in_lower -= 1;
            }
        }
        while live_in_lower < wanted {
            let Reverse(entry) = upper.pop().expect("the missing entry is above");
            if entry.1 >= first {
                lower.push(entry);
                live_in_lower += 1;
            }
        }
        while lower.peek().is_some_and(|entry| entry.1 < first) {
            lower.pop();
        }
        while upper.peek().is_some_and(|Reverse(entry)| entry.1 < first) {
            upper.pop();
        }
        if row + 1 < window {
            continue;
        }
        let low = lower.peek().expect("a window is not empty").0;
        let high = if window.is_multiple_of(2) {
            upper.peek().expect("an even window has an upper half").0.0
        } else {
            low
        };
        emit(low, high);
    }
}

//! Suomela's moving median ("Median filtering is equivalent to sorting", 2014): sort blocks as long as the window;
//! a window is the end of one block and the start of the next, each a linked list in sorted order.

use std::mem::swap;

/// The older block loses its rows in order, the newer gets its rows back in order; `small` of both add up to the middle.
pub(crate) fn sorted_blocks(keys: &[i64], window: usize, emit: &mut dyn FnMut(i64, i64)) {
    if keys.len() < window {
        return;
    }
    let middle = (window - 1) / 2;
    let mut older = Block::default();
    let mut newer = Block::default();
    newer.sort(&keys[..window]);
    newer.middle = newer.next[window];
    for _ in 0..middle {
        newer.advance();
    }
    emit_middle(&newer, &Block::empty(), window, emit);
    for block in keys[window..].chunks(window) {
        swap(&mut older, &mut newer);
        newer.sort(block);
        newer.unwind();
        for row in 0..block.len() {
            older.delete(row);
            newer.restore(row);
            if older.small + newer.small < middle {
                if older.peek() <= newer.peek() {
                    older.advance();
                } else {
                    newer.advance();
                }
            }
            emit_middle(&older, &newer, window, emit);
        }
    }
}

fn emit_middle(older: &Block, newer: &Block, window: usize, emit: &mut dyn FnMut(i64, i64)) {
    let (first, second) = if older.peek() <= newer.peek() {
        (older, newer)
    } else {
        (newer, older)
    };
    let low = first.peek();
    if window % 2 == 1 {
        return emit(low, low);
    }
    emit(
        low,
        first.keys[first.next[first.middle as usize] as usize].min(second.peek()),
    );
}

/// Rows are links of their own block; the link after the last row is head and tail, and its key is the greatest.
#[derive(Default)]
struct Block {
    sorted: Vec<(i64, u16)>,
    keys: Vec<i64>,
    rank: Vec<u16>,
    next: Vec<u16>,
    previous: Vec<u16>,
    tail: usize,
    middle: u16,
    small: usize,
}

impl Block {
    fn empty() -> Self {
        let mut block = Self::default();
        block.sort(&[]);
        block
    }

    fn sort(&mut self, keys: &[i64]) {
        self.tail = keys.len();
        self.keys.clear();
        self.keys.extend_from_slice(keys);
        self.keys.push(i64::MAX);
        self.sorted.clear();
        self.sorted
            .extend(keys.iter().zip(0..).map(|(&key, row)| (key, row)));
        self.sorted.sort_unstable();
        for links in [&mut self.rank, &mut self.next, &mut self.previous] {
            links.resize(keys.len() + 1, 0);
        }
        let mut last = self.tail as u16;
        for (rank, &(_, row)) in self.sorted.iter().enumerate() {
            self.rank[row as usize] = rank as u16;
            self.next[last as usize] = row;
            self.previous[row as usize] = last;
            last = row;
        }
        self.rank[self.tail] = u16::MAX;
        self.next[last as usize] = self.tail as u16;
        self.previous[self.tail] = last;
        self.middle = self.tail as u16;
        self.small = 0;
    }

    fn unwind(&mut self) {
        for row in (0..self.tail).rev() {
            self.unlink(row);
        }
        self.middle = self.tail as u16;
        self.small = 0;
    }

    fn unlink(&mut self, row: usize) {
        let (previous, next) = (self.previous[row], self.next[row]);
        self.next[previous as usize] = next;
        self.previous[next as usize] = previous;
    }

    fn is_small(&self, row: usize) -> bool {
        self.rank[row] < self.rank[self.middle as usize]
    }

    fn delete(&mut self, row: usize) {
        self.unlink(row);
        if self.is_small(row) {
            self.small -= 1;
            return;
        }
        if self.middle as usize == row {
            self.middle = self.next[row];
        }
        if self.small > 0 {
            self.middle = self.previous[self.middle as usize];
            self.small -= 1;
        }
    }

    fn restore(&mut self, row: usize) {
        self.next[self.previous[row] as usize] = row as u16;
        self.previous[self.next[row] as usize] = row as u16;
        if self.is_small(row) {
            self.middle = self.previous[self.middle as usize];
        }
    }

    fn peek(&self) -> i64 {
        self.keys[self.middle as usize]
    }

    fn advance(&mut self) {
        self.middle = self.next[self.middle as usize];
        self.small += 1;
    }
}

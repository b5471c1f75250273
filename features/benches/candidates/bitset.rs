//! Ranks the rows of a stretch once; the window is then a set of bits, and the median a bit that moves one step a row.

/// Stretches overlap by `window - 1` rows, and are long enough that the overlap costs little.
pub(crate) fn rank_bitset(keys: &[i64], window: usize, emit: &mut dyn FnMut(i64, i64)) {
    let mut stretch = Stretch::default();
    let rows = (8 * window).max(512);
    let mut first = 0;
    while first + window <= keys.len() {
        let end = (first + window - 1 + rows).min(keys.len());
        stretch.emit_medians(&keys[first..end], window, emit);
        first += rows;
    }
}

#[derive(Default)]
struct Stretch {
    sorted: Vec<(i64, u32)>,
    ranks: Vec<u32>,
    present: Vec<u64>,
}

impl Stretch {
    fn emit_medians(&mut self, keys: &[i64], window: usize, emit: &mut dyn FnMut(i64, i64)) {
        self.sorted.clear();
        self.sorted
            .extend(keys.iter().zip(0_u32..).map(|(&key, row)| (key, row)));
        self.sorted.sort_unstable();
        self.ranks.clear();
        self.ranks.resize(keys.len(), 0);
        for (rank, &(_, row)) in self.sorted.iter().enumerate() {
            self.ranks[row as usize] = rank as u32;
        }
        self.present.clear();
        self.present.resize(keys.len().div_ceil(64), 0);
        for &rank in &self.ranks[..window] {
            self.present[rank as usize / 64] |= 1 << (rank % 64);
        }
        let mut middle = self.next(0);
        for _ in 0..(window - 1) / 2 {
            middle = self.next(middle + 1);
        }
        self.emit_middle(middle, window, emit);
        for row in window..keys.len() {
            let leaving = self.ranks[row - window];
            let entering = self.ranks[row];
            self.present[leaving as usize / 64] ^= 1 << (leaving % 64);
            self.present[entering as usize / 64] ^= 1 << (entering % 64);
            if entering < middle && leaving >= middle {
                middle = self.previous(middle - 1);
            } else if entering > middle && leaving <= middle {
                middle = self.next(middle + 1);
            } else if leaving == middle {
                middle = self.next(middle);
            }
            self.emit_middle(middle, window, emit);
        }
    }

    fn emit_middle(&self, middle: u32, window: usize, emit: &mut dyn FnMut(i64, i64)) {
        let high = if window.is_multiple_of(2) {
            self.next(middle + 1)
        } else {
            middle
        };
        emit(self.sorted[middle as usize].0, self.sorted[high as usize].0);
    }

    fn next(&self, rank: u32) -> u32 {
        let mut word = rank as usize / 64;
        let mut bits = self.present[word] & (!0 << (rank % 64));
        while bits == 0 {
            word += 1;
            bits = self.present[word];
        }
        word as u32 * 64 + bits.trailing_zeros()
    }

    fn previous(&self, rank: u32) -> u32 {
        let mut word = rank as usize / 64;
        let mut bits = self.present[word] & (!0 >> (63 - rank % 64));
        while bits == 0 {
            word -= 1;
            bits = self.present[word];
        }
        word as u32 * 64 + 63 - bits.leading_zeros()
    }
}

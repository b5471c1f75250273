//! Rows drawn by their hashes: those of the smallest ones.

/// Tells which of some hashes are the smallest, met one after the other in the order of their rows.
pub(crate) struct SmallestHashes {
    largest: u64,
    places_at_largest: usize,
}

impl SmallestHashes {
    /// The `wanted` smallest of `hashes`, which are put into another order. Panics where there are fewer.
    pub(crate) fn of(hashes: &mut [u64], wanted: usize) -> Self {
        let Some(last) = wanted.checked_sub(1) else {
            return Self {
                largest: 0,
                places_at_largest: 0,
            };
        };
        let (smaller, largest, _) = hashes.select_nth_unstable(last);
        let largest = *largest;
        let below = smaller.iter().filter(|hash| **hash < largest).count();
        Self {
            largest,
            places_at_largest: wanted - below,
        }
    }

    /// Whether the next hash is one of them. Of equal hashes the earlier ones are.
    pub(crate) fn admit(&mut self, hash: u64) -> bool {
        if hash == self.largest && self.places_at_largest > 0 {
            self.places_at_largest -= 1;
            return true;
        }
        hash < self.largest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(hashes: &[u64], wanted: usize) -> Vec<usize> {
        let mut smallest = SmallestHashes::of(&mut hashes.to_vec(), wanted);
        let mut places = Vec::new();
        for (place, hash) in hashes.iter().enumerate() {
            if smallest.admit(*hash) {
                places.push(place);
            }
        }
        places
    }

    #[test]
    fn the_smallest_are_admitted_and_of_equal_ones_the_earlier() {
        let hashes = [7, 0, 7, 3, 7, u64::MAX, 0];
        assert_eq!(admitted(&hashes, 0), [0_usize; 0]);
        assert_eq!(admitted(&hashes, 1), [1]);
        assert_eq!(admitted(&hashes, 3), [1, 3, 6]);
        assert_eq!(admitted(&hashes, 5), [0, 1, 2, 3, 6]);
        assert_eq!(admitted(&hashes, 7), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(admitted(&[], 0), [0_usize; 0]);
    }
}

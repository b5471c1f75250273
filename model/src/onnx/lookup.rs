//! Entries by key, where keys mostly come in order.

/// Values by key, each key once. To make it of a sorted list takes one pass, which a hash map does not offer.
pub(super) struct Lookup<K, V> {
    entries: Vec<(K, V)>,
}

impl<K: Copy + Ord, V: Copy> Lookup<K, V> {
    /// Sorts the entries. Errors with the lowest key that stands twice.
    pub(super) fn new(mut entries: Vec<(K, V)>) -> Result<Self, K> {
        entries.sort_by_key(|(key, _)| *key);
        match entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(pair[0].0),
            None => Ok(Self { entries }),
        }
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The value of a key.
    pub(super) fn get(&self, key: K) -> Option<V> {
        let found = self.entries.binary_search_by_key(&key, |(key, _)| *key);
        found.ok().map(|index| self.entries[index].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn finds_what_a_map_finds(entries in prop::collection::vec((0_i64..30, any::<u32>()), 0..12)) {
            let map: BTreeMap<i64, u32> = entries.iter().copied().collect();
            match Lookup::new(entries.clone()) {
                Ok(lookup) => {
                    prop_assert_eq!(lookup.len(), map.len());
                    for key in -1..31 {
                        prop_assert_eq!(lookup.get(key), map.get(&key).copied());
                    }
                }
                Err(key) => {
                    prop_assert!(entries.iter().filter(|entry| entry.0 == key).count() > 1);
                }
            }
        }
    }
}

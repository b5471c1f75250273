//! Files with wrong bytes in them get an answer, and every row of theirs is accounted for.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use tickermill_market::csv::read_price_file;

use crate::generator::price_file;
use crate::reference::{self, Reading};

#[derive(Debug, Clone)]
enum Mutation {
    Set(Index, u8),
    Insert(Index, u8),
    Remove(Index, usize),
    Truncate(Index),
    Repeat(Index, usize),
}

impl Mutation {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let end = |start: usize, length: usize, bytes: &[u8]| (start + length).min(bytes.len());
        match self {
            _ if bytes.is_empty() => {}
            Self::Set(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Self::Insert(at, byte) => bytes.insert(at.index(bytes.len()), *byte),
            Self::Remove(at, length) => {
                let start = at.index(bytes.len());
                bytes.drain(start..end(start, *length, bytes));
            }
            Self::Truncate(at) => bytes.truncate(at.index(bytes.len())),
            Self::Repeat(at, length) => {
                let start = at.index(bytes.len());
                let chunk = bytes[start..end(start, *length, bytes)].to_vec();
                bytes.splice(start..start, chunk);
            }
        }
    }
}

fn mutation() -> impl Strategy<Value = Mutation> {
    // Bytes that mean something to a reader come more often than others.
    let byte = || prop_oneof![select(&b"\n\r,\".-+e0129 \0\xef"[..]), any::<u8>()];
    prop_oneof![
        4 => (any::<Index>(), byte()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        4 => (any::<Index>(), byte()).prop_map(|(at, byte)| Mutation::Insert(at, byte)),
        3 => (any::<Index>(), 1..40_usize).prop_map(|(at, length)| Mutation::Remove(at, length)),
        1 => any::<Index>().prop_map(Mutation::Truncate),
        2 => (any::<Index>(), 1..300_usize).prop_map(|(at, length)| Mutation::Repeat(at, length)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn mutated_files_are_accounted_for(
        mut file in price_file(),
        mutations in prop::collection::vec(mutation(), 1..8),
    ) {
        for mutation in mutations {
            mutation.apply(&mut file);
        }
        let read = read_price_file(&file);
        if let Ok(read) = &read {
            prop_assert!(read.counts.balance());
            prop_assert_eq!(read.counts.written, read.table.rows() as u64);
            prop_assert_eq!(read.counts.quarantined, read.quarantined.len() as u64);
            prop_assert!(read.table.date.is_sorted_by(|left, right| left < right));
            for row in &read.quarantined {
                let (before, from) = file.split_at(row.offset as usize);
                prop_assert!(from.starts_with(row.raw.as_bytes()));
                prop_assert!(before.ends_with(b"\n"));
                let line = before.split(|byte| *byte == b'\n').count();
                prop_assert_eq!(row.line, line as u64);
            }
        }
        prop_assert_eq!(read.map(Reading::from), reference::read(&file));
    }

    #[test]
    fn any_bytes_get_an_answer(bytes: Vec<u8>) {
        prop_assert_eq!(read_price_file(&bytes).map(Reading::from), reference::read(&bytes));
    }
}

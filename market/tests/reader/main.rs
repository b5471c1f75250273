//! The reader of price files against the rules, a slow reader, mutated bytes and planted faults.
#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod generator;
mod mutations;
mod planted;
mod properties;
mod reference;
mod rules;
mod values;

//! Price tables: where they lie, how they are read, written and accounted for, and synthetic ones.

pub mod synth;

//! Prediction at speed: a forest's nodes in few bytes, and several walks at once.

mod layout;
mod node;
mod predict;
mod slots;
#[cfg(test)]
mod tests;
mod trees;

pub use predict::Walker;

//! The synthetic market as its files show it.

mod faults;
mod files;
mod market;
mod realism;

//! The points of a build without faults: nothing.

use std::convert::Infallible;
use std::fmt::Display;
use std::future::{Ready, ready};

/// Does nothing in this build; see the feature `fault-points`.
#[inline]
pub fn hit(_point: &str, _detail: impl Display) {}

/// Does nothing in this build; see the feature `fault-points`.
#[inline]
pub fn reached(_point: &str, _detail: impl Display) -> Ready<()> {
    ready(())
}

/// Does nothing in this build; see the feature `fault-points`.
#[inline]
pub fn check_environment() -> Result<(), Infallible> {
    Ok(())
}

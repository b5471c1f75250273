//! Saying that a test was skipped.

use std::io::Write;

/// Says, past the capture of passing tests' output, that a part of a test did not run, and why.
pub fn skipped(test: &str, why: impl std::fmt::Display) {
    // Without a stderr there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "skipped: {test}: {why}");
}

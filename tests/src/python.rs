//! The Python of the variable `TICKERMILL_PYTHON`, for checks that others' libraries make.

use std::path::PathBuf;
use std::process::Command;

use crate::skip::skipped;

/// The variable that names a Python with the packages of `.ci/run`.
pub const VARIABLE: &str = "TICKERMILL_PYTHON";

/// A command that runs the Python; `None`, said loudly, where none is named.
pub fn command(test: &str) -> Option<Command> {
    let python = std::env::var_os(VARIABLE).map(PathBuf::from);
    if python.is_none() {
        skipped(test, format_args!("{VARIABLE} names no python"));
    }
    python.map(Command::new)
}

/// As [`command`]; `None`, said loudly, also where the Python lacks a module.
pub fn command_with(test: &str, module: &str) -> Option<Command> {
    let mut looking = command(test)?;
    let looked = looking.arg("-c").arg(format!("import {module}")).output();
    if !looked.is_ok_and(|looked| looked.status.success()) {
        skipped(
            test,
            format_args!("the python of {VARIABLE} has no {module}"),
        );
        return None;
    }
    command(test)
}

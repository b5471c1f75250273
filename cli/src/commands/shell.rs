//! `tickermill completions` and `tickermill man`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use clap::CommandFactory;

use crate::args::Cli;

pub(crate) fn completions(shell: clap_complete::Shell) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "tickermill", &mut script);
    crate::stdout::write(format_args!("{}", String::from_utf8_lossy(&script)));
    ExitCode::SUCCESS
}

pub(crate) fn manual(folder: &Path) -> anyhow::Result<ExitCode> {
    let failed = || format!("cannot write manual pages into {}", folder.display());
    std::fs::create_dir_all(folder).with_context(failed)?;
    clap_mangen::generate_to(Cli::command(), folder).with_context(failed)?;
    Ok(ExitCode::SUCCESS)
}

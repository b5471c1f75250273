//! `tickermill certs`: a private authority and its certificates.

use std::process::ExitCode;

use time::OffsetDateTime;
use trust::certs::{Order, write};

use crate::args::CertsArgs;
use crate::stdout::say;

pub(crate) fn certs(args: &CertsArgs) -> anyhow::Result<ExitCode> {
    let order = Order {
        names: args.names.clone(),
        days: args.days,
        now: OffsetDateTime::now_utc(),
    };
    for path in write(&args.dir, &order)? {
        say!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

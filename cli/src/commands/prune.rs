//! `tickermill prune`: old runs go.

use std::process::ExitCode;

use coordinator::epoch::Epoch;
use coordinator::prune::{Fate, fates, remove};
use market::store::Store;

use crate::args::PruneArgs;
use crate::stdout::say;

use super::office;

pub(crate) fn prune(args: &PruneArgs) -> anyhow::Result<ExitCode> {
    let keep = args.keep as usize;
    let settings = office::settings(args.config.as_deref(), args.flag_values())?;
    let out = Store::open(&settings.out)?;
    office::runtime()?.block_on(async {
        if args.dry_run {
            return prune_runs(&out, keep, true, args.json).await;
        }
        let waiting = |holder: &str| eprintln!("waiting for {holder}, which holds the output");
        let epoch = Epoch::claim(&out, &office::claimant(&settings)?, waiting).await?;
        let result = prune_runs(&out, keep, false, args.json).await;
        epoch.release().await;
        result
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn prune_runs(out: &Store, keep: usize, dry_run: bool, json: bool) -> anyhow::Result<()> {
    for (past, fate) in fates(out, keep).await? {
        let word = match fate {
            Fate::Newest => "kept",
            Fate::Latest => "kept: the latest",
            Fate::LiveModel => "kept: a live model comes from it",
            Fate::Removed if dry_run => "would be removed",
            Fate::Removed => {
                remove(out, &past.run).await?;
                "removed"
            }
        };
        if json {
            say!(
                "{}",
                serde_json::json!({ "run_id": past.run, "fate": word })
            );
        } else {
            say!("{} {word}", past.run);
        }
    }
    Ok(())
}

//! `tickermill models`, `promote`, `rollback` and `release`: which versions there are, how good they are, and which is live.

use std::process::ExitCode;

use coordinator::registry;
use market::store::Store;
use model::comparison::Comparison;
use output::models::{self, LiveModel};
use output::rollback::roll_back;
use serde::Serialize;

use crate::args::{ModelsArgs, ModelsCommand, ModelsQuestion};
use crate::stdout::say;
use crate::{card_report, comparison_report};

use super::office;

/// A model as it is listed.
#[derive(Serialize)]
struct Listed {
    name: String,
    /// The version that predictors are to serve.
    live: Option<String>,
    /// Whether a person has chosen it.
    pinned: bool,
    /// The version that runs published last, and the run that did.
    published: Option<String>,
    run_id: Option<String>,
    versions: Vec<String>,
}

pub(crate) fn models(args: &ModelsCommand) -> anyhow::Result<ExitCode> {
    match &args.question {
        None => list(&args.list),
        Some(ModelsQuestion::Show {
            name,
            version,
            models,
        }) => show(name, version.as_deref(), models),
        Some(ModelsQuestion::Compare {
            name,
            version,
            other,
            models,
        }) => compare(name, version, other.as_deref(), models),
    }
}

fn list(args: &ModelsArgs) -> anyhow::Result<ExitCode> {
    let out = open(args)?;
    let listed = office::runtime()?.block_on(listed(&out))?;
    if args.json {
        for model in &listed {
            say!("{}", serde_json::to_string(model)?);
        }
        return Ok(ExitCode::SUCCESS);
    }
    if listed.is_empty() {
        say!("there is no model in {} yet", out.locate(""));
    }
    for model in &listed {
        say!("{}", model.name);
        for version in &model.versions {
            let mut marks = Vec::new();
            if model.live.as_ref() == Some(version) {
                marks.push(if model.pinned {
                    "live: promoted"
                } else {
                    "live"
                });
            }
            if model.published.as_ref() == Some(version) {
                marks.push("published last");
            }
            say!("  {version}  {}", marks.join(", "));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn listed(out: &Store) -> anyhow::Result<Vec<Listed>> {
    let mut listed = Vec::new();
    for name in models::names(out).await? {
        let live: Option<LiveModel> = models::live(out, &name).await?;
        let published = models::published(out, &name).await?;
        listed.push(Listed {
            pinned: live.as_ref().is_some_and(|live| live.pinned),
            live: live.map(|live| live.version),
            run_id: published
                .as_ref()
                .map(|published| published.run_id.to_string()),
            published: published.map(|published| published.version),
            versions: models::versions(out, &name).await?,
            name,
        });
    }
    Ok(listed)
}

fn show(name: &str, version: Option<&str>, args: &ModelsArgs) -> anyhow::Result<ExitCode> {
    let out = open(args)?;
    let (stored, live) = office::runtime()?.block_on(async {
        let version = match version {
            Some(version) => version.to_owned(),
            None => registry::live_version(&out, name).await?,
        };
        let stored = registry::card(&out, name, &version).await?;
        anyhow::Ok((stored, models::live(&out, name).await?))
    })?;
    if args.json {
        crate::stdout::write(format_args!("{}", stored.text));
    } else {
        let report = card_report::card(&stored.card, live.as_ref());
        crate::stdout::write(format_args!("{report}"));
    }
    Ok(ExitCode::SUCCESS)
}

fn compare(
    name: &str,
    version: &str,
    other: Option<&str>,
    args: &ModelsArgs,
) -> anyhow::Result<ExitCode> {
    let out = open(args)?;
    let [one, other] = office::runtime()?.block_on(async {
        let one = registry::card(&out, name, version).await?;
        let other = match other {
            Some(other) => other.to_owned(),
            None => registry::live_version(&out, name).await?,
        };
        let other = registry::card(&out, name, &other).await?;
        anyhow::Ok([one.card, other.card])
    })?;
    anyhow::ensure!(
        one.version != other.version,
        "version {version} of {name} is on both sides: name another to compare it with"
    );
    let comparison = Comparison::of(&one, &other);
    if args.json {
        say!("{}", serde_json::to_string(&comparison)?);
    } else {
        let report = comparison_report::comparison(&comparison);
        crate::stdout::write(format_args!("{report}"));
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn promote(name: &str, version: &str, args: &ModelsArgs) -> anyhow::Result<ExitCode> {
    let out = open(args)?;
    let pinned = office::runtime()?.block_on(models::promote(&out, name, version))?;
    if args.json {
        say!("{}", serde_json::to_string(&pinned)?);
    } else {
        say!("version {version} of {name} is live until `tickermill release {name}`");
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn rollback(name: &str, args: &ModelsArgs) -> anyhow::Result<ExitCode> {
    let out = open(args)?;
    let rolled_back = office::runtime()?.block_on(roll_back(&out, name))?;
    let (from, to) = (&rolled_back.from, &rolled_back.to.version);
    if args.json {
        let said = serde_json::json!({ "name": name, "from": from, "live": to });
        say!("{said}");
    } else {
        say!(
            "version {to} of {name}, published before {from}, is live until `tickermill release {name}`"
        );
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn release(name: &str, args: &ModelsArgs) -> anyhow::Result<ExitCode> {
    let out = open(args)?;
    let (released, live) = office::runtime()?.block_on(async {
        let released = models::release(&out, name).await?;
        anyhow::Ok((released, models::live(&out, name).await?))
    })?;
    let live = live.map(|live| live.version);
    if args.json {
        let said = serde_json::json!({ "name": name, "released": released, "live": live });
        say!("{said}");
        return Ok(ExitCode::SUCCESS);
    }
    match (released, live) {
        (true, Some(live)) => say!("released: version {live} of {name} is live"),
        (true, None) => say!("released: no version of {name} is live"),
        (false, _) => say!("no version of {name} was promoted: nothing to release"),
    }
    Ok(ExitCode::SUCCESS)
}

fn open(args: &ModelsArgs) -> anyhow::Result<Store> {
    let settings = office::settings(args.config.as_deref(), args.flag_values())?;
    Ok(Store::open(&settings.out)?)
}

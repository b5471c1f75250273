//! `tickermill config`: the configuration in force.

use std::process::ExitCode;

use crate::args::PlanArgs;
use crate::stdout::say;

use super::office;

pub(crate) fn show(args: &PlanArgs) -> anyhow::Result<ExitCode> {
    let settings = office::settings_of_run(args)?;
    if args.json {
        let values = settings.effective.iter();
        let values: Vec<_> = values
            .map(|value| serde_json::json!({ "key": value.key, "value": value.value, "origin": value.origin }))
            .collect();
        say!("{}", serde_json::Value::from(values));
        return Ok(ExitCode::SUCCESS);
    }
    for value in &settings.effective {
        say!("{} = {}  # {}", value.key, value.value, value.origin);
    }
    Ok(ExitCode::SUCCESS)
}

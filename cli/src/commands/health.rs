//! `tickermill health`: asks a process whether it is well.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};

use super::office;

/// How long a process may take to answer.
const DEADLINE: Duration = Duration::from_secs(5);
/// The beginning of an answer that is told, in characters.
const TOLD: usize = 200;

pub(crate) fn health(url: &str, config: Option<&Path>) -> anyhow::Result<ExitCode> {
    let trust = office::trust(&office::settings(config, Vec::new())?)?;
    office::runtime()?.block_on(async {
        // Nothing but what is configured is trusted.
        let tls = trust.credentials.unwrap_or_default().client();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .timeout(DEADLINE)
            .no_proxy()
            .build()
            .context("cannot make a client")?;
        let answer = client.get(url).send().await;
        let answer = answer.with_context(|| format!("{url} does not answer"))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(ExitCode::SUCCESS);
        }
        let text = answer.text().await.unwrap_or_default();
        let told: String = text.chars().take(TOLD).collect();
        bail!("{url} answers {}: {told}", status.as_u16());
    })
}

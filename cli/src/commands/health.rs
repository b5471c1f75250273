//! `tickermill health`: asks a process whether it is well.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};

use trust::Trust;

use crate::settings::Settings;

use super::office;

/// How long a process may take to answer.
const DEADLINE: Duration = Duration::from_secs(5);
/// The beginning of an answer that is told, in characters.
const TOLD: usize = 200;

pub(crate) fn health(url: Option<String>, config: Option<&Path>) -> anyhow::Result<ExitCode> {
    let settings = office::settings(config, Vec::new())?;
    let trust = office::trust(&settings)?;
    let url = match url {
        Some(url) => url,
        None => configured_url(&settings, &trust)?,
    };
    office::runtime()?.block_on(async {
        // Nothing but what is configured is trusted.
        let tls = trust.credentials.unwrap_or_default().client();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .timeout(DEADLINE)
            .no_proxy()
            .build()
            .context("cannot make a client")?;
        let answer = client.get(&url).send().await;
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

/// Where a process of this configuration says on this machine whether it lives.
fn configured_url(settings: &Settings, trust: &Trust) -> anyhow::Result<String> {
    let Some(mut address) = settings.operations else {
        bail!("no port for operators is configured (operations.listen): say what to ask");
    };
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    let credentials = trust.credentials.as_ref();
    let is_encrypted = credentials.is_some_and(|own| own.own_pem().is_some());
    let scheme = if is_encrypted { "https" } else { "http" };
    Ok(format!("{scheme}://{address}/livez"))
}

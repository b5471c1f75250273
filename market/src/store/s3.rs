//! Opening a bucket: what the client is told beside the variables of the environment.

use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::path::Path;
use object_store::{BackoffConfig, ClientConfigKey, ClientOptions, ObjectStoreScheme, RetryConfig};

use super::error::OpenStoreError;

/// A connection is given up after this long.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A request, with its reply, is given up after this long; what was read of an object by then is kept, and the rest asked for.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// A connection on which nothing comes for this long is given up.
const STALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Tries of a request that the server did not answer, or answered with "later".
const TRIES: usize = 5;
/// No request is tried again after this long.
const RETRY_TIMEOUT: Duration = Duration::from_mins(1);
/// What the library takes for yes.
const YES: [&str; 5] = ["1", "true", "on", "yes", "y"];

/// The bucket of a URL, and the prefix in it. Variables named `AWS_…` are read, credentials among them, and come before the
/// defaults above; nothing of them is kept or told by this program.
pub(super) fn open(location: &str) -> Result<(AmazonS3, Path), OpenStoreError> {
    let failed = |source| OpenStoreError::Open {
        location: location.to_owned(),
        source,
    };
    let not_s3 = || OpenStoreError::NotS3(location.to_owned());
    let url = url::Url::parse(location).map_err(|_| not_s3())?;
    let (scheme, prefix) = ObjectStoreScheme::parse(&url).map_err(|_| not_s3())?;
    if scheme != ObjectStoreScheme::AmazonS3 {
        return Err(not_s3());
    }
    // The TLS of the process is ours to choose. It is there already where another store was opened.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = AmazonS3Builder::new()
        .with_client_options(
            ClientOptions::new()
                .with_connect_timeout(CONNECT_TIMEOUT)
                .with_timeout(REQUEST_TIMEOUT)
                .with_read_timeout(STALL_TIMEOUT),
        )
        .with_retry(RetryConfig {
            backoff: BackoffConfig {
                max_backoff: Duration::from_secs(5),
                ..BackoffConfig::default()
            },
            max_retries: TRIES - 1,
            retry_timeout: RETRY_TIMEOUT,
        })
        .with_url(location);
    for (key, value) in environment() {
        builder = builder.with_config(key, value);
    }
    let endpoint = [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint]
        .iter()
        .find_map(|key| builder.get_config_value(key));
    let allow_http = AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp);
    let allowed = builder
        .get_config_value(&allow_http)
        .is_some_and(|allowed| YES.contains(&allowed.to_ascii_lowercase().as_str()));
    if let Some(endpoint) = endpoint.filter(|endpoint| endpoint.starts_with("http://"))
        && !allowed
    {
        return Err(OpenStoreError::PlainHttp {
            location: location.to_owned(),
            endpoint,
        });
    }
    // Nothing here works without, whatever the environment says.
    let builder = builder.with_conditional_put(S3ConditionalPut::ETagMatch);
    Ok((builder.build().map_err(failed)?, prefix))
}

/// What the variables `AWS_…` say, those that are none of the client's left out.
fn environment() -> impl Iterator<Item = (AmazonS3ConfigKey, String)> {
    std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        let key = name
            .starts_with("AWS_")
            .then(|| name.to_ascii_lowercase())?;
        Some((key.parse().ok()?, value.into_string().ok()?))
    })
}

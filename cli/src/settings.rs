//! What is configured: every key, its default and its bounds.

mod models;
mod schema;
mod serve;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use coordinator::job::{Job, VolumeJob};
use coordinator::run::QualityLimits;
use model::tuning::Search;
use predictor::terms::Terms;
use proto::ticket::Recipe;
use trust::tls::{Files, OwnFiles};

use crate::config::{ConfigError, Effective, Sources};
use models::{read_model, read_search, read_volume};
use schema::read_schema;
use serve::{Cluster, is_address, read_cluster, read_predictor};

/// The configuration in force.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Where the price files lie; `None` for the sample.
    pub(crate) data: Option<String>,
    /// Where everything is written.
    pub(crate) out: String,
    /// In-process workers, and threads for kernels.
    pub(crate) workers: NonZeroUsize,
    /// Where everything that is drawn begins.
    pub(crate) seed: u64,
    /// How long a claim to the output is good without renewal.
    pub(crate) lease: Duration,
    /// Beyond these a run fails.
    pub(crate) limits: QualityLimits,
    /// How a cluster works together.
    pub(crate) cluster: Cluster,
    /// How models are served.
    pub(crate) predictor: Terms,
    /// Which files say who is trusted.
    pub(crate) trust: TrustFiles,
    /// Where operators ask a process that serves; `None` for nowhere.
    pub(crate) operations: Option<SocketAddr>,
    /// What to make of the data.
    pub(crate) job: Job,
    /// The boosted trees as they are configured, whether a run trains them or not.
    pub(crate) volume: VolumeJob,
    /// What a tuning tries.
    pub(crate) search: Search,
    /// Every key with its value and where it came from.
    pub(crate) effective: Vec<Effective>,
}

impl Settings {
    /// Reads every key. The error lists every bad value with its source. `train` is false where `--no-train` is given.
    pub(crate) fn read(mut sources: Sources, train: bool) -> Result<Self, ConfigError> {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get) as u64;
        let not_empty = |text: &str| !text.is_empty();
        let data = sources.text("data", "", "a folder or URL", |_| true);
        let out = sources.text("out", "out", "a folder or URL", not_empty);
        let workers = sources.whole("run.workers", cores, 1..=1024);
        let lease = sources.whole(
            "run.lease_seconds",
            coordinator::epoch::LEASE.as_secs(),
            1..=3600,
        );
        let seed = sources.whole("seed", 42, 0..=i64::MAX as u64);
        let limits = QualityLimits {
            max_quarantined_rows: sources.number("quality.max_quarantined_rows", 0.001, 0.0..=1.0),
            max_quarantined_files: sources.number("quality.max_quarantined_files", 0.01, 0.0..=1.0),
        };
        let raw = sources.truth("output.raw", false);
        let cluster = read_cluster(&mut sources);
        let predictor = read_predictor(&mut sources, cores);
        let trust = read_trust(&mut sources);
        let is_address_or_empty = |text: &str| text.is_empty() || is_address(text);
        let operations = sources.text(
            "operations.listen",
            "",
            "an address with a port, such as 127.0.0.1:9090, or nothing",
            is_address_or_empty,
        );
        let schema = read_schema(&mut sources);
        let model = read_model(&mut sources, &schema, seed);
        let (volume, with_volume) = read_volume(&mut sources, &schema, seed, train);
        if let Some(model) = &model
            && with_volume
            && model.name == volume.name
        {
            let problem = "it is the name of the forest too: choose another, or give --no-volume";
            sources.problem("volume.name", problem);
        }
        let search = read_search(&mut sources, seed);
        let effective = sources.finish()?;
        Ok(Self {
            data: (!data.is_empty()).then_some(data),
            out,
            workers: NonZeroUsize::new(workers as usize).expect("the range begins at 1"),
            seed,
            lease: Duration::from_secs(lease),
            limits,
            cluster,
            predictor,
            trust,
            operations: operations.parse().ok(),
            job: Job {
                recipe: Recipe { schema, raw },
                model: model.filter(|_| train),
                volume: (train && with_volume).then(|| volume.clone()),
            },
            volume,
            search,
            effective,
        })
    }

    /// Where the value of a key came from.
    pub(crate) fn origin(&self, key: &str) -> &str {
        let found = self.effective.iter().find(|value| value.key == key);
        found.map_or("default", |value| value.origin.as_str())
    }
}

/// Which files say who is trusted.
#[derive(Debug)]
pub(crate) struct TrustFiles {
    /// For encrypted connections.
    pub(crate) tls: Option<trust::tls::Files>,
    /// Tokens of clients.
    pub(crate) tokens: Option<PathBuf>,
    /// Whether a process may listen beyond loopback without encryption.
    pub(crate) insecure: bool,
}

fn read_trust(sources: &mut Sources) -> TrustFiles {
    let mut file = |key| {
        let path = sources.text(key, "", "a file, or nothing", |_| true);
        (!path.is_empty()).then(|| PathBuf::from(path))
    };
    let ca = file("tls.ca");
    let certificate = file("tls.certificate");
    let key = file("tls.key");
    let tokens = file("auth.tokens");
    if certificate.is_some() != key.is_some() {
        sources.problem("tls.key", "a certificate and its key go together");
    }
    let own = certificate
        .zip(key)
        .map(|(certificate, key)| OwnFiles { certificate, key });
    if ca.is_none() && own.is_some() {
        sources.problem("tls.ca", "it has to say whose certificates are trusted");
    }
    TrustFiles {
        tls: ca.map(|ca| Files { ca, own }),
        tokens,
        insecure: sources.truth("tls.insecure", false),
    }
}

//! What is configured: every key, its default and its bounds.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use coordinator::job::{Job, MAX_SAMPLE_ROWS, ModelJob, VolumeJob, is_model_name};
use coordinator::run::{Patience, QualityLimits};
use coordinator::server::MemberLimits;
use features::column::{Column, names_of};
use features::declare::MAX_WINDOW;
use features::operation::Operation;
use features::schema::{Feature, FeatureSchema, Target, standard};
use features::volume_inputs::volume_inputs;
use model::boost::{BoostParameters, MAX_LEAVES};
use model::fold_plan::{FoldPlan, MAX_FOLDS, MAX_GAP_SESSIONS};
use model::parameters::{ForestParameters, MAX_TREES};
use model::sampling::Sampling;
use predictor::terms::{Limits, Terms};
use proto::ticket::Recipe;
use serde::{Deserialize, Serialize};
use trust::tls::{Files, OwnFiles};

use crate::config::{ConfigError, Effective, Sources};

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
    /// Every key with its value and where it came from.
    pub(crate) effective: Vec<Effective>,
}

/// Where a coordinator listens that is not told.
const DEFAULT_LISTEN: &str = "127.0.0.1:7070";

/// The most rows that boosted trees can be told to train on: more than are numbered.
const MAX_TRAIN_ROWS: u64 = u32::MAX as u64;

/// Where a predictor listens that is not told.
const PREDICTOR_LISTEN: &str = "127.0.0.1:8080";

/// How a cluster works together.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// Where a coordinator listens.
    pub(crate) listen: SocketAddr,
    /// What membership costs and allows.
    pub(crate) members: MemberLimits,
    /// How long runs wait for what may not come.
    pub(crate) patience: Patience,
    /// How long a worker that is told to stop goes on with what it has in hand.
    pub(crate) drain: Duration,
    /// Jobs that may wait.
    pub(crate) max_queued: usize,
    /// Connections of a coordinator at a time.
    pub(crate) max_connections: usize,
}

/// A feature as it is declared: without a window of its own it takes `features.window`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclaredFeature {
    name: String,
    column: String,
    operation: Operation,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<usize>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    relative: bool,
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
        let volume = read_volume(&mut sources, &schema, seed);
        if let (Some(model), Some(volume)) = (&model, &volume)
            && model.name == volume.name
        {
            sources.problem("volume.name", "it is the name of the forest too");
        }
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
                volume: volume.filter(|_| train),
            },
            effective,
        })
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

fn is_address(text: &str) -> bool {
    text.parse::<SocketAddr>().is_ok()
}

fn read_cluster(sources: &mut Sources) -> Cluster {
    let patience = Patience::default();
    let address = "an address with a port, such as 127.0.0.1:7070";
    let listen = sources.text("cluster.listen", DEFAULT_LISTEN, address, is_address);
    let heartbeat = milliseconds(sources, "cluster.heartbeat_ms", 2_000, 20..=600_000);
    let lease = milliseconds(sources, "cluster.lease_ms", 10_000, 100..=3_600_000);
    if lease < heartbeat * 3 {
        sources.problem("cluster.lease_ms", "a lease is at least three heartbeats");
    }
    let no_workers = patience.no_workers.as_millis() as u64;
    let no_workers = milliseconds(sources, "cluster.no_workers_ms", no_workers, 0..=86_400_000);
    let straggler = patience.straggler.as_millis() as u64;
    let straggler = milliseconds(sources, "cluster.copy_after_ms", straggler, 0..=86_400_000);
    let drain = milliseconds(sources, "cluster.drain_ms", 20_000, 0..=3_600_000);
    let max_workers = sources.whole("cluster.max_workers", 1_000, 1..=100_000) as usize;
    let max_slots = sources.whole("cluster.max_slots", 1_024, 1..=65_536) as u32;
    let max_queued = sources.whole("cluster.max_queued", 64, 1..=10_000) as usize;
    // Each worker has two, one for its session and one for what it delivers.
    let connections = 2 * max_workers as u64 + 256;
    let max_connections = sources.whole("cluster.max_connections", connections, 16..=1_000_000);
    Cluster {
        listen: listen.parse().expect("it was checked, or is the default"),
        members: MemberLimits {
            heartbeat,
            lease,
            max_workers,
            max_slots,
        },
        patience: Patience {
            no_workers,
            straggler,
        },
        drain,
        max_queued,
        max_connections: max_connections as usize,
    }
}

fn read_predictor(sources: &mut Sources, cores: u64) -> Terms {
    let address = "an address with a port, such as 127.0.0.1:8080";
    let listen = sources.text("predictor.listen", PREDICTOR_LISTEN, address, is_address);
    let is_name_or_empty = |text: &str| text.is_empty() || is_model_name(text);
    let model = sources.text(
        "predictor.model",
        "",
        "a name of letters, digits, - and _",
        is_name_or_empty,
    );
    // A core is left to kernel threads and to whoever asks: with two, one thread that answers keeps latencies even.
    let threads = cores.saturating_sub(1).max(1);
    let threads = sources.whole("predictor.threads", threads, 1..=1024) as usize;
    let reload_every = milliseconds(sources, "predictor.reload_ms", 1_000, 10..=3_600_000);
    let batching = sources.truth("predictor.batching", false);
    let cache_mib = sources.whole("predictor.cache_mib", 48, 1..=1_048_576);
    let drain = milliseconds(sources, "predictor.drain_ms", 20_000, 1_000..=3_600_000);
    let max_body_kib = sources.whole("predictor.max_body_kib", 4_096, 1..=1_048_576);
    let max_bodies_mib = sources.whole("predictor.max_bodies_mib", 64, 1..=1_048_576);
    if max_bodies_mib << 10 < max_body_kib {
        sources.problem("predictor.max_bodies_mib", "there is no room for one body");
    }
    let max_rows = sources.whole("predictor.max_rows", 100_000, 1..=10_000_000) as usize;
    // The clock of the listener moves every half second, so shorter times would end at once.
    let request_time = milliseconds(sources, "predictor.request_ms", 10_000, 1_000..=3_600_000);
    let keep_alive = milliseconds(sources, "predictor.keep_alive_ms", 5_000, 1_000..=3_600_000);
    let max_connections = sources.whole("predictor.max_connections", 10_000, 1..=1_000_000);
    let max_in_flight = sources.whole("predictor.max_in_flight", 2_048, 1..=1_000_000) as usize;
    let max_kernel_work = sources.whole("predictor.max_kernel_work", 64, 1..=100_000) as usize;
    Terms {
        listen: listen.parse().expect("it was checked, or is the default"),
        threads,
        default_model: (!model.is_empty()).then_some(model),
        reload_every,
        batching,
        cache_bytes: cache_mib << 20,
        drain,
        limits: Limits {
            max_body_bytes: (max_body_kib << 10) as usize,
            max_bodies_bytes: (max_bodies_mib << 20) as usize,
            max_rows,
            request_time,
            keep_alive,
            max_connections: max_connections as usize,
            max_in_flight,
            max_kernel_work,
        },
    }
}

fn milliseconds(
    sources: &mut Sources,
    key: &'static str,
    default: u64,
    range: std::ops::RangeInclusive<u64>,
) -> Duration {
    Duration::from_millis(sources.whole(key, default, range))
}

fn read_schema(sources: &mut Sources) -> FeatureSchema {
    let window = sources.whole("features.window", 30, 1..=MAX_WINDOW as u64) as usize;
    let mut default: Vec<DeclaredFeature> = standard(window).iter().map(as_declared).collect();
    for feature in &mut default {
        feature.window = None;
    }
    let declared = read_features(sources, "features.declare", default, window);
    let target = read_target(sources);
    FeatureSchema::declare(declared, target).unwrap_or_else(|error| {
        for problem in error.problems() {
            sources.problem("features.declare", problem);
        }
        FeatureSchema::default()
    })
}

fn as_declared(feature: &Feature) -> DeclaredFeature {
    DeclaredFeature {
        name: feature.name.clone(),
        column: feature.column.name().to_owned(),
        operation: feature.operation,
        window: Some(feature.window),
        relative: feature.relative,
    }
}

/// A list of features, of which those that do not say it have windows of `window` rows.
fn read_features(
    sources: &mut Sources,
    key: &'static str,
    default: Vec<DeclaredFeature>,
    window: usize,
) -> Vec<Feature> {
    let mut features = Vec::new();
    for declared in sources.tables(key, default) {
        let column = match Column::try_from(declared.column) {
            Ok(column) => column,
            Err(unknown) => {
                sources.problem(key, format!("`{}`: {unknown}", declared.name));
                continue;
            }
        };
        features.push(Feature {
            name: declared.name,
            column,
            operation: declared.operation,
            window: declared.window.unwrap_or(window),
            relative: declared.relative,
        });
    }
    features
}

fn read_target(sources: &mut Sources) -> Target {
    let Target { name, column, lead } = Target::default();
    let name = sources.text("target.name", &name, "a name", |_| true);
    let of_table = |text: &str| Column::of_name(text).filter(|column| !column.is_derived());
    let wanted = format!("one of {}", names_of(Column::TABLE));
    let text = sources.text("target.column", column.name(), &wanted, |text| {
        of_table(text).is_some()
    });
    let lead = sources.whole("target.lead", lead as u64, 1..=MAX_WINDOW as u64) as usize;
    Target {
        name,
        column: of_table(&text).unwrap_or(column),
        lead,
    }
}

fn read_model(sources: &mut Sources, schema: &FeatureSchema, seed: u64) -> Option<ModelJob> {
    let train = sources.truth("model.train", true);
    let name = sources.text(
        "model.name",
        "volume-forest",
        "a name of letters, digits, - and _",
        is_model_name,
    );
    let inputs = sources.texts("model.inputs", &["vol_moving_avg", "adj_close_rolling_med"]);
    let sample_rows =
        sources.whole("model.sample_rows", 10_000, 1..=MAX_SAMPLE_ROWS as u64) as usize;
    let test_fraction = sources.number("model.test_fraction", 0.2, 0.01..=0.99);
    let trees = sources.whole("model.trees", 100, 1..=MAX_TREES as u64) as usize;
    let min_rows_per_leaf = sources.whole("model.min_rows_per_leaf", 5, 1..=1_000_000) as usize;
    let max_depth = sources.whole("model.max_depth", 0, 0..=u64::from(u16::MAX)) as u16;
    let features = schema.features();
    for (place, input) in inputs.iter().enumerate() {
        if !features.iter().any(|feature| feature.name == *input) {
            let declared: Vec<&str> = features
                .iter()
                .map(|feature| feature.name.as_str())
                .collect();
            sources.problem(
                "model.inputs",
                format!(
                    "`{input}` is not a declared feature: {}",
                    declared.join(", ")
                ),
            );
        }
        if inputs[..place].contains(input) {
            sources.problem("model.inputs", format!("`{input}` is named twice"));
        }
    }
    if inputs.is_empty() {
        sources.problem("model.inputs", "a model needs at least one input");
    }
    let max_depth = (max_depth > 0).then_some(max_depth);
    let forest = ForestParameters {
        trees,
        min_rows_per_leaf,
        max_depth,
        seed,
    };
    train.then_some(ModelJob {
        name,
        inputs,
        sample_rows,
        test_fraction,
        forest,
    })
}

/// The boosted trees; `None` where they are not wanted.
fn read_volume(sources: &mut Sources, schema: &FeatureSchema, seed: u64) -> Option<VolumeJob> {
    let train = sources.truth("volume.train", VolumeJob::predicts(schema.target()));
    let name = sources.text(
        "volume.name",
        "volume",
        "a name of letters, digits, - and _",
        is_model_name,
    );
    let default = volume_inputs().iter().map(as_declared).collect();
    let inputs = read_features(sources, "volume.inputs", default, 1);
    let trees = sources.whole("volume.trees", 60, 1..=MAX_TREES as u64) as usize;
    let leaves = sources.whole("volume.leaves", 63, 2..=MAX_LEAVES as u64) as usize;
    let learning_rate = sources.number("volume.learning_rate", 0.15, 0.001..=1.0);
    let min_rows_per_leaf = sources.whole("volume.min_rows_per_leaf", 20, 1..=1_000_000) as usize;
    let input_share = sources.number("volume.input_share", 1.0, 0.01..=1.0);
    let folds = sources.whole("volume.folds", 4, 1..=MAX_FOLDS as u64) as usize;
    let gap_sessions =
        sources.whole("volume.gap_sessions", 70, 0..=MAX_GAP_SESSIONS as u64) as usize;
    let unseen_share = sources.number("volume.unseen_share", 0.1, 0.0..=0.9);
    let max_train_rows =
        sources.whole("volume.max_train_rows", 100_000, 1..=MAX_TRAIN_ROWS) as usize;
    let sampling = read_sampling(sources);
    let volume = VolumeJob {
        name,
        inputs,
        boost: BoostParameters {
            trees,
            leaves,
            learning_rate,
            min_rows_per_leaf,
            input_share,
            seed,
        },
        folds: FoldPlan {
            folds,
            gap_sessions,
            unseen_share,
            max_train_rows,
            seed,
            sampling,
        },
        promote_anyway: false,
    };
    if !train {
        return None;
    }
    if let Some(problem) = volume.problem(schema) {
        let target = schema.target();
        let key = if target.column != Column::Volume {
            "target.column"
        } else if target.lead != 1 {
            "target.lead"
        } else {
            "volume.inputs"
        };
        sources.problem(key, problem);
    }
    Some(volume)
}

fn read_sampling(sources: &mut Sources) -> Sampling {
    let [uniform, stratified] = Sampling::ALL.map(Sampling::name);
    let text = sources.text(
        "volume.sampling",
        Sampling::default().name(),
        &format!("{uniform} or {stratified}"),
        |text| Sampling::of_name(text).is_some(),
    );
    Sampling::of_name(&text).expect("it was checked, or is the default")
}

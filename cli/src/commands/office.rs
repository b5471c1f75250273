//! What commands share: settings from arguments, stores, a runtime.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use coordinator::epoch::{Claimant, Holder};
use coordinator::run::Request;
use market::store::Store;
use market::synth::{SAMPLE, write_market};
use operations::Operated;
use operations::server::OperationsServer;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::args::{HistoryArgs, PlanArgs, RunArgs};
use crate::config::{ConfigError, FlagValue, Sources};
use crate::log;
use crate::settings::Settings;
use trust::Trust;
use trust::tls::Credentials;
use trust::tokens::Tokens;

/// Where the market lies that is used where no other is named.
const SAMPLE_FOLDER: &str = "data/sample";

/// Threads for sockets and timers; files are read and written on threads of their own, kernels run on the pool.
const RUNTIME_THREADS: usize = 2;

/// How long kernel threads may take to finish what was given up.
const KERNELS_DEADLINE: Duration = Duration::from_secs(3);

pub(super) fn settings_of_run(args: &PlanArgs) -> anyhow::Result<Settings> {
    let sources = Sources::load(args.config.as_deref(), args.flag_values())?;
    Ok(Settings::read(sources, !args.no_train)?)
}

/// The settings of a run that is not only planned.
pub(super) fn settings_of_job(args: &RunArgs) -> anyhow::Result<Settings> {
    let mut settings = settings_of_run(&args.plan)?;
    if !args.promote_anyway {
        return Ok(settings);
    }
    let Some(volume) = &mut settings.job.volume else {
        let problem = "--promote-anyway: no model is trained that is judged: let volume.train be true, and give no --no-volume";
        let problems = vec![problem.to_owned()];
        return Err(ConfigError { problems }.into());
    };
    volume.promote_anyway = true;
    Ok(settings)
}

pub(super) fn settings_of_history(args: &HistoryArgs) -> anyhow::Result<Settings> {
    settings(args.config.as_deref(), args.flag_values())
}

/// The settings of a command for which it is no matter whether a model is trained.
pub(super) fn settings(config: Option<&Path>, flags: Vec<FlagValue>) -> anyhow::Result<Settings> {
    let sources = Sources::load(config, flags)?;
    Ok(Settings::read(sources, false)?)
}

pub(super) fn request(settings: &Settings, args: &PlanArgs) -> anyhow::Result<Request> {
    Ok(Request {
        job: settings.job.clone(),
        force: args.force.then(nonce).transpose()?,
        verify: args.verify,
        limits: settings.limits,
    })
}

/// A text unlike any other.
fn nonce() -> anyhow::Result<String> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).context("the system has no random numbers")?;
    Ok(format!("{:032x}", u128::from_le_bytes(nonce)))
}

/// The name of this machine.
pub(super) fn host() -> String {
    let uname = rustix::system::uname();
    uname.nodename().to_string_lossy().into_owned()
}

/// Under which name, and on which terms, a command claims an output.
pub(super) fn claimant(settings: &Settings) -> anyhow::Result<Claimant> {
    Ok(Claimant {
        holder: Holder {
            name: format!("process {} on {}", std::process::id(), host()),
            nonce: nonce()?,
        },
        lease: settings.lease,
    })
}

/// Threads for kernels.
pub(super) fn pool(threads: usize) -> anyhow::Result<Arc<ThreadPool>> {
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|thread| format!("kernel-{thread}"))
        .build();
    Ok(Arc::new(pool.context("cannot start threads")?))
}

/// Lets kernel threads finish what was given up, for a process that ends amid a file leaves its staged form behind. A thread
/// that hangs, on a file that cannot be read say, does not keep the process from its end.
pub(super) fn finish_kernels(pool: &ThreadPool) {
    let (finished, ends) = std::sync::mpsc::channel();
    pool.spawn_broadcast(move |_| {
        // Nobody listens after the deadline.
        let _ = finished.send(());
    });
    for _ in 0..pool.current_num_threads() {
        if ends.recv_timeout(KERNELS_DEADLINE).is_err() {
            return;
        }
    }
}

/// Asks for a stop at the first SIGINT or SIGTERM, by `stop`; ends the process at the second, by `at_once`.
pub(super) async fn stop_on_signal(stop: impl FnOnce(), at_once: impl FnOnce() -> i32) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return; // without handlers the signals end the process, and what it did goes on as well
    };
    let mut signal = async || {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    signal().await;
    stop();
    signal().await;
    std::process::exit(at_once());
}

/// What this process proves itself with and demands of others.
pub(super) fn trust(settings: &Settings) -> anyhow::Result<Trust> {
    let files = &settings.trust;
    Ok(Trust {
        credentials: files.tls.as_ref().map(Credentials::load).transpose()?,
        tokens: files.tokens.as_deref().map(Tokens::load).transpose()?,
    })
}

/// Whether a process may listen on an address: beyond loopback encrypted, or because a person insists. Returns the scheme
/// of its URL.
pub(super) fn may_listen(
    address: SocketAddr,
    settings: &Settings,
    trust: &Trust,
) -> anyhow::Result<&'static str> {
    let is_near = address.ip().is_loopback();
    match &trust.credentials {
        Some(credentials) if credentials.own_pem().is_some() => Ok("https"),
        Some(_) => Err(ListenError::NoCertificate.into()),
        None if is_near => Ok("http"),
        None if settings.trust.insecure => {
            tracing::warn!(
                "listening beyond loopback, without encryption: whoever reaches {address} can ask everything and read everything"
            );
            Ok("http")
        }
        None => Err(ListenError::Insecure(address).into()),
    }
}

/// Why a process may not listen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListenError {
    #[error(
        "{0} is beyond this machine, and nothing would be encrypted: give tls.ca, tls.certificate and tls.key (`tickermill certs` makes them), or --insecure"
    )]
    Insecure(SocketAddr),
    #[error("to listen, tls.ca needs tls.certificate and tls.key beside it")]
    NoCertificate,
}

/// Answers operators from now on, if an address is given. Must be called on a runtime.
pub(super) fn answer_operators(
    settings: &Settings,
    trust: &Trust,
    operated: Arc<dyn Operated>,
) -> anyhow::Result<()> {
    let Some(address) = settings.operations else {
        return Ok(());
    };
    let scheme = may_listen(address, settings, trust)?;
    let encryption = trust.credentials.as_ref();
    let encryption = encryption.and_then(|own| own.server(&["http/1.1"]));
    let server = OperationsServer::bind(address)?;
    log::announce(&format!("operators ask on {scheme}://{}", server.address()));
    tokio::spawn(async {
        if let Err(error) = server.serve(operated, encryption).await {
            tracing::error!("operators are not answered any more: {error}");
        }
    });
    Ok(())
}

/// Lets this process have as many files and connections open as the system allows it.
pub(super) fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // Where it is not allowed the limit stays as it is.
    let _ = setrlimit(Resource::Nofile, most);
}

pub(super) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder
        .worker_threads(RUNTIME_THREADS)
        .enable_all()
        .build()
        .context("cannot start threads")
}

/// The data set's store. Without one the sample is used, and made where it is not there.
pub(super) fn open_data(settings: &Settings) -> anyhow::Result<Store> {
    if let Some(data) = &settings.data {
        return Ok(Store::open(data)?);
    }
    let folder = Path::new(SAMPLE_FOLDER);
    if !folder.join(market::securities::SECURITY_LIST).exists() {
        eprintln!(
            "no --data: making a synthetic market of {} tickers in {SAMPLE_FOLDER}",
            SAMPLE.tickers
        );
        write_market(folder, &SAMPLE, &|_| ())?;
    }
    Ok(Store::open(SAMPLE_FOLDER)?)
}

//! A coordinator as a process: it holds an output, takes workers and jobs in, and runs one job after another.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use market::store::Store;
use proto::link::Roster;
use rayon::ThreadPool;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout;
use trust::Trust;

use crate::actor::{MembersDesk, RunsDesk, Stage};
use crate::epoch::{Claimant, Epoch, EpochError};
use crate::history::HistoryError;
pub use crate::members::MemberLimits;
use crate::metrics::Metrics;
use crate::run::Patience;
use crate::service::{Door, Services, serve};
use crate::submission::left_unfinished;
use crate::workbench::Workbench;

/// How long what runs may take to stop where it is.
const CLOSE_DEADLINE: Duration = Duration::from_secs(20);

/// How a coordinator is set up.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Where it listens; port 0 for any that is free.
    pub listen: SocketAddr,
    /// The roots below which data may lie that clients name; without any, every path on loopback, and none elsewhere.
    pub allowed_roots: Vec<PathBuf>,
    /// What it proves itself with, and what it demands of workers and clients.
    pub trust: Trust,
    /// Who claims the output.
    pub claimant: Claimant,
    /// What membership costs and allows.
    pub members: MemberLimits,
    /// How long runs wait for what may not come.
    pub patience: Patience,
    /// Jobs that may wait.
    pub max_queued: usize,
    /// Connections at a time.
    pub max_connections: usize,
}

/// Why a coordinator does not start, or stops.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The thread of actors cannot be started.
    #[error("cannot start threads: {0}")]
    Threads(std::io::Error),
    /// The output is not ours, or not any more.
    #[error(transparent)]
    Epoch(#[from] EpochError),
    /// What was left unfinished cannot be read.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The server broke.
    #[error("the server stopped: {0}")]
    Server(#[from] tonic::transport::Error),
}

/// A coordinator that holds its output and listens, and does not serve yet.
pub struct Coordinator {
    terms: Terms,
    listener: TcpListener,
    address: SocketAddr,
    epoch: Arc<Epoch>,
    out: Store,
    pool: Arc<ThreadPool>,
    metrics: Arc<Metrics>,
}

impl Coordinator {
    /// Claims the output and binds the address. Waits while another holds the output, and tells `waiting` for whom.
    /// Operators are told on `metrics`.
    pub async fn build(
        terms: Terms,
        out: Store,
        pool: Arc<ThreadPool>,
        metrics: Arc<Metrics>,
        waiting: impl Fn(&str) + Send,
    ) -> Result<Self, ServeError> {
        let failed = |source| ServeError::Listen {
            address: terms.listen,
            source,
        };
        let listener = TcpListener::bind(terms.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let epoch = Epoch::claim(&out, &terms.claimant, waiting).await?;
        metrics.epoch.set(epoch.number() as i64);
        Ok(Self {
            terms,
            listener,
            address,
            epoch: Arc::new(epoch),
            out,
            pool,
            metrics,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The number of its epoch.
    pub fn epoch(&self) -> u64 {
        self.epoch.number()
    }

    /// The workers that take shards, as they come and go while it serves.
    pub fn workers(&self) -> watch::Receiver<Roster> {
        self.metrics.roster.subscribe()
    }

    /// Serves until `stop` turns true, then stops what runs where it is and lets go of the output. What was left unfinished
    /// by an earlier coordinator is taken up first.
    ///
    /// A panic in an actor has to end the process: see to it with a panic hook.
    pub async fn serve(self, mut stop: watch::Receiver<bool>) -> Result<(), ServeError> {
        let unfinished = left_unfinished(&self.out).await?;
        for submission in &unfinished {
            tracing::info!("taking up {}, which was left unfinished", submission.name);
        }
        let stage = Stage::start().map_err(ServeError::Threads)?;
        let workers = self.workers();
        let members = MembersDesk::open(
            &stage,
            self.epoch.number(),
            self.out.locate(""),
            self.terms.members,
            Arc::clone(&self.metrics),
        );
        let bench = Workbench {
            epoch: Arc::clone(&self.epoch),
            out: self.out.clone(),
            workers,
            patience: self.terms.patience,
            pool: self.pool,
            runtime: Handle::current(),
            metrics: Arc::clone(&self.metrics),
        };
        let runs = RunsDesk::open(&stage, bench, self.terms.max_queued, unfinished);
        let services = Services::new(
            members,
            runs.clone(),
            self.out,
            self.epoch.number(),
            self.terms.members.lease,
            AllowedData::new(&self.terms, self.address),
            Arc::clone(&self.metrics),
        );
        let door = Door {
            listener: self.listener,
            trust: self.terms.trust,
            max_connections: self.terms.max_connections,
        };
        let serving = serve(door, services);
        self.metrics.set_unready(None);
        let served = tokio::select! {
            served = serving => served.map_err(ServeError::from),
            lost = self.epoch.lost() => Err(lost.into()),
            Ok(_) = stop.wait_for(|stop| *stop) => Ok(()),
        };
        self.metrics
            .set_unready(Some("the coordinator is stopping"));
        if timeout(CLOSE_DEADLINE, runs.close()).await.is_err() {
            tracing::warn!(
                "what runs did not stop in {CLOSE_DEADLINE:?}; it is taken up at the next start"
            );
        }
        self.epoch.release().await;
        served
    }
}

/// Which data clients may name.
#[derive(Debug, Clone)]
pub(crate) enum AllowedData {
    /// Any.
    Anywhere,
    /// What lies below one of these, each with all links followed.
    Below(Vec<PathBuf>),
}

/// The data is not for clients.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAllowed {
    #[error(
        "{data} is not below a root that this coordinator allows: start it with `--allow-root`, or choose data below {roots}"
    )]
    Elsewhere { data: String, roots: String },
    #[error(
        "this coordinator listens beyond loopback and allows no data: start it with `--allow-root DIR`"
    )]
    NoRoots,
}

impl AllowedData {
    fn new(terms: &Terms, address: SocketAddr) -> Self {
        if terms.allowed_roots.is_empty() && address.ip().is_loopback() {
            return Self::Anywhere;
        }
        Self::Below(terms.allowed_roots.clone())
    }

    /// Whether clients may name this opened data.
    pub(crate) fn check(&self, data: &Store) -> Result<(), NotAllowed> {
        let Self::Below(roots) = self else {
            return Ok(());
        };
        if roots.is_empty() {
            return Err(NotAllowed::NoRoots);
        }
        let location = data.locate("");
        let below_folder = |root: &PathBuf| {
            let folder = data.folder();
            folder.is_some_and(|folder| folder.starts_with(root))
        };
        let below_url = |root: &PathBuf| {
            let root = root.to_string_lossy();
            let rest = location.strip_prefix(root.trim_end_matches('/'));
            root.contains("://")
                && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if roots
            .iter()
            .any(|root| below_folder(root) || below_url(root))
        {
            return Ok(());
        }
        let roots: Vec<String> = roots
            .iter()
            .map(|root| root.display().to_string())
            .collect();
        Err(NotAllowed::Elsewhere {
            data: location,
            roots: roots.join(" or "),
        })
    }
}

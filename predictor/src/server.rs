//! A predictor: load, build, serve, drain.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arc_swap::ArcSwap;
use market::store::Store;
use operations::Operated;
use rayon::ThreadPool;
use tokio::runtime::Handle;
use tokio::sync::watch;
use trust::Trust;

use crate::catalogue::Catalogue;
use crate::kernels::Kernels;
use crate::metrics::Metrics;
use crate::served::ServedModel;
use crate::service::{Bodies, State, serve};
use crate::terms::Terms;
use crate::tickers::Tickers;
use crate::watcher::Watcher;

/// A model of a file that is not in a store.
#[derive(Debug)]
pub struct ModelFile {
    /// The name that it is served by.
    pub name: String,
    /// The bytes of the ONNX file.
    pub onnx: Vec<u8>,
}

/// A predictor that has its port and does not answer yet.
#[derive(Debug)]
pub struct Predictor {
    listener: TcpListener,
    address: SocketAddr,
    state: Arc<State>,
    watcher: Option<Watcher>,
}

/// Why a predictor cannot start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum PredictorError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}: choose another with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A file cannot be served.
    #[error("cannot serve the file of `{name}`: {reason}")]
    File {
        /// The model's name.
        name: String,
        /// Why.
        reason: String,
    },
    /// The threads that answer broke.
    #[error("the service broke: {0}")]
    Service(#[from] std::io::Error),
}

impl Predictor {
    /// Loads what is live in the store and the files, then takes the port: whoever is let in is answered.
    ///
    /// A store without a model, or that does not answer, is no error: the predictor says that it is not ready, and looks
    /// again. Kernels run on `pool`. Connections are encrypted where `trust` has a certificate for that.
    pub async fn build(
        terms: Terms,
        trust: Trust,
        out: Option<Store>,
        files: Vec<ModelFile>,
        pool: Arc<ThreadPool>,
    ) -> Result<Self, PredictorError> {
        let kernels = Arc::new(Kernels::new(pool, terms.limits.max_kernel_work));
        let metrics = Arc::new(Metrics::new());
        let serving = Arc::new(ArcSwap::from_pointee(of_files(files)?));
        metrics.set_live(&serving.load());
        let mut watcher = out.clone().map(|out| {
            let (kernels, metrics) = (Arc::clone(&kernels), Arc::clone(&metrics));
            Watcher::new(out, kernels, Arc::clone(&serving), metrics)
        });
        if let Some(watcher) = &mut watcher {
            watcher.look().await;
        }
        let tickers = out.map(|out| {
            let kernels = Arc::clone(&kernels);
            Tickers::new(out, kernels, terms.cache_bytes, Handle::current())
        });
        let listen_failed = |source| PredictorError::Listen {
            address: terms.listen,
            source,
        };
        let listener = TcpListener::bind(terms.listen).map_err(listen_failed)?;
        let address = listener.local_addr().map_err(listen_failed)?;
        Ok(Self {
            listener,
            address,
            state: Arc::new(State {
                bodies: Bodies::new(terms.limits),
                terms,
                serving,
                kernels,
                metrics,
                tickers,
                trust,
                draining: AtomicBool::new(false),
            }),
            watcher,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What operators are told of it.
    pub fn operated(&self) -> Arc<dyn Operated> {
        Arc::clone(&self.state) as _
    }

    /// The models that are live, each with its version, by rising name.
    pub fn live(&self) -> Vec<(String, String)> {
        let now = self.state.now();
        let live = now.models();
        live.map(|(name, versions)| (name.clone(), versions.live.version.clone()))
            .collect()
    }

    /// Answers until `stopped` is true, and then until what is in hand is answered, for the time to drain at most.
    pub async fn serve(self, stopped: watch::Receiver<bool>) -> Result<(), PredictorError> {
        let every = self.state.terms.reload_every;
        let keeping_up = self
            .watcher
            .map(|watcher| tokio::spawn(watcher.keep_up(every)));
        let served = serve(self.listener, self.state, stopped).await;
        if let Some(keeping_up) = keeping_up {
            keeping_up.abort();
        }
        Ok(served?)
    }
}

fn of_files(files: Vec<ModelFile>) -> Result<Catalogue, PredictorError> {
    let mut catalogue = Catalogue::default();
    for ModelFile { name, onnx } in files {
        let model =
            ServedModel::without_card(&name, &onnx).map_err(|error| PredictorError::File {
                name,
                reason: error.to_string(),
            })?;
        catalogue.set_live(Arc::new(model), false);
    }
    Ok(catalogue)
}

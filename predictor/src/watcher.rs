//! Keeps what is served up with the store: other versions are loaded and checked behind the one that serves, and swapped
//! in as a whole.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use market::store::{Fingerprint, Store};
use output::document::DocumentError;
use output::models::{self, LiveModel};
use output::outcome::Latest;
use output::paths;
use output::reading::{CompletedRuns, ReadError};
use output::runs::latest;
use proto::query::RunChoice;

use crate::catalogue::Catalogue;
use crate::kernels::Kernels;
use crate::metrics::Metrics;
use crate::served::{RejectError, ServedModel};

/// Looks at a store, and swaps what is served.
#[derive(Debug)]
pub(crate) struct Watcher {
    out: Store,
    runs: CompletedRuns,
    kernels: Arc<Kernels>,
    serving: Arc<ArcSwap<Catalogue>>,
    metrics: Arc<Metrics>,
    /// The models that were served before the store was looked at: they stay, and those of the store with their names are
    /// not served. Turns true when that was told.
    fixed: BTreeMap<String, bool>,
    rejections: BTreeMap<String, Rejection>,
    /// What `latest.json` said when the run that is served was taken up.
    latest: Option<Latest>,
    /// The last failure told, so that one that lasts is told once.
    told: Option<String>,
}

/// A version that failed a check. It is checked again when its files are others.
#[derive(Debug)]
struct Rejection {
    version: String,
    reason: &'static str,
    files: [Option<Fingerprint>; 2],
}

/// Why a look at the store came to nothing.
#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error(transparent)]
    Run(#[from] ReadError),
    #[error("the check of a model was not taken on: {0}")]
    Busy(String),
}

impl From<market::store::StoreError> for LookError {
    fn from(error: market::store::StoreError) -> Self {
        Self::Document(error.into())
    }
}

impl Watcher {
    /// Looks at `out`. What is served already stays.
    pub(crate) fn new(
        out: Store,
        kernels: Arc<Kernels>,
        serving: Arc<ArcSwap<Catalogue>>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let served = serving.load();
        let fixed = served.models().map(|(name, _)| (name.clone(), false));
        Self {
            fixed: fixed.collect(),
            runs: CompletedRuns::new(out.clone()),
            out,
            kernels,
            serving,
            metrics,
            rejections: BTreeMap::new(),
            latest: None,
            told: None,
        }
    }

    /// Looks again and again, until dropped.
    pub(crate) async fn keep_up(mut self, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            self.look().await;
        }
    }

    /// Looks once. What cannot be read leaves what is served as it is.
    pub(crate) async fn look(&mut self) {
        let failure = match self.try_look().await {
            Ok(()) => None,
            Err(error) => {
                self.metrics.store_failures.inc();
                Some(error.to_string())
            }
        };
        if failure != self.told {
            if let Some(failure) = &failure {
                tracing::warn!("cannot keep up with the store: {failure}; what is served stays");
            } else {
                tracing::info!("keeping up with the store again");
            }
            self.told = failure;
        }
    }

    async fn try_look(&mut self) -> Result<(), LookError> {
        let names = models::names(&self.out).await?;
        self.forget_rejections_of_others(&names);
        for name in names {
            if let Some(told) = self.fixed.get_mut(&name) {
                if !std::mem::replace(told, true) {
                    tracing::warn!(
                        "the store's {name} is not served: a file was given under its name"
                    );
                }
                continue;
            }
            match models::live(&self.out, &name).await {
                Ok(Some(live)) => self.look_at_model(live).await?,
                Ok(None) => self.forget_rejection(&name),
                Err(DocumentError::Store(error)) => return Err(error.into()),
                Err(damaged) => self.reject_pointer(&name, &damaged),
            }
        }
        self.look_at_run().await
    }

    async fn look_at_model(&mut self, live: LiveModel) -> Result<(), LookError> {
        let serving = self.serving.load_full();
        let versions = serving.versions(&live.name);
        let loaded = versions.and_then(|versions| {
            let is_meant = |model: &&Arc<ServedModel>| {
                model.version == live.version && model.digest == live.digest
            };
            versions.all().find(is_meant).cloned()
        });
        if let Some(model) = loaded {
            let unchanged = versions.is_some_and(|versions| {
                versions.live.version == live.version && versions.pinned == live.pinned
            });
            self.forget_rejection(&live.name);
            if !unchanged {
                self.swap(&model, live.pinned);
            }
            return Ok(());
        }

        let onnx = paths::model_file(&live.name, &live.version);
        let card = paths::model_card(&live.name, &live.version);
        // Taken before the files are read, so that a change after it is seen as one.
        let files = [
            self.out.fingerprint_of(&onnx).await?,
            self.out.fingerprint_of(&card).await?,
        ];
        let known = self.rejections.get(&live.name);
        if known.is_some_and(|known| known.version == live.version && known.files == files) {
            return Ok(());
        }
        let bytes = (self.out.read(&onnx).await?, self.out.read(&card).await?);
        let pinned = live.pinned;
        let (name, version) = (live.name.clone(), live.version.clone());
        let check = move || match bytes {
            (Some(onnx), Some(card)) => ServedModel::check(&live, &onnx, &card),
            (None, _) => Err(RejectError::Missing(onnx)),
            (_, None) => Err(RejectError::Missing(card)),
        };
        let checked = self.kernels.run(check).await;
        match checked.map_err(|busy| LookError::Busy(busy.error))? {
            Ok(model) => {
                self.forget_rejection(&name);
                self.swap(&Arc::new(model), pinned);
            }
            Err(error) => self.reject(&name, &version, &error, files),
        }
        Ok(())
    }

    fn swap(&self, model: &Arc<ServedModel>, pinned: bool) {
        let mut catalogue = Catalogue::clone(&self.serving.load());
        catalogue.set_live(Arc::clone(model), pinned);
        self.metrics.set_live(&catalogue);
        self.metrics.loads.inc();
        self.serving.store(Arc::new(catalogue));
        let chosen = if pinned {
            ", as a person has chosen"
        } else {
            ""
        };
        // Told once it is so: who reads it may ask at once.
        tracing::info!(
            "version {} of {} is live{chosen}",
            model.version,
            model.name
        );
    }

    fn reject_pointer(&mut self, name: &str, damaged: &DocumentError) {
        let error = RejectError::Pointer(damaged.to_string());
        let known = self.rejections.get(name);
        if known.is_none_or(|known| known.reason != error.reason()) {
            self.reject(name, "", &error, [None, None]);
        }
    }

    fn reject(
        &mut self,
        name: &str,
        version: &str,
        error: &RejectError,
        files: [Option<Fingerprint>; 2],
    ) {
        self.forget_rejection(name);
        self.metrics.reject(name, version, error.reason());
        tracing::error!("version `{version}` of {name} does not go live: {error}");
        let rejection = Rejection {
            version: version.to_owned(),
            reason: error.reason(),
            files,
        };
        self.rejections.insert(name.to_owned(), rejection);
    }

    fn forget_rejection(&mut self, name: &str) {
        if let Some(known) = self.rejections.remove(name) {
            self.metrics
                .clear_rejection(name, &known.version, known.reason);
        }
    }

    /// A model that is not in the store any more is not to be live.
    fn forget_rejections_of_others(&mut self, names: &[String]) {
        let rejected: Vec<String> = self.rejections.keys().cloned().collect();
        for name in rejected {
            if !names.contains(&name) {
                self.forget_rejection(&name);
            }
        }
    }

    async fn look_at_run(&mut self) -> Result<(), LookError> {
        let latest = latest(&self.out).await?;
        let Some(named) = latest.clone().filter(|_| latest != self.latest) else {
            return Ok(());
        };
        let run = self.runs.get(&RunChoice::Run(named.run_id)).await?;
        let mut catalogue = Catalogue::clone(&self.serving.load());
        catalogue.run = Some(Arc::clone(&run));
        self.serving.store(Arc::new(catalogue));
        self.latest = latest;
        tracing::info!("features are made from run {}", run.run);
        Ok(())
    }
}

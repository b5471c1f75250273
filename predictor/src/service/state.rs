//! What all requests share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use operations::Operated;
use trust::Trust;

use super::body::Bodies;
use crate::catalogue::Catalogue;
use crate::kernels::Kernels;
use crate::metrics::Metrics;
use crate::question::Parameters;
use crate::refusal::Refusal;
use crate::served::ServedModel;
use crate::terms::Terms;
use crate::tickers::Tickers;

/// What all requests share.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) terms: Terms,
    pub(crate) serving: Arc<ArcSwap<Catalogue>>,
    pub(crate) kernels: Arc<Kernels>,
    pub(crate) bodies: Bodies,
    pub(crate) metrics: Arc<Metrics>,
    /// `None` where there is no store to make features from.
    pub(crate) tickers: Option<Tickers>,
    /// Whether the process is about to end: connections are closed after their next answer.
    pub(crate) draining: AtomicBool,
    /// What callers must prove.
    pub(crate) trust: Trust,
}

impl State {
    /// What is served now. A request takes it once, so that its answer is of one moment.
    pub(crate) fn now(&self) -> Arc<Catalogue> {
        self.serving.load_full()
    }

    /// The model that a request means which names `name`, or none.
    pub(crate) fn model(
        &self,
        now: &Catalogue,
        name: Option<&str>,
    ) -> Result<Arc<ServedModel>, Refusal> {
        let default_model = self.terms.default_model.as_deref();
        now.choose(name, default_model).map(Arc::clone)
    }

    /// The model that a query means: the one that it names, or else one that reads the inputs that it gives.
    pub(crate) fn model_of_query(
        &self,
        now: &Catalogue,
        parameters: &mut Parameters<'_>,
    ) -> Result<Arc<ServedModel>, Refusal> {
        if let Some(name) = parameters.take("model") {
            return self.model(now, Some(&name));
        }
        let default_model = self.terms.default_model.as_deref();
        let chosen = now.choose_by_inputs(&parameters.inputs(), default_model);
        chosen.map(Arc::clone)
    }
}

impl Operated for State {
    fn unready(&self) -> Option<String> {
        if self.draining.load(Ordering::Relaxed) {
            return Some("the process is about to end".to_owned());
        }
        let refusal = self.model(&self.now(), None).err()?;
        Some(refusal.error)
    }

    fn metrics(&self) -> String {
        self.metrics.text()
    }
}

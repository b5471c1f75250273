//! What is served at a moment: one version of everything, so that no answer mixes two.

use std::collections::BTreeMap;
use std::sync::Arc;

use output::reading::CompletedRun;

use crate::refusal::Refusal;
use crate::served::ServedModel;

/// What is served at a moment. Another moment has another one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Catalogue {
    models: BTreeMap<String, Versions>,
    /// The newest completed run, whose prices features are made from.
    pub(crate) run: Option<Arc<CompletedRun>>,
}

/// The versions of a model that are in memory.
#[derive(Debug, Clone)]
pub(crate) struct Versions {
    pub(crate) live: Arc<ServedModel>,
    /// Whether a person has chosen the live one.
    pub(crate) pinned: bool,
    /// The one that was live before, for clients that still ask for it.
    pub(crate) former: Option<Arc<ServedModel>>,
}

impl Versions {
    /// The versions in memory, the live one first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<ServedModel>> {
        std::iter::once(&self.live).chain(&self.former)
    }

    fn get(&self, version: &str) -> Option<&Arc<ServedModel>> {
        self.all().find(|model| model.version == version)
    }
}

impl Catalogue {
    /// The models, by rising name.
    pub(crate) fn models(&self) -> impl Iterator<Item = (&String, &Versions)> {
        self.models.iter()
    }

    pub(crate) fn versions(&self, name: &str) -> Option<&Versions> {
        self.models.get(name)
    }

    /// Makes a model live; the one that was live stays for those who name its version.
    pub(crate) fn set_live(&mut self, model: Arc<ServedModel>, pinned: bool) {
        let before = self.models.remove(&model.name);
        let former = before.and_then(|before| {
            if before.live.version == model.version {
                before.former
            } else {
                Some(before.live)
            }
        });
        let name = model.name.clone();
        let versions = Versions {
            live: model,
            pinned,
            former,
        };
        self.models.insert(name, versions);
    }

    /// The model named, or else the default one: `default_model`, or the first by name where that is not set.
    pub(crate) fn choose(
        &self,
        name: Option<&str>,
        default_model: Option<&str>,
    ) -> Result<&Arc<ServedModel>, Refusal> {
        if let Some(name) = name {
            return self.find(name, None);
        }
        let versions = match default_model {
            Some(name) => self.models.get(name),
            None => self.models.values().next(),
        };
        let no_model = || match default_model {
            Some(name) => {
                format!("there is no model `{name}` to serve yet: a run that trains publishes one")
            }
            None => "there is no model to serve yet: a run that trains publishes one".to_owned(),
        };
        match versions {
            Some(versions) => Ok(&versions.live),
            None => Err(Refusal::unavailable(no_model())),
        }
    }

    /// The model that reads every one of `inputs`: the default one of [`Catalogue::choose`] if it does or if none does, else
    /// the first by name.
    pub(crate) fn choose_by_inputs(
        &self,
        inputs: &[&str],
        default_model: Option<&str>,
    ) -> Result<&Arc<ServedModel>, Refusal> {
        let default = self.choose(None, default_model)?;
        let others = self.models.values().map(|versions| &versions.live);
        let mut by_rank = std::iter::once(default).chain(others);
        Ok(by_rank
            .find(|model| model.reads_all(inputs))
            .unwrap_or(default))
    }

    /// The model of a name, in the version asked for, or else the live one.
    pub(crate) fn find(
        &self,
        name: &str,
        version: Option<&str>,
    ) -> Result<&Arc<ServedModel>, Refusal> {
        let Some(versions) = self.models.get(name) else {
            let names: Vec<&str> = self.models.keys().map(String::as_str).collect();
            let served = if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            };
            let error = format!("there is no model `{name}`: served are {served}");
            return Err(Refusal::unknown("model", error));
        };
        let Some(version) = version else {
            return Ok(&versions.live);
        };
        versions.get(version).ok_or_else(|| {
            let loaded: Vec<&str> = versions.all().map(|model| model.version.as_str()).collect();
            let loaded = loaded.join(", ");
            let error =
                format!("version `{version}` of `{name}` is not served: served are {loaded}");
            Refusal::unknown("version", error)
        })
    }
}

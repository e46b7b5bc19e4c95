//! The interface of the generated crate to the runtime: `api::Api`.

use crate::context::hooks::{AuthHooks, HookTable, Hooks};
use crate::db::Migration;
use crate::meta::{AppMeta, ModelKind, ModelMeta};
use crate::model::{AnyResource, Erased, Resource};

/// An application as the build step has generated it. Implemented once, by generated code, and passed to
/// [`Gable`](crate::Gable).
pub trait Api {
    /// One typed list of interceptors per model, by the model's module name.
    type Hooks: Default;
    /// The settings in `app.yaml`.
    const APP: &'static AppMeta;
    /// Number of permissions in the catalogue, which are numbered from 0.
    const PERMISSIONS: usize;
    /// Every reviewed migration, oldest first.
    const MIGRATIONS: &'static [Migration];
    /// Fingerprint of the tables that the schema needs; compared with the newest migration at start.
    const TABLES: &'static str;
    /// The application's own mail templates: name and source.
    const MAIL_TEMPLATES: &'static [(&'static str, &'static str)] = &[];

    /// Mounts every model with its interceptors, in the order of the catalogue.
    fn mount(hooks: Self::Hooks) -> Mounted;
}

/// The models and interceptors of an application.
#[derive(Default)]
pub struct Mounted {
    pub(crate) models: Vec<MountedModel>,
    pub(crate) auth: HookTable,
}

/// A model and its interceptors.
pub(crate) struct MountedModel {
    pub(crate) resource: Box<dyn AnyResource>,
    pub(crate) hooks: HookTable,
}

impl Mounted {
    /// Adds a model.
    #[must_use]
    pub fn model<R: Resource>(mut self, hooks: Hooks<R>) -> Self {
        let resource = Box::<Erased<R>>::default();
        self.models.push(MountedModel { resource, hooks: hooks.into_table() });
        self
    }

    /// Adds the interceptors of the account operations; `R` is the account model.
    #[must_use]
    pub fn auth<R: Resource>(mut self, hooks: AuthHooks<R>) -> Self {
        self.auth = hooks.into_table();
        self
    }

    pub(crate) fn metas(&self) -> Vec<&'static ModelMeta> {
        self.models.iter().map(|model| model.resource.meta()).collect()
    }

    /// Returns the account model, if there is one.
    pub(crate) fn account(&self) -> Option<&'static ModelMeta> {
        self.models.iter().map(|model| model.resource.meta()).find(|meta| meta.kind == ModelKind::Account)
    }
}

//! What the generated crate offers as a whole: `api::Api`.

use crate::app_meta::AppMeta;
use crate::db::Migration;
use crate::erased::Erased;
use crate::hooks::{AuthHooks, HookTable, Hooks};
use crate::resource::{AnyResource, ModelKind, ModelMeta, Resource};

/// Implemented once, by generated code.
pub trait Api {
    /// One typed list of interceptors per model, by the model's module name.
    type Hooks: Default;
    const APP: &'static AppMeta;
    /// How many permissions the catalogue has; their numbers run from 0.
    const PERMISSIONS: usize;
    /// Every reviewed migration, oldest first.
    const MIGRATIONS: &'static [Migration];
    /// Changes whenever the tables that the schema asks for change; compared with the newest migration at start.
    const TABLES: &'static str;
    /// The application's own mail templates: name and source.
    const MAIL_TEMPLATES: &'static [(&'static str, &'static str)] = &[];

    /// Every model, in the order of the catalogue, with its interceptors.
    fn mount(hooks: Self::Hooks) -> Mounted;
}

/// What an application is made of.
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

    /// The model that people log in as.
    pub(crate) fn account(&self) -> Option<&'static ModelMeta> {
        self.models.iter().map(|model| model.resource.meta()).find(|meta| meta.kind == ModelKind::Account)
    }
}

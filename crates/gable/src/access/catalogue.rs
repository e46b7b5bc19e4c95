//! Every (resource, action) pair of the schema.

use std::collections::HashMap;

use crate::meta::{ActionMeta, ModelMeta, Permission, Who};

/// One (resource, action) pair. Entries are sorted by permission number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CatalogueEntry {
    pub(crate) meta: &'static ModelMeta,
    pub(crate) action: &'static ActionMeta,
}

#[derive(Debug)]
pub(crate) struct Catalogue {
    entries: Vec<CatalogueEntry>,
    numbers: HashMap<(&'static str, &'static str), Permission>,
}

impl Catalogue {
    pub(crate) fn new(models: impl Iterator<Item = &'static ModelMeta>) -> Self {
        let mut entries: Vec<CatalogueEntry> =
            models.flat_map(|meta| meta.actions.iter().map(move |action| CatalogueEntry { meta, action })).collect();
        entries.sort_by_key(|entry| entry.action.permission);
        let numbers =
            entries.iter().map(|entry| ((entry.meta.resource, entry.action.action), entry.action.permission)).collect();
        Self { entries, numbers }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &CatalogueEntry> {
        self.entries.iter()
    }

    /// Whether any rule of the YAML names this role.
    pub(crate) fn names_role(&self, role: &str) -> bool {
        let rules = self.entries.iter().flat_map(|entry| entry.action.rules);
        rules.into_iter().any(|rule| matches!(rule.who, Who::Roles(roles) if roles.contains(&role)))
    }

    pub(crate) fn entry(&self, permission: Permission) -> Option<&CatalogueEntry> {
        self.entries.get(permission.number())
    }

    /// The permission of a (resource, action) pair; `None` if the schema has no such pair.
    pub(crate) fn find(&self, resource: &str, action: &str) -> Option<Permission> {
        self.numbers.get(&(resource, action)).copied()
    }
}

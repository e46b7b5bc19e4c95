//! `ModelSet`: the models of an application, with all that queries need to know of them.

use std::collections::HashMap;
use std::ops::Index;

use super::TableSql;
use crate::access::FieldMasks;
use crate::db::{DbError, RawRow, Row, StatementStart};
use crate::meta::{ModelKind, ModelMeta};
use crate::model::{AnyResource, Id, id_from};

/// A model of the application, with its precomputed SQL and field masks.
pub(crate) struct Model {
    /// Its position in the set.
    pub(crate) position: usize,
    pub(crate) meta: &'static ModelMeta,
    pub(crate) resource: Box<dyn AnyResource>,
    pub(crate) masks: FieldMasks,
    pub(crate) sql: TableSql,
    /// Whether deleting a row may delete accounts, roles or permissions by cascade.
    pub(crate) reaches_access: bool,
    pub(crate) cascade_effects: CascadeEffects,
}

/// The protected rows that the database deletes along with a row of a model. Both are false for an accepted schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CascadeEffects {
    pub(crate) accounts: bool,
    /// Permissions that were allowed or denied to single accounts.
    pub(crate) overrides: bool,
}

impl Model {
    pub(crate) fn new(
        position: usize,
        resource: Box<dyn AnyResource>,
        statements: StatementStart,
        reaches_access: bool,
        cascade_effects: CascadeEffects,
    ) -> Self {
        let meta = resource.meta();
        Self {
            position,
            meta,
            masks: FieldMasks::new(meta),
            sql: TableSql::new(meta, statements),
            reaches_access,
            cascade_effects,
            resource,
        }
    }

    /// The id of a row that was read with all columns: its first column.
    ///
    /// # Errors
    /// The column has another type than the schema.
    pub(crate) fn row_id(&self, row: &RawRow) -> Result<Id, DbError> {
        id_from(&mut Row::new(row), self.meta.id)
    }
}

/// The models of an application, in the order of the catalogue.
pub(crate) struct ModelSet {
    models: Vec<Model>,
    by_name: HashMap<&'static str, usize>,
}

impl ModelSet {
    pub(crate) fn new(models: Vec<Model>) -> Self {
        let by_name = models.iter().map(|model| (model.meta.name, model.position)).collect();
        Self { models, by_name }
    }

    /// Finds a model by the name in its YAML, such as `Post`.
    pub(crate) fn find(&self, name: &str) -> Option<&Model> {
        self.by_name.get(name).map(|position| &self.models[*position])
    }

    /// Finds the first model of this kind.
    pub(crate) fn of_kind(&self, kind: ModelKind) -> Option<&Model> {
        self.models.iter().find(|model| model.meta.kind == kind)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Model> {
        self.models.iter()
    }
}

impl Index<usize> for ModelSet {
    type Output = Model;

    fn index(&self, position: usize) -> &Model {
        &self.models[position]
    }
}

//! A model for tests of this module.

use crate::meta::{FieldMeta, IdKind, ModelKind, ModelMeta};

/// A model without relations and rules, with an integer id.
pub(super) const fn model(table: &'static str, fields: &'static [FieldMeta]) -> ModelMeta {
    ModelMeta {
        name: table,
        table,
        path: table,
        resource: table,
        kind: ModelKind::Ordinary,
        id: IdKind::Integer,
        soft_delete: false,
        fields,
        relations: &[],
        uniques: &[],
        actions: &[],
        routes: &[],
    }
}

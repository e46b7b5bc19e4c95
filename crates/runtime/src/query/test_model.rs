//! A model for the tests of what is made of one.

use crate::resource::{FieldMeta, IdKind, ModelKind, ModelMeta};

/// Without relations and rules, with a number for its id.
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

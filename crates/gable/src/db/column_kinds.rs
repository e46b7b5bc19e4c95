//! The kinds of columns, which SQLite does not report.

use std::collections::HashMap;

use super::sqlite::decode::DescribedColumn;
use crate::meta::{FieldKind, ModelMeta};

/// The kind of each column, by table and column.
#[derive(Clone, Debug, Default)]
pub(super) struct ColumnKinds(HashMap<(&'static str, &'static str), FieldKind>);

impl ColumnKinds {
    pub(super) fn of(models: &[&'static ModelMeta]) -> Self {
        let of = |model: &&'static ModelMeta| {
            let table = model.table;
            model.fields.iter().map(move |field| ((table, field.column), field.kind))
        };
        Self(models.iter().flat_map(of).collect())
    }

    pub(super) fn of_column(&self, column: &DescribedColumn) -> Option<FieldKind> {
        let (table, name) = column.origin.as_ref()?;
        self.0.get(&(table.as_str(), name.as_str())).copied()
    }
}

//! Determines which cached identities a committed write makes outdated.

use super::load::{AccessModels, key_field};
use crate::db::{RawRow, Row};
use crate::meta::{ModelKind, ModelMeta};
use crate::model::{Id, RowValues, optional_id};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccessChange {
    /// One account, its roles and permissions, or its log-ins.
    Account(Id),
    /// Any number of accounts whose ids are not known.
    EveryAccount,
    /// Roles or permissions: the role tables are loaded again.
    Everything,
}

impl AccessChange {
    /// The change that a created or deleted row causes; `None` if it does not affect access.
    pub(crate) fn of_row(models: &AccessModels, meta: &'static ModelMeta, row: &RawRow) -> Option<Self> {
        let change = Self::of_many(meta.kind)?;
        let account = (change == Self::EveryAccount).then(|| account(models, meta, row)).flatten();
        Some(account.map_or(change, Self::Account))
    }

    /// The change that an update of a row to `values` causes. If the update sets the key of the account, every account
    /// counts as changed: `row` holds the new account only, and the previous one is not known here.
    pub(crate) fn of_update(
        models: &AccessModels,
        meta: &'static ModelMeta,
        values: &RowValues,
        row: &RawRow,
    ) -> Option<Self> {
        let reassigned = account_field(models, meta).is_some_and(|field| values.get(field).is_some());
        if reassigned { Self::of_many(meta.kind) } else { Self::of_row(models, meta, row) }
    }

    /// The change that a write of many rows of one kind of model causes.
    pub(crate) fn of_many(kind: ModelKind) -> Option<Self> {
        match kind {
            ModelKind::Ordinary => None,
            ModelKind::Account | ModelKind::AccountRole | ModelKind::AccountPermission => Some(Self::EveryAccount),
            ModelKind::Role | ModelKind::Permission => Some(Self::Everything),
        }
    }
}

/// The account that the row represents or belongs to.
fn account(models: &AccessModels, meta: &'static ModelMeta, row: &RawRow) -> Option<Id> {
    let field = account_field(models, meta)?;
    optional_id(&mut Row::skipping(row, field), models.account.id).ok().flatten()
}

fn account_field(models: &AccessModels, meta: &'static ModelMeta) -> Option<usize> {
    if meta.kind == ModelKind::Account { meta.field_index("id") } else { key_field(meta, models.account) }
}

//! What a committed write means for what is remembered of accounts and roles.

use super::load::{AccessModels, key_field, optional_id};
use crate::db::{RawRow, Row};
use crate::resource::{Id, ModelKind, ModelMeta, RowValues};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccessChange {
    /// One account, what it was given, or its log-ins.
    Account(Id),
    /// The same of accounts that are not told apart.
    EveryAccount,
    /// Roles or permissions: the tables are read again.
    Everything,
}

impl AccessChange {
    /// What a new row changes, or one that is gone.
    pub(crate) fn of_row(models: &AccessModels, meta: &'static ModelMeta, row: &RawRow) -> Option<Self> {
        let change = Self::of_many(meta.kind)?;
        let account = (change == Self::EveryAccount).then(|| account(models, meta, row)).flatten();
        Some(account.map_or(change, Self::Account))
    }

    /// What a row changes that was given these values. It names the account that it belongs to now: when it belonged to
    /// another one before, nobody knows which.
    pub(crate) fn of_update(
        models: &AccessModels,
        meta: &'static ModelMeta,
        values: &RowValues,
        row: &RawRow,
    ) -> Option<Self> {
        let moved = account_field(models, meta).is_some_and(|field| values.get(field).is_some());
        if moved { Self::of_many(meta.kind) } else { Self::of_row(models, meta, row) }
    }

    /// What a write of many rows changes.
    pub(crate) fn of_many(kind: ModelKind) -> Option<Self> {
        match kind {
            ModelKind::Ordinary => None,
            ModelKind::Account | ModelKind::AccountRole | ModelKind::AccountPermission => Some(Self::EveryAccount),
            ModelKind::Role | ModelKind::Permission => Some(Self::Everything),
        }
    }
}

/// The account that a row is or belongs to.
fn account(models: &AccessModels, meta: &'static ModelMeta, row: &RawRow) -> Option<Id> {
    let field = account_field(models, meta)?;
    optional_id(&mut Row::skipping(row, field), models.account.id).ok().flatten()
}

fn account_field(models: &AccessModels, meta: &'static ModelMeta) -> Option<usize> {
    if meta.kind == ModelKind::Account { meta.field_index("id") } else { key_field(meta, models.account) }
}

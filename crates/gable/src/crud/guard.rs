//! Calls the rules of the models that the runtime itself reads: accounts, roles and permissions. The rules are checked
//! after a write and inside its transaction, so that an error rolls it back.

use std::collections::BTreeMap;

use crate::access::Scope;
use crate::context::{AfterUpdate, Context, ProtectedRows, RowWrite};
use crate::db::{RawRow, Statement};
use crate::error::ApiError;
use crate::meta::ModelKind;
use crate::model::{Id, RowValues};
use crate::query::Model;

/// Makes sure, before rows of a guarded model are written, that the caller's rights cannot change until the commit.
///
/// # Errors
/// 401 if the caller's log-in is no longer valid, 409 if the caller's rights have changed meanwhile.
pub(super) async fn hold(ctx: &Context<'_>, model: &Model, scope: &Scope) -> Result<(), ApiError> {
    if model.meta.kind == ModelKind::Ordinary { Ok(()) } else { ctx.hold_rights(scope.authority).await }
}

/// Reads and locks the rows of a role or permission model that are about to change, because the rights that they
/// granted or denied before are checked as well as the new ones. Rows of other models are not read.
pub(super) async fn rows_before(
    ctx: &Context<'_>,
    model: &Model,
    select: impl FnOnce() -> Statement,
) -> Result<BTreeMap<Id, RawRow>, ApiError> {
    if matches!(model.meta.kind, ModelKind::Ordinary | ModelKind::Account) {
        return Ok(BTreeMap::new());
    }
    let mut select = select();
    select.push_for_update();
    let rows = ctx.answer.read(ctx.source(), select).await?;
    rows.into_iter().map(|row| Ok((model.row_id(&row)?, row))).collect()
}

/// Prepares an update of a row; the model's rules may add values to it. The result must be finished after the row was
/// written.
///
/// # Errors
/// Those of the model's rules.
pub(super) async fn before_update(
    ctx: &Context<'_>,
    model: &Model,
    id: Id,
    row: &mut RowValues,
) -> Result<Option<Box<dyn AfterUpdate>>, ApiError> {
    match ctx.core.rules(model) {
        Some(rules) => rules.before_update(ctx, model, id, row).await,
        None => Ok(None),
    }
}

/// Checks a row that was just written or deleted.
///
/// # Errors
/// As for `check_rows`.
pub(super) async fn check_row(
    ctx: &Context<'_>,
    model: &Model,
    scope: &Scope,
    row: &RawRow,
    write: RowWrite<'_>,
) -> Result<(), ApiError> {
    check_rows(ctx, model, scope, std::slice::from_ref(row), write).await
}

/// Checks rows that one statement wrote or deleted.
///
/// # Errors
/// 400 for a permission that the schema does not have, 403 for granting more than the caller holds or for changing a
/// super user without being one, 409 for removing the last super user.
pub(super) async fn check_rows(
    ctx: &Context<'_>,
    model: &Model,
    scope: &Scope,
    rows: &[RawRow],
    write: RowWrite<'_>,
) -> Result<(), ApiError> {
    match ctx.core.rules(model) {
        Some(rules) => rules.check(ctx, model, scope, rows, write).await,
        None => Ok(()),
    }
}

/// Counts the protected rows that a deletion may remove by cascade.
///
/// # Errors
/// A database error.
pub(super) async fn before_delete(ctx: &Context<'_>, model: &Model) -> Result<ProtectedRows, ApiError> {
    match ctx.core.rules(model) {
        Some(rules) => rules.before_delete(ctx, model).await,
        None => Ok(ProtectedRows::default()),
    }
}

/// Checks that a deletion removed no protected row by cascade that the caller may not remove.
///
/// # Errors
/// 403 when a caller who is not a super user removed a super user or a denial, 409 when no super user is left.
pub(super) async fn after_delete(
    ctx: &Context<'_>,
    model: &Model,
    scope: &Scope,
    before: ProtectedRows,
) -> Result<(), ApiError> {
    match ctx.core.rules(model) {
        Some(rules) => rules.after_delete(ctx, scope, before).await,
        None => Ok(()),
    }
}

//! Shared parts of the writing operations: SQL clauses, checks, row limits, and records of changed access rights.

use rust_decimal::Decimal;
use sea_orm::Value;

use crate::access::{AccessChange, RowRule, Scope};
use crate::context::Context;
use crate::context::hooks::HookPhase;
use crate::db::{RawRow, Row, Statement};
use crate::error::{ApiError, Problem};
use crate::meta::{FieldKind, ModelKind, Operation, Origin};
use crate::model::input::normal_address;
use crate::model::{Id, RowValues};
use crate::query::{ListQuery, Model};
use crate::text::upper_first;

/// Checks a patch, and sets its update time if it changes any column.
pub(super) fn prepare_update(ctx: &Context<'_>, model: &Model, row: &mut RowValues) -> Result<(), ApiError> {
    normalize_addresses(model, row);
    check_decimals(ctx, model, row)?;
    let updated_at = model.meta.fields.iter().position(|field| field.origin == Origin::UpdatedAt);
    if let Some(field) = updated_at.filter(|_| row.filled().next().is_some()) {
        row.set(field, ctx.now);
    }
    Ok(())
}

/// Whether other statements follow one in its transaction, or only the commit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Following {
    /// Only the commit, unless the statement writes no row.
    Commit,
    Statements,
}

impl Following {
    /// Determines this for the statement that writes the row of an operation, after its before-interceptors have run.
    pub(super) fn of_row(ctx: &Context<'_>, model: &Model, operation: Operation) -> Self {
        let is_last = model.meta.kind == ModelKind::Ordinary
            && ctx.core.rules(model).is_none()
            && ctx.core.hooks(model).is_empty(operation, HookPhase::After)
            && !ctx.has_work_after_commit();
        if is_last { Following::Commit } else { Following::Statements }
    }

    pub(super) fn mark(self, statement: Statement) -> Statement {
        if self == Following::Commit { statement.last() } else { statement }
    }
}

/// `UPDATE posts SET … WHERE `
pub(super) fn set_clause(model: &Model, row: &RowValues) -> Statement {
    let mut update = model.sql.statement("UPDATE ");
    update.identifier(model.meta.table).push(" SET ");
    update.join(", ", row.filled(), |update, (field, value)| {
        update.identifier(model.meta.fields[field].column).push(" = ").bind(value.clone())
    });
    update.push(" WHERE ");
    update
}

/// `DELETE FROM posts WHERE `, or the update that marks rows deleted.
pub(super) fn delete_clause(ctx: &Context<'_>, model: &Model) -> Statement {
    let mut delete = model.sql.statement("");
    if model.meta.soft_delete {
        delete.push("UPDATE ").identifier(model.meta.table).push(" SET \"deleted_at\" = ").bind(ctx.now);
    } else {
        delete.push("DELETE FROM ").identifier(model.meta.table);
    }
    delete.push(" WHERE ");
    delete
}

/// Brings e-mail addresses into the form in which they are looked up. Bodies are read into this form already; an
/// interceptor may have set another address.
pub(super) fn normalize_addresses(model: &Model, row: &mut RowValues) {
    for (position, field) in model.meta.fields.iter().enumerate() {
        if let (FieldKind::Email, Some(Value::String(Some(address)))) = (field.kind, row.get(position)) {
            let normal = normal_address(address);
            row.set(position, normal);
        }
    }
}

/// Refuses decimals that the database cannot store exactly, rather than rounding them.
pub(super) fn check_decimals(ctx: &Context<'_>, model: &Model, row: &RowValues) -> Result<(), ApiError> {
    let lost =
        |value: &Value| matches!(value, Value::Decimal(Some(value)) if !ctx.core.db.keeps_decimal(value as &Decimal));
    let problems: Vec<Problem> = row
        .filled()
        .filter(|(_, value)| lost(value))
        .map(|(field, _)| {
            let name = model.meta.fields[field].name;
            let message = format!("'{name}' has more digits than this database keeps");
            Problem { field: name.to_owned(), code: format!("{}PrecisionConstraint", upper_first(name)), message }
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(ApiError::invalid_body(problems)) }
}

/// Whether a change may move a row out of the caller's scope: it sets a field that the row rule reads.
pub(super) fn may_leave(scope: &Scope, row: &RowValues) -> bool {
    row.filled().any(|(field, _)| scope.rows.reads(field))
}

/// Checks that the row is still within the caller's scope after a change: a caller cannot hand a row over to somebody
/// else.
pub(super) async fn check_still_within(
    ctx: &Context<'_>,
    model: &Model,
    scope: &Scope,
    id: Id,
    row: &RowValues,
) -> Result<(), ApiError> {
    if !may_leave(scope, row) {
        return Ok(());
    }
    let reach = Scope { seen: RowRule::Every, ..scope.clone() };
    match ctx.source().one(model.sql.by_id(&reach, id)).await? {
        Some(_) => Ok(()),
        None => Err(ApiError::not_enough_permissions()),
    }
}

/// Like `check_still_within`, for many rows: a bulk change may set fields that the row rule reads only to values that
/// the rule demands.
pub(super) fn check_all_still_within(
    model: &Model,
    scope: &Scope,
    row: &RowValues,
    results: &[RawRow],
) -> Result<(), ApiError> {
    let RowRule::AnyOf(groups) = &scope.rows else { return Ok(()) };
    let keeps = |field: usize, value: &Value| {
        groups.iter().flatten().filter(|term| term.field == field).all(|term| term.admits(model.meta, Some(value)))
    };
    let leaves = row.filled().any(|(field, value)| scope.rows.reads(field) && !keeps(field, value));
    if leaves && !results.is_empty() {
        tracing::debug!(model = model.meta.name, "a bulk change would carry rows out of the caller's reach");
        return Err(ApiError::not_enough_permissions());
    }
    Ok(())
}

/// Refuses a bulk write that would touch more rows than `maxBulk`.
pub(super) async fn bounded(
    ctx: &Context<'_>,
    model: &Model,
    scope: &Scope,
    query: &ListQuery,
) -> Result<(), ApiError> {
    let counted = ctx.source().one(model.sql.total(scope, &query.filter)).await?;
    let rows: i64 = counted.as_ref().map_or(Ok(0), |result| Row::new(result).next())?;
    check_bound(ctx, rows.unsigned_abs())
}

/// Refuses more rows than `maxBulk`. Checked again after the write: on PostgreSQL, rows may have been added since the
/// count.
pub(super) fn check_bound(ctx: &Context<'_>, rows: u64) -> Result<(), ApiError> {
    let max = ctx.core.app.query.max_bulk;
    if rows <= u64::from(max) {
        return Ok(());
    }
    Err(ApiError::bad_request("TooManyRows", format!("The filter matches more than {max} rows")))
}

/// Records how a new or deleted row affects access rights.
pub(super) fn touched(ctx: &mut Context<'_>, model: &Model, row: &RawRow) {
    let Some(access) = &ctx.core.access else { return };
    ctx.changes.extend(AccessChange::of_row(&access.models, model.meta, row));
}

/// Records how the values that were written to a row affect access rights.
pub(super) fn updated(ctx: &mut Context<'_>, model: &Model, values: &RowValues, row: &RawRow) {
    let Some(access) = &ctx.core.access else { return };
    ctx.changes.extend(AccessChange::of_update(&access.models, model.meta, values, row));
}

pub(super) fn touched_many(ctx: &mut Context<'_>, model: &Model) {
    ctx.changes.extend(AccessChange::of_many(model.meta.kind));
}

/// Records that a deletion may have affected access rights by cascade.
pub(super) fn cascaded(ctx: &mut Context<'_>, model: &Model) {
    if model.reaches_access {
        ctx.access_changed();
    }
}

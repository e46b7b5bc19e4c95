//! What the writing operations share: the statements of a change, its bounds, what it touches.

use rust_decimal::Decimal;
use sea_orm::Value;

use crate::access::{AccessChange, RowRule, Scope, id_from};
use crate::context::Context;
use crate::core::Model;
use crate::db::{DbError, RawRow, Row, Statement, decimal_fits};
use crate::http::ApiError;
use crate::input::{Problem, normal_address};
use crate::query::ListQuery;
use crate::resource::{FieldKind, Id, Origin, RowValues};
use crate::text::upper_first;

/// The id of a written row: its first column.
pub(super) fn row_id(model: &Model, result: &RawRow) -> Result<Id, DbError> {
    id_from(&mut Row::new(result), model.meta.id)
}

/// Checks a patch and dates it, if it changes anything.
pub(super) fn prepare_update(ctx: &Context<'_>, model: &Model, row: &mut RowValues) -> Result<(), ApiError> {
    normalize_addresses(model, row);
    check_decimals(ctx, model, row)?;
    let updated_at = model.meta.fields.iter().position(|field| field.origin == Origin::UpdatedAt);
    if let Some(field) = updated_at.filter(|_| row.filled().next().is_some()) {
        row.set(field, ctx.now);
    }
    Ok(())
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

/// Brings e-mail addresses into the form in which they are looked for. Bodies have been read so; an interceptor may have
/// set another.
pub(super) fn normalize_addresses(model: &Model, row: &mut RowValues) {
    for (position, field) in model.meta.fields.iter().enumerate() {
        if let (FieldKind::Email, Some(Value::String(Some(address)))) = (field.kind, row.get(position)) {
            let normal = normal_address(address);
            row.set(position, normal);
        }
    }
}

/// What the database could not give back as it was written is refused, not rounded.
pub(super) fn check_decimals(ctx: &Context<'_>, model: &Model, row: &RowValues) -> Result<(), ApiError> {
    let dialect = ctx.core.db.dialect();
    let lost =
        |value: &Value| matches!(value, Value::Decimal(Some(value)) if !decimal_fits(dialect, value as &Decimal));
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

/// A change must leave the row where the caller may still change it: nobody hands a row to somebody else.
pub(super) async fn check_still_within(
    ctx: &Context<'_>,
    model: &Model,
    scope: &Scope,
    id: Id,
    row: &RowValues,
) -> Result<(), ApiError> {
    if !row.filled().any(|(field, _)| scope.rows.reads(field)) {
        return Ok(());
    }
    let reach = Scope { seen: RowRule::Every, ..scope.clone() };
    match ctx.source().one(model.sql.by_id(&reach, id)).await? {
        Some(_) => Ok(()),
        None => Err(ApiError::not_enough_permissions()),
    }
}

/// The same for many rows: a bulk change may not touch what its row rule reads, unless it sets what the rule demands.
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

/// Also after the write: on PostgreSQL rows may have come in between.
pub(super) fn check_bound(ctx: &Context<'_>, rows: u64) -> Result<(), ApiError> {
    let max = ctx.core.app.query.max_bulk;
    if rows <= u64::from(max) {
        return Ok(());
    }
    Err(ApiError::bad_request("TooManyRows", format!("The filter matches more than {max} rows")))
}

/// Notes what a new row means for access, or one that is gone.
pub(super) fn touched(ctx: &mut Context<'_>, model: &Model, row: &RawRow) {
    let Some(auth) = &ctx.core.auth else { return };
    ctx.changes.extend(AccessChange::of_row(&auth.access.models, model.meta, row));
}

/// Notes what these values mean for access in the row that they were written to.
pub(super) fn updated(ctx: &mut Context<'_>, model: &Model, values: &RowValues, row: &RawRow) {
    let Some(auth) = &ctx.core.auth else { return };
    ctx.changes.extend(AccessChange::of_update(&auth.access.models, model.meta, values, row));
}

pub(super) fn touched_many(ctx: &mut Context<'_>, model: &Model) {
    ctx.changes.extend(AccessChange::of_many(model.meta.kind));
}

/// Notes what a deletion may have taken along.
pub(super) fn cascaded(ctx: &mut Context<'_>, model: &Model) {
    if model.reaches_access {
        ctx.access_changed();
    }
}

//! What the writing operations share: filling in what the server sets, the statements, what a change touches.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use sea_orm::{QueryResult, Value};
use uuid::Uuid;

use super::nested::{Effect, write_related};
use super::references::check_references;
use super::{guard, refusal};
use crate::access::{Change, Giving, RowRule, Scope, id_from};
use crate::context::Context;
use crate::core::Model;
use crate::db::{DbError, Row, Statement, decimal_fits};
use crate::http::ApiError;
use crate::input::Problem;
use crate::query::ListQuery;
use crate::resource::{Id, IdKind, Origin, Relating, RowValues};
use crate::text::upper_first;

/// Writes new rows, with what they say of other rows, in as few statements as their columns allow, and answers with all
/// columns of each, in their order.
pub(super) async fn insert_many(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    mut rows: Vec<RowValues>,
) -> Result<Vec<QueryResult>, ApiError> {
    let mut relating = Vec::with_capacity(rows.len());
    for row in &mut rows {
        relating.push(row.take_relating());
        prepare_insert(ctx, model, scope, row).await?;
    }
    check_references(ctx, model, scope, &rows).await?;
    let mut results = Vec::with_capacity(rows.len());
    for alike in rows.chunk_by(|one, other| columns(one).eq(columns(other))) {
        for chunk in alike.chunks((BINDS / columns(&alike[0]).count().max(1)).max(1)) {
            results.extend(insert_alike(ctx, model, chunk).await?);
        }
    }
    relate(ctx, model, scope, relating, &mut results).await?;
    for result in &results {
        guard::look_at(ctx, model, scope, result, Giving::New).await?;
        touched(ctx, model, result);
    }
    Ok(results)
}

/// Writes what new rows say of others. Where that ran interceptors, the rows are read again.
async fn relate(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    relating: Vec<Vec<Relating>>,
    results: &mut [QueryResult],
) -> Result<(), ApiError> {
    let mut related = Vec::new();
    for (result, relating) in results.iter().zip(relating).filter(|(_, relating)| !relating.is_empty()) {
        related.push((row_id(model, result)?, relating));
    }
    if related.is_empty() || write_related(ctx, model, scope.authority, related).await? == Effect::Links {
        return Ok(());
    }
    let mut ids = Vec::with_capacity(results.len());
    for result in results.iter() {
        ids.push(row_id(model, result)?);
    }
    let mut again = BTreeMap::new();
    for chunk in ids.chunks(BINDS) {
        for result in ctx.source().all(model.sql.by_ids(chunk)).await? {
            again.insert(row_id(model, &result)?, result);
        }
    }
    for (result, id) in results.iter_mut().zip(ids) {
        *result = again.remove(&id).ok_or_else(|| ApiError::not_found(model.meta.name))?;
    }
    Ok(())
}

/// Values that one statement may bind; SQLite takes 32766, PostgreSQL 65535.
const BINDS: usize = 30_000;

/// The columns that a row sets.
fn columns(row: &RowValues) -> impl Iterator<Item = usize> {
    row.filled().map(|(field, _)| field)
}

/// Rows that set the same columns. Neither database promises to answer in their order, so it is made: ids that the
/// server makes grow from row to row, and so do those of a sequence.
async fn insert_alike(ctx: &Context<'_>, model: &Model, rows: &[RowValues]) -> Result<Vec<QueryResult>, ApiError> {
    if columns(&rows[0]).next().is_none() {
        return one_by_one(ctx, model, rows).await;
    }
    let written = ctx.source().all(insert_statement(model, rows)).await;
    let written = written.map_err(|error| refusal::of_write(model.meta, error))?;
    let mut placed = Vec::with_capacity(written.len());
    for result in written {
        placed.push((row_id(model, &result)?, result));
    }
    placed.sort_by_key(|(id, _)| *id);
    if placed.len() == rows.len() {
        Ok(placed.into_iter().map(|(_, result)| result).collect())
    } else {
        Err(ApiError::internal("an INSERT answered with fewer rows than it wrote"))
    }
}

/// SQL has no word for many rows of defaults.
async fn one_by_one(ctx: &Context<'_>, model: &Model, rows: &[RowValues]) -> Result<Vec<QueryResult>, ApiError> {
    let mut results = Vec::with_capacity(rows.len());
    for row in rows {
        let written = ctx.source().one(insert_statement(model, std::slice::from_ref(row))).await;
        let written = written.map_err(|error| refusal::of_write(model.meta, error))?;
        results.push(written.ok_or_else(|| ApiError::internal("an INSERT answered with no row"))?);
    }
    Ok(results)
}

/// Fills in what the server sets, and checks what the caller may not write.
async fn prepare_insert(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    row: &mut RowValues,
) -> Result<(), ApiError> {
    for (field, password) in row.take_passwords() {
        let hash = ctx.passwords.take(ctx.core, password).await?;
        row.set(field, hash);
    }
    fill(ctx, model, row);
    check_decimals(ctx, model, row)?;
    if scope.rows.admits(|field| row.get(field)) { Ok(()) } else { Err(ApiError::not_enough_permissions()) }
}

/// Writes a row of the runtime's own, without interceptors and checks.
pub(crate) async fn insert_as_is(ctx: &mut Context<'_>, model: &Model, mut row: RowValues) -> Result<Id, ApiError> {
    fill(ctx, model, &mut row);
    let written = ctx.source().one(insert_statement(model, &[row])).await;
    let written = written.map_err(|error| refusal::of_write(model.meta, error))?;
    let result = written.ok_or_else(|| ApiError::internal("an INSERT answered with no row"))?;
    touched(ctx, model, &result);
    Ok(row_id(model, &result)?)
}

/// The id of a written row: its first column.
pub(super) fn row_id(model: &Model, result: &QueryResult) -> Result<Id, DbError> {
    id_from(&mut Row::new(result), model.meta.id)
}

/// Gives a new row its id and times. Slots that stay empty are left to the column's default.
fn fill(ctx: &Context<'_>, model: &Model, row: &mut RowValues) {
    for (position, field) in model.meta.fields.iter().enumerate() {
        match field.origin {
            Origin::Id if model.meta.id == IdKind::Uuid => row.set(position, Uuid::now_v7()),
            Origin::CreatedAt | Origin::UpdatedAt => row.set(position, ctx.now),
            _ => {}
        }
    }
}

/// At least one row, and all of them setting the same columns.
fn insert_statement(model: &Model, rows: &[RowValues]) -> Statement {
    let mut insert = model.sql.statement("INSERT INTO ");
    insert.identifier(model.meta.table);
    if rows.iter().all(|row| columns(row).next().is_none()) {
        insert.push(" DEFAULT VALUES");
    } else {
        insert.push(" (");
        insert.join(", ", rows.iter().take(1).flat_map(columns), |insert, field| {
            insert.identifier(model.meta.fields[field].column)
        });
        insert.push(") VALUES ");
        insert.join(", ", rows, |insert, row| {
            insert.push("(");
            insert.join(", ", row.filled(), |insert, (_, value)| insert.bind(value.clone())).push(")")
        });
    }
    insert.push(" RETURNING ").push(&model.sql.columns);
    insert
}

/// Checks a patch and dates it, if it changes anything.
pub(super) fn prepare_update(ctx: &Context<'_>, model: &Model, row: &mut RowValues) -> Result<(), ApiError> {
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

/// What the database could not give back as it was written is refused, not rounded.
fn check_decimals(ctx: &Context<'_>, model: &Model, row: &RowValues) -> Result<(), ApiError> {
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
    results: &[QueryResult],
) -> Result<(), ApiError> {
    let RowRule::AnyOf(groups) = &scope.rows else { return Ok(()) };
    let keeps = |field: usize, value: &Value| {
        groups.iter().flatten().filter(|term| term.field == field).all(|term| term.value.as_ref() == Some(value))
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
    let max = ctx.core.app.query.max_bulk;
    let counted = ctx.source().one(model.sql.total(scope, &query.filter)).await?;
    let rows: i64 = counted.as_ref().map_or(Ok(0), |result| Row::new(result).next())?;
    if rows > i64::from(max) {
        let message = format!("The filter matches more than {max} rows");
        return Err(ApiError::bad_request("TooManyRows", message));
    }
    Ok(())
}

/// Notes what a new row means for access, or one that is gone.
pub(super) fn touched(ctx: &mut Context<'_>, model: &Model, row: &QueryResult) {
    let Some(auth) = &ctx.core.auth else { return };
    ctx.changes.extend(Change::of_row(&auth.access.models, model.meta, row));
}

/// Notes what these values mean for access in the row that they were written to.
pub(super) fn updated(ctx: &mut Context<'_>, model: &Model, values: &RowValues, row: &QueryResult) {
    let Some(auth) = &ctx.core.auth else { return };
    ctx.changes.extend(Change::of_update(&auth.access.models, model.meta, values, row));
}

pub(super) fn touched_many(ctx: &mut Context<'_>, model: &Model) {
    ctx.changes.extend(Change::of_many(model.meta.kind));
}

/// Notes what a deletion may have taken along.
pub(super) fn cascaded(ctx: &mut Context<'_>, model: &Model) {
    if model.reaches_access {
        ctx.access_changed();
    }
}

//! `PATCH /posts/many?filters`

use std::any::Any;

use super::guard;
use super::references::check_references;
use super::refusal::{self, Refusal};
use super::write::{bounded, check_all_still_within, check_bound, prepare_update, set_clause, touched_many};
use crate::access::Scope;
use crate::context::hooks::HookPhase;
use crate::context::{Context, RowChange, RowWrite};
use crate::db::{Row, Statement};
use crate::error::ApiError;
use crate::meta::{FieldKind, ModelKind, Operation};
use crate::model::{AnyInput, RowValues};
use crate::query::{ListQuery, Model};

/// Updates rows with the model's validated `Update`; returns a `Vec` of the rows after the change.
pub(crate) async fn update_many(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    query: ListQuery,
    mut input: Box<dyn AnyInput>,
) -> Result<Box<dyn Any>, ApiError> {
    guard::hold(ctx, model, scope).await?;
    ctx.query = Some(query);
    ctx.core.hooks(model).run(Operation::UpdateMany, HookPhase::Before, ctx, input.as_any()).await?;
    let query = ctx.query.take().ok_or_else(|| ApiError::internal("an interceptor took the query away"))?;
    let mut row = model.resource.update_row(input);
    if !row.take_relating().is_empty() {
        return Err(ApiError::internal("an interceptor of a bulk change added rows of other models"));
    }
    prepare_update(ctx, model, &mut row)?;
    if row.filled().next().is_none() {
        return Err(ApiError::bad_request("InvalidRequestBody", "The body changes nothing"));
    }
    check_references(ctx, model, scope, std::slice::from_ref(&row)).await.map_err(Refusal::of_one)?;
    bounded(ctx, model, scope, &query).await?;
    let before = guard::rows_before(ctx, model, || matching(model, scope, &query)).await?;
    let mut update = set_clause(model, &row);
    model.sql.matching(&mut update, scope, &query.filter);
    let update = update.returning(&model.sql.columns);
    let results = ctx.answer.read(ctx.source(), update).await;
    let results = results.map_err(|error| error.or_named(|error| refusal::of_write(model.meta, error)))?;
    check_bound(ctx, results.len() as u64)?;
    let change = RowChange { values: &row, before: &before };
    guard::check_rows(ctx, model, scope, &results, RowWrite::Changed(change)).await?;
    identifies_nobody(model, &row)?;
    check_all_still_within(model, scope, &row, &results)?;
    let mut records = model.resource.decode_many(&mut results.iter().map(Row::new))?;
    touched_many(ctx, model);
    ctx.core.hooks(model).run(Operation::UpdateMany, HookPhase::After, ctx, records.as_mut()).await?;
    Ok(records)
}

/// `SELECT … FROM posts WHERE ` with the conditions of the scope and the filter.
fn matching(model: &Model, scope: &Scope, query: &ListQuery) -> Statement {
    let mut select = model.sql.statement("SELECT ");
    select.push(&model.sql.columns).push(" FROM ").identifier(model.meta.table).push(" WHERE ");
    model.sql.matching(&mut select, scope, &query.filter);
    select
}

/// Refuses to set the e-mail address of accounts in bulk: a change must notify the old address, one account at a time.
fn identifies_nobody(model: &Model, row: &RowValues) -> Result<(), ApiError> {
    let address = model.meta.fields.iter().position(|field| field.kind == FieldKind::Email);
    let sets_address = address.is_some_and(|field| row.get(field).is_some());
    if model.meta.kind == ModelKind::Account && sets_address {
        return Err(ApiError::bad_request(
            "InvalidRequestBody",
            "An e-mail address is changed for one account at a time",
        ));
    }
    Ok(())
}

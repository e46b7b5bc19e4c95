//! `DELETE /posts/many?filters`

use std::any::Any;

use super::write::{bounded, cascaded, check_bound, delete_clause, touched_many};
use super::{guard, refusal};
use crate::access::Scope;
use crate::context::hooks::HookPhase;
use crate::context::{Context, RowWrite};
use crate::db::Row;
use crate::error::ApiError;
use crate::meta::Operation;
use crate::query::{ListQuery, Model};

/// Deletes the rows, or marks them deleted; returns a `Vec` of the rows as they were.
pub(crate) async fn delete_many(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    mut query: ListQuery,
) -> Result<Box<dyn Any>, ApiError> {
    guard::hold(ctx, model, scope).await?;
    ctx.core.hooks(model).run(Operation::DeleteMany, HookPhase::Before, ctx, &mut query).await?;
    bounded(ctx, model, scope, &query).await?;
    let guarded = guard::before_delete(ctx, model).await?;
    let mut delete = delete_clause(ctx, model);
    model.sql.matching(&mut delete, scope, &query.filter);
    let delete = delete.returning(&model.sql.columns);
    let results = ctx.answer.read(ctx.source(), delete).await.map_err(|error| error.or_named(refusal::of_delete))?;
    check_bound(ctx, results.len() as u64)?;
    guard::check_rows(ctx, model, scope, &results, RowWrite::Deleted).await?;
    guard::after_delete(ctx, model, scope, guarded).await?;
    let mut records = model.resource.decode_many(&mut results.iter().map(Row::new))?;
    touched_many(ctx, model);
    cascaded(ctx, model);
    ctx.core.hooks(model).run(Operation::DeleteMany, HookPhase::After, ctx, records.as_mut()).await?;
    Ok(records)
}

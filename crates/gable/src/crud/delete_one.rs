//! `DELETE /posts/{id}`

use std::any::Any;

use super::find_one::before;
use super::write::{cascaded, delete_clause, touched};
use super::{guard, refusal};
use crate::access::Scope;
use crate::context::hooks::HookPhase;
use crate::context::{Context, RowWrite};
use crate::db::Row;
use crate::error::ApiError;
use crate::meta::Operation;
use crate::model::Id;
use crate::query::Model;

/// Deletes the row, or marks it deleted; returns the row as it was.
///
/// # Errors
/// 404 when the row does not exist or is not visible, 409 when other rows refer to it.
pub(crate) async fn delete_one(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    id: Id,
) -> Result<Box<dyn Any>, ApiError> {
    guard::hold(ctx, model, scope).await?;
    let id = before(ctx, model, Operation::DeleteOne, id).await?;
    let guarded = guard::before_delete(ctx, model).await?;
    let mut delete = delete_clause(ctx, model);
    model.sql.row(&mut delete, scope, id);
    let deleted = ctx.source().one(delete.returning(&model.sql.columns)).await.map_err(refusal::of_delete)?;
    let result = deleted.ok_or_else(|| ApiError::not_found(model.meta.name))?;
    guard::check_row(ctx, model, scope, &result, RowWrite::Deleted).await?;
    guard::after_delete(ctx, model, scope, guarded).await?;
    let mut record = model.resource.decode(&mut Row::new(&result))?;
    touched(ctx, model, &result);
    cascaded(ctx, model);
    ctx.target = Some((model.meta.name, id));
    ctx.core.hooks(model).run(Operation::DeleteOne, HookPhase::After, ctx, record.as_mut()).await?;
    Ok(record)
}

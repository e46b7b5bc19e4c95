//! `DELETE /posts/{id}`

use std::any::Any;

use super::find_one::before;
use super::write::{cascaded, delete_clause, touched};
use super::{guard, refusal};
use crate::access::{Giving, Scope};
use crate::context::Context;
use crate::core::Model;
use crate::db::Row;
use crate::hooks::Moment;
use crate::http::ApiError;
use crate::resource::{Id, Operation};

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
    let guarded = guard::Guarded::before(ctx, model).await?;
    let mut delete = delete_clause(ctx, model);
    model.sql.row(&mut delete, scope, id);
    delete.push(" RETURNING ").push(&model.sql.columns);
    let deleted = ctx.source().one(delete).await.map_err(refusal::of_delete)?;
    let result = deleted.ok_or_else(|| ApiError::not_found(model.meta.name))?;
    guard::look_at(ctx, model, scope, &result, Giving::Deleted).await?;
    guarded.check(ctx, scope).await?;
    let mut record = model.resource.decode(&mut Row::new(&result))?;
    touched(ctx, model, &result);
    cascaded(ctx, model);
    ctx.target = Some((model.meta.name, id));
    model.hooks.run(Operation::DeleteOne, Moment::After, ctx, record.as_mut()).await?;
    Ok(record)
}

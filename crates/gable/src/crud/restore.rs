//! `POST /readings/{id}/restore`, for models with soft deletion.

use std::any::Any;

use super::write::touched;
use super::{guard, refusal};
use crate::access::{Giving, Scope};
use crate::context::Context;
use crate::core::Model;
use crate::db::Row;
use crate::http::ApiError;
use crate::resource::{Id, Origin};

/// Restores a deleted row and returns it.
///
/// # Errors
/// 404 when there is no such deleted row within the caller's scope.
pub(crate) async fn restore(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    id: Id,
) -> Result<Box<dyn Any>, ApiError> {
    guard::hold(ctx, model, scope).await?;
    let mut update = model.sql.statement("UPDATE ");
    update.identifier(model.meta.table).push(" SET \"deleted_at\" = NULL");
    if let Some(field) = model.meta.fields.iter().find(|field| field.origin == Origin::UpdatedAt) {
        update.push(", ").identifier(field.column).push(" = ").bind(ctx.now);
    }
    update.push(" WHERE ");
    model.sql.deleted_row(&mut update, scope, id);
    update.push(" RETURNING ").push(&model.sql.columns);
    let restored = ctx.source().one(update).await.map_err(|error| refusal::of_write(model.meta, error))?;
    let result = restored.ok_or_else(|| ApiError::not_found(model.meta.name))?;
    guard::look_at(ctx, model, scope, &result, Giving::New).await?;
    let record = model.resource.decode(&mut Row::new(&result))?;
    touched(ctx, model, &result);
    Ok(record)
}

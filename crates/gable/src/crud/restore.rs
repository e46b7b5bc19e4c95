//! `POST /readings/{id}/restore`, for models with soft deletion.

use std::any::Any;

use super::write::touched;
use super::{guard, refusal};
use crate::access::Scope;
use crate::context::{Context, RowWrite};
use crate::db::Row;
use crate::error::ApiError;
use crate::meta::Origin;
use crate::model::Id;
use crate::query::Model;

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
    let restored = ctx
        .source()
        .one(update.returning(&model.sql.columns))
        .await
        .map_err(|error| refusal::of_write(model.meta, error))?;
    let result = restored.ok_or_else(|| ApiError::not_found(model.meta.name))?;
    guard::check_row(ctx, model, scope, &result, RowWrite::Created).await?;
    let record = model.resource.decode(&mut Row::new(&result))?;
    touched(ctx, model, &result);
    Ok(record)
}

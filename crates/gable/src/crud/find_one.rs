//! `GET /posts/{id}`

use std::any::Any;

use super::version::{VersionedRecord, version};
use crate::access::Scope;
use crate::context::Context;
use crate::context::hooks::HookPhase;
use crate::db::Row;
use crate::error::ApiError;
use crate::meta::Operation;
use crate::model::Id;
use crate::query::Model;

/// Reads one row.
///
/// # Errors
/// 404 when the row does not exist or is not visible.
pub(crate) async fn find_one(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    id: Id,
) -> Result<VersionedRecord, ApiError> {
    let id = before(ctx, model, Operation::FindOne, id).await?;
    let mut record = load(ctx, model, scope, id).await?;
    let version = version(model, record.as_ref(), &scope.read);
    ctx.core.hooks(model).run(Operation::FindOne, HookPhase::After, ctx, record.as_mut()).await?;
    Ok(VersionedRecord { record, version })
}

/// Runs the before interceptors, which are given the id, and returns the id that they leave.
pub(super) async fn before(ctx: &mut Context<'_>, model: &Model, operation: Operation, id: Id) -> Result<Id, ApiError> {
    ctx.target = Some((model.meta.name, id));
    if ctx.core.hooks(model).is_empty(operation, HookPhase::Before) {
        return Ok(id);
    }
    match id {
        Id::Uuid(mut id) => {
            ctx.core.hooks(model).run(operation, HookPhase::Before, ctx, &mut id).await.map(|()| Id::Uuid(id))
        }
        Id::Integer(mut id) => {
            ctx.core.hooks(model).run(operation, HookPhase::Before, ctx, &mut id).await.map(|()| Id::Integer(id))
        }
    }
}

/// Loads one visible row.
async fn load(ctx: &Context<'_>, model: &Model, scope: &Scope, id: Id) -> Result<Box<dyn Any>, ApiError> {
    let found = ctx.source().one(model.sql.by_id(scope, id)).await?;
    let result = found.ok_or_else(|| ApiError::not_found(model.meta.name))?;
    Ok(model.resource.decode(&mut Row::new(&result))?)
}

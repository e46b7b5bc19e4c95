//! `POST /posts`, and the rows that other bodies create.

use super::insert::insert_many;
use super::references::resolve_references;
use super::version::{VersionedRecord, version};
use super::write::Following;
use crate::access::{Authority, Scope};
use crate::context::Context;
use crate::context::hooks::HookPhase;
use crate::db::{RawRow, Row};
use crate::error::ApiError;
use crate::meta::Operation;
use crate::model::{Draft, Id};
use crate::query::Model;

/// Creates one row from the model's validated `Create` input and returns it.
pub(crate) async fn create_one(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    draft: Draft,
) -> Result<VersionedRecord, ApiError> {
    let results = insert_each(ctx, model, scope, vec![draft]).await?;
    let result = results.first().ok_or_else(|| ApiError::internal("an INSERT answered with no row"))?;
    let mut record = model.resource.decode(&mut Row::new(result))?;
    ctx.target = Some((model.meta.name, model.resource.id(record.as_ref())));
    let version = version(model, record.as_ref(), &scope.read);
    ctx.core.hooks(model).run(Operation::CreateOne, HookPhase::After, ctx, record.as_mut()).await?;
    Ok(VersionedRecord { record, version })
}

/// Creates several rows, running the interceptors of `createOne` for each, in as few statements as possible; returns
/// their ids.
pub(super) async fn create_each(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    drafts: Vec<Draft>,
) -> Result<Vec<Id>, ApiError> {
    ctx.with_other_target(async |ctx| {
        let mut ids = Vec::with_capacity(drafts.len());
        for result in insert_each(ctx, model, scope, drafts).await? {
            let id = model.row_id(&result)?;
            let mut record = model.resource.decode(&mut Row::new(&result))?;
            ctx.target = Some((model.meta.name, id));
            ctx.core.hooks(model).run(Operation::CreateOne, HookPhase::After, ctx, record.as_mut()).await?;
            ids.push(id);
        }
        Ok(ids)
    })
    .await
}

async fn insert_each(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    mut drafts: Vec<Draft>,
) -> Result<Vec<RawRow>, ApiError> {
    if scope.authority == Authority::Own {
        ctx.as_newcomer(async |ctx| resolve_references(ctx, model, scope, &mut drafts).await).await?;
    } else {
        resolve_references(ctx, model, scope, &mut drafts).await?;
    }
    let (mut rows, mut places) = (Vec::with_capacity(drafts.len()), Vec::with_capacity(drafts.len()));
    let mut keys = Vec::with_capacity(drafts.len());
    let is_last = matches!(drafts.as_slice(), [draft] if draft.is_last);
    for Draft { mut input, place, inline, .. } in drafts {
        places.push(place);
        keys.push(inline);
        ctx.core.hooks(model).run(Operation::CreateOne, HookPhase::Before, ctx, input.as_any()).await?;
        rows.push(model.resource.create_row(input));
    }
    let following = if is_last { Following::of_row(ctx, model, Operation::CreateOne) } else { Following::Statements };
    insert_many(ctx, model, scope, rows, following).await.map_err(|refusal| refusal.inline(&keys).placed(&places))
}

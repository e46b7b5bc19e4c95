//! `POST /posts`, and the rows that other bodies create.

use std::any::Any;

use super::insert::insert_many;
use super::references::settle;
use super::version::version;
use super::write::row_id;
use crate::access::{Authority, Scope};
use crate::context::Context;
use crate::core::Model;
use crate::db::{RawRow, Row};
use crate::hooks::Moment;
use crate::http::ApiError;
use crate::resource::{Draft, Id, Operation};

/// Creates one row from the model's validated `Create` input and returns it.
pub(crate) async fn create_one(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    draft: Draft,
) -> Result<Box<dyn Any>, ApiError> {
    let results = insert_each(ctx, model, scope, vec![draft]).await?;
    let result = results.first().ok_or_else(|| ApiError::internal("an INSERT answered with no row"))?;
    let mut record = model.resource.decode(&mut Row::new(result))?;
    ctx.target = Some((model.meta.name, model.resource.id(record.as_ref())));
    ctx.version = Some(version(model, record.as_ref(), &scope.read));
    model.hooks.run(Operation::CreateOne, Moment::After, ctx, record.as_mut()).await?;
    Ok(record)
}

/// Creates several rows, running the interceptors of `createOne` for each, in as few statements as possible; returns
/// their ids.
pub(super) async fn create_each(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    drafts: Vec<Draft>,
) -> Result<Vec<Id>, ApiError> {
    ctx.aside(async |ctx| {
        let mut ids = Vec::with_capacity(drafts.len());
        for result in insert_each(ctx, model, scope, drafts).await? {
            let id = row_id(model, &result)?;
            let mut record = model.resource.decode(&mut Row::new(&result))?;
            ctx.target = Some((model.meta.name, id));
            model.hooks.run(Operation::CreateOne, Moment::After, ctx, record.as_mut()).await?;
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
        ctx.as_newcomer(async |ctx| settle(ctx, model, scope, &mut drafts).await).await?;
    } else {
        settle(ctx, model, scope, &mut drafts).await?;
    }
    let (mut rows, mut places) = (Vec::with_capacity(drafts.len()), Vec::with_capacity(drafts.len()));
    let mut keys = Vec::with_capacity(drafts.len());
    for Draft { mut input, place, inline, .. } in drafts {
        places.push(place);
        keys.push(inline);
        model.hooks.run(Operation::CreateOne, Moment::Before, ctx, input.as_any()).await?;
        rows.push(model.resource.create_row(input));
    }
    insert_many(ctx, model, scope, rows).await.map_err(|refusal| refusal.inline(&keys).placed(&places))
}

//! `createMany`: creates all rows or none.

use std::any::Any;

use super::insert::insert_many;
use super::references::resolve_references;
use super::write::Following;
use crate::access::Scope;
use crate::context::Context;
use crate::context::hooks::HookPhase;
use crate::db::Row;
use crate::error::ApiError;
use crate::meta::Operation;
use crate::model::{Draft, InlineKey};
use crate::query::Model;

/// Creates rows from the model's validated `Create` inputs; returns a `Vec` of the new rows, in the same order.
pub(crate) async fn create_many(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    mut drafts: Vec<Draft>,
) -> Result<Box<dyn Any>, ApiError> {
    resolve_references(ctx, model, scope, &mut drafts).await?;
    let keys: Vec<Vec<InlineKey>> = drafts.iter_mut().map(|draft| std::mem::take(&mut draft.inline)).collect();
    let mut batch = model.resource.batch(drafts.into_iter().map(|draft| draft.input as Box<dyn Any>).collect());
    ctx.core.hooks(model).run(Operation::CreateMany, HookPhase::Before, ctx, batch.as_mut()).await?;
    let rows = model.resource.unbatch(batch).into_iter().map(|input| model.resource.create_row(input)).collect();
    let results = insert_many(ctx, model, scope, rows, Following::Statements).await;
    let results = results.map_err(|refusal| refusal.inline(&keys).of_many())?;
    let mut records = model.resource.decode_many(&mut results.iter().map(Row::new))?;
    ctx.core.hooks(model).run(Operation::CreateMany, HookPhase::After, ctx, records.as_mut()).await?;
    Ok(records)
}

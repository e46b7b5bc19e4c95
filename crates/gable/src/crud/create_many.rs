//! `POST /posts/many`: all or nothing.

use std::any::Any;

use super::insert::insert_many;
use super::references::settle;
use crate::access::Scope;
use crate::context::Context;
use crate::core::Model;
use crate::db::Row;
use crate::hooks::Moment;
use crate::http::ApiError;
use crate::resource::{Draft, InlineKey, Operation};

/// Creates rows from the model's validated `Create` inputs; returns a `Vec` of the new rows, in the same order.
pub(crate) async fn create_many(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    mut drafts: Vec<Draft>,
) -> Result<Box<dyn Any>, ApiError> {
    settle(ctx, model, scope, &mut drafts).await?;
    let keys: Vec<Vec<InlineKey>> = drafts.iter_mut().map(|draft| std::mem::take(&mut draft.inline)).collect();
    let mut batch = model.resource.batch(drafts.into_iter().map(|draft| draft.input as Box<dyn Any>).collect());
    model.hooks.run(Operation::CreateMany, Moment::Before, ctx, batch.as_mut()).await?;
    let rows = model.resource.unbatch(batch).into_iter().map(|input| model.resource.create_row(input)).collect();
    let results = insert_many(ctx, model, scope, rows).await;
    let results = results.map_err(|refusal| refusal.inline(&keys).of_many())?;
    let mut records = model.resource.decode_many(&mut results.iter().map(Row::new))?;
    model.hooks.run(Operation::CreateMany, Moment::After, ctx, records.as_mut()).await?;
    Ok(records)
}

//! `POST /posts`

use std::any::Any;

use super::version::version;
use super::write::insert;
use crate::access::Scope;
use crate::context::Context;
use crate::core::Model;
use crate::hooks::Moment;
use crate::http::ApiError;
use crate::resource::Operation;

/// `input` is the model's `Create`, validated; the answer is the new row.
pub(crate) async fn create_one(
    ctx: &mut Context<'_>,
    model: &Model,
    scope: &Scope,
    mut input: Box<dyn Any>,
) -> Result<Box<dyn Any>, ApiError> {
    model.hooks.run(Operation::CreateOne, Moment::Before, ctx, input.as_mut()).await?;
    let row = model.resource.create_row(input);
    let result = insert(ctx, model, scope, row).await?;
    let mut record = model.resource.decode(&mut crate::db::Row::new(&result))?;
    ctx.target = Some((model.meta.name, model.resource.id(record.as_ref())));
    ctx.version = Some(version(model, record.as_ref(), &scope.read));
    model.hooks.run(Operation::CreateOne, Moment::After, ctx, record.as_mut()).await?;
    Ok(record)
}

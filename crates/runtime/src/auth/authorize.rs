//! Stage 4: `decide`, and the interceptors around it.

use crate::access::{Scope, decide};
use crate::context::Context;
use crate::core::Model;
use crate::hooks::{Authorization, Moment, Pipeline};
use crate::http::ApiError;
use crate::resource::ActionMeta;

/// # Errors
/// 401 or 403, as `decide` or an interceptor has it.
pub(crate) async fn authorize(
    ctx: &mut Context<'_>,
    model: &Model,
    action: &'static ActionMeta,
) -> Result<Scope, ApiError> {
    let mut asked = Authorization { resource: model.meta.resource, action: action.action };
    match check(ctx, model, action, &mut asked).await {
        Ok(scope) => Ok(scope),
        Err(error) => Err(refused(ctx, error).await),
    }
}

async fn check(
    ctx: &mut Context<'_>,
    model: &Model,
    action: &'static ActionMeta,
    asked: &mut Authorization,
) -> Result<Scope, ApiError> {
    let core = ctx.core;
    if let Some(auth) = &core.auth {
        auth.hooks.run(Pipeline::Authorize, Moment::Before, ctx, asked).await?;
    }
    let scope = decide(model.meta, &model.masks, action, &ctx.principal)?;
    if let Some(auth) = &core.auth {
        auth.hooks.run(Pipeline::Authorize, Moment::After, ctx, asked).await?;
    }
    Ok(scope)
}

/// A refused cookie explains why a log-in is needed; an interceptor may reword the refusal.
pub(crate) async fn refused(ctx: &mut Context<'_>, error: ApiError) -> ApiError {
    let mut error = match ctx.stale.take() {
        Some(reason) if error.status() == 401 => reason,
        _ => error,
    };
    let Some(auth) = &ctx.core.auth else { return error };
    match auth.hooks.run(Pipeline::Authorize, Moment::Error, ctx, &mut error).await {
        Ok(()) => error,
        Err(replaced) => replaced,
    }
}

//! Stage 4: `decide`, and the interceptors around it.

use crate::access::{Scope, decide};
use crate::context::Context;
use crate::core::Model;
use crate::hooks::{Authorization, Moment, Pipeline};
use crate::http::ApiError;
use crate::resource::ActionMeta;

/// Decides how far an action of a model reaches for the caller.
///
/// # Errors
/// 401 or 403, as `decide` or an interceptor has it.
pub(crate) async fn authorize(
    ctx: &mut Context<'_>,
    model: &Model,
    action: &'static ActionMeta,
) -> Result<Scope, ApiError> {
    let asked = Authorization { resource: model.meta.resource, action: action.action };
    authorize_by(ctx, asked, |ctx| decide(model.meta, &model.masks, action, &ctx.principal)).await
}

/// Runs the interceptors of this stage around a decision; for routes that belong to no operation of a model as well.
///
/// # Errors
/// 401 or 403, as the decision or an interceptor has it.
pub(crate) async fn authorize_by<T>(
    ctx: &mut Context<'_>,
    asked: Authorization,
    decision: impl FnOnce(&Context<'_>) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    match check(ctx, asked, decision).await {
        Ok(decided) => Ok(decided),
        Err(error) => Err(refused(ctx, error).await),
    }
}

async fn check<T>(
    ctx: &mut Context<'_>,
    mut asked: Authorization,
    decision: impl FnOnce(&Context<'_>) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let core = ctx.core;
    if let Some(auth) = &core.auth {
        auth.hooks.run(Pipeline::Authorize, Moment::Before, ctx, &mut asked).await?;
    }
    let decided = decision(ctx)?;
    if let Some(auth) = &core.auth {
        auth.hooks.run(Pipeline::Authorize, Moment::After, ctx, &mut asked).await?;
    }
    Ok(decided)
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

//! Stage 4: `decide`, and the interceptors around it.

use crate::access::{Scope, decide};
use crate::context::Context;
use crate::context::hooks::{Authorization, HookPhase, Pipeline};
use crate::error::{ApiError, ErrorKind};
use crate::meta::ActionMeta;
use crate::query::Model;

/// Determines the scope of an action of a model for the caller.
///
/// # Errors
/// 401 or 403 from `decide`, or the error of an interceptor.
pub(crate) async fn authorize(
    ctx: &mut Context<'_>,
    model: &Model,
    action: &'static ActionMeta,
) -> Result<Scope, ApiError> {
    let authorization = Authorization { resource: model.meta.resource, action: action.action };
    authorize_by(ctx, authorization, |ctx| decide(model.meta, &model.masks, action, &ctx.principal)).await
}

/// Runs the interceptors of this stage around a decision. Also for routes that are not operations of a model.
///
/// # Errors
/// 401 or 403 from the decision, or the error of an interceptor.
pub(crate) async fn authorize_by<T>(
    ctx: &mut Context<'_>,
    authorization: Authorization,
    decision: impl FnOnce(&Context<'_>) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    match check(ctx, authorization, decision).await {
        Ok(decided) => Ok(decided),
        Err(error) => Err(refused(ctx, error).await),
    }
}

async fn check<T>(
    ctx: &mut Context<'_>,
    mut authorization: Authorization,
    decision: impl FnOnce(&Context<'_>) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    let core = ctx.core;
    core.auth_hooks.run(Pipeline::Authorize, HookPhase::Before, ctx, &mut authorization).await?;
    let decided = decision(ctx)?;
    core.auth_hooks.run(Pipeline::Authorize, HookPhase::After, ctx, &mut authorization).await?;
    Ok(decided)
}

/// The error to return for a refusal: if the request came with an invalid cookie, a 401 is replaced by the error of
/// that cookie. The error interceptors may replace the result.
pub(crate) async fn refused(ctx: &mut Context<'_>, error: ApiError) -> ApiError {
    let mut error = match ctx.session_error.take() {
        Some(reason) if error.kind() == ErrorKind::Unauthenticated => reason,
        _ => error,
    };
    match ctx.core.auth_hooks.run(Pipeline::Authorize, HookPhase::Error, ctx, &mut error).await {
        Ok(()) => error,
        Err(replaced) => replaced,
    }
}

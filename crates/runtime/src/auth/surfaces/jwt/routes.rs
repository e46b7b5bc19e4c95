//! Paths of the jwt surface, and the stages of a request to one of them.

use std::rc::Rc;
use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};

use super::operations;
use crate::access::Principal;
use crate::app::Shared;
use crate::app_meta::{AuthOperation, Surface};
use crate::auth::{Auth, authenticate, refused};
use crate::context::Context;
use crate::core::Core;
use crate::hooks::Moment;
use crate::http::{ApiError, method_not_allowed};
use crate::limit::RouteLimit;

/// Mounts `/auth/…` and `/users/me` inside the API's prefix, where the application speaks this format.
pub(crate) fn configure(config: &mut web::ServiceConfig, shared: &Shared) {
    let Some(auth) = shared.core.auth.as_ref().filter(|auth| auth.meta.surfaces.contains(&Surface::Jwt)) else {
        return;
    };
    let own = [(AuthOperation::GetMe, "GET"), (AuthOperation::UpdateMe, "PATCH"), (AuthOperation::DeleteMe, "DELETE")];
    mount(config, shared, auth, "/auth/signup", &[(AuthOperation::Signup, "POST")]);
    mount(config, shared, auth, "/auth/login", &[(AuthOperation::Login, "POST")]);
    mount(config, shared, auth, "/auth/logout", &[(AuthOperation::Logout, "DELETE")]);
    mount(config, shared, auth, "/auth/update-password", &[(AuthOperation::UpdatePassword, "POST")]);
    mount(config, shared, auth, "/users/me", &own);
    let account = auth.access.models.account.path;
    if account != "users" {
        mount(config, shared, auth, &format!("/{account}/me"), &own);
    }
}

/// One operation at one path.
struct Endpoint {
    method: &'static str,
    operation: AuthOperation,
    limit: RouteLimit,
}

/// A disabled operation is a method that its path does not have; a path without methods is not there.
fn mount(
    config: &mut web::ServiceConfig,
    shared: &Shared,
    auth: &Auth,
    path: &str,
    operations: &[(AuthOperation, &'static str)],
) {
    let enabled = |operation| auth.meta.route(operation).is_none_or(|route| !route.disabled);
    let endpoints = operations.iter().filter(|(operation, _)| enabled(*operation)).map(|(operation, method)| {
        Endpoint { method, operation: *operation, limit: shared.route_limit(&limit_name(*operation)) }
    });
    let endpoints: Rc<[Endpoint]> = endpoints.collect();
    if endpoints.is_empty() {
        return;
    }
    let core = shared.core.clone();
    config.service(web::resource(path).to(move |request: HttpRequest, payload: web::Payload| {
        dispatch(core.clone(), endpoints.clone(), request, payload)
    }));
}

/// Under what name an auth route's limit is kept: `auth.Login`.
pub(crate) fn limit_name(operation: AuthOperation) -> String {
    format!("auth.{operation:?}")
}

async fn dispatch(
    core: Arc<Core>,
    endpoints: Rc<[Endpoint]>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    // HEAD is GET without the body, which the server leaves out.
    let asked = if request.method() == "HEAD" { "GET" } else { request.method().as_str() };
    let Some(endpoint) = endpoints.iter().find(|endpoint| endpoint.method == asked) else {
        let allowed: Vec<&str> = endpoints.iter().map(|endpoint| endpoint.method).collect();
        return Err(method_not_allowed(&allowed.join(", ")));
    };
    let passed = endpoint.limit.pass(&request).await?;
    let auth = core.auth.as_ref().ok_or_else(|| ApiError::internal("the surface is mounted without accounts"))?;
    passed.announce(answer(&core, auth, endpoint, &request, payload).await)
}

async fn answer(
    core: &Arc<Core>,
    auth: &Auth,
    endpoint: &Endpoint,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let operation = endpoint.operation;
    let mut ctx = Context::new(core, Principal::Anonymous, Some(request));
    if !matches!(operation, AuthOperation::Signup | AuthOperation::Login) {
        authenticate(&mut ctx, request).await?;
        match ctx.principal.require() {
            Ok(identity) => endpoint.limit.pass_account(identity.account).await?,
            Err(error) => return Err(refused(&mut ctx, error).await),
        }
    }
    match operations::run(&mut ctx, auth, operation, request, payload).await {
        Ok(response) => Ok(response),
        Err(error) => Err(failed(&mut ctx, auth, operation, error).await),
    }
}

/// Undoes what was written, and lets the error interceptors see why; they may replace the error.
async fn failed(ctx: &mut Context<'_>, auth: &Auth, operation: AuthOperation, mut error: ApiError) -> ApiError {
    ctx.roll_back().await;
    match auth.hooks.run(operation, Moment::Error, ctx, &mut error).await {
        Ok(()) => error,
        Err(replaced) => replaced,
    }
}

//! Mounts the routes of all surfaces and runs the stages of a request to one of them.

use std::rc::Rc;
use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};

use crate::access::{LoginMethod, Principal};
use crate::auth::Auth;
use crate::auth::authenticate::{authenticate_via, refuse_cross_site};
use crate::auth::error::AuthError;
use crate::context::hooks::HookPhase;
use crate::context::{Context, Core, refused};
use crate::error::ApiError;
use crate::http::{RouteLimit, method_not_allowed};
use crate::meta::AuthOperation;
use crate::rest::AppState;

/// A wire format: maps requests to calls of the core, and their results to answers.
pub(super) trait WireFormat: 'static {
    const VIA: LoginMethod;

    async fn run(ctx: &mut Context<'_>, auth: &Auth, incoming: Incoming<'_>) -> Result<HttpResponse, AuthError>;

    /// Maps an error of the core to the status, code and message of this surface.
    fn map_error(error: AuthError) -> ApiError;
}

/// The parts of a request that only the surface uses, and not the core.
pub(super) struct Incoming<'r> {
    pub(super) operation: AuthOperation,
    pub(super) request: &'r HttpRequest,
    pub(super) payload: web::Payload,
}

/// Whether an operation needs a log-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    Anyone,
    LoggedIn,
}

/// One operation at one path.
pub(super) struct Route {
    pub(super) path: String,
    pub(super) method: &'static str,
    pub(super) operation: AuthOperation,
    pub(super) caller: Caller,
}

impl Route {
    pub(super) fn open(method: &'static str, path: impl Into<String>, operation: AuthOperation) -> Self {
        Self { path: path.into(), method, operation, caller: Caller::Anyone }
    }

    pub(super) fn own(method: &'static str, path: impl Into<String>, operation: AuthOperation) -> Self {
        Self { path: path.into(), method, operation, caller: Caller::LoggedIn }
    }
}

struct Endpoint {
    route: Route,
    limit: RouteLimit,
}

impl Endpoint {
    /// Whether the endpoint handles a method. GET endpoints also handle HEAD, for which the server omits the body,
    /// except for the link that verifies an address: mail programs send HEAD to check links, which must not use the
    /// link up.
    fn answers(&self, method: &str) -> bool {
        let handles_head = self.route.method == "GET" && self.route.operation != AuthOperation::VerifyEmail;
        self.route.method == method || (method == "HEAD" && handles_head)
    }
}

/// Mounts the routes of a surface. A disabled operation is answered like a method that its path does not have, and a
/// path without enabled operations like one that does not exist.
pub(super) fn mount<S: WireFormat>(
    config: &mut web::ServiceConfig,
    state: &AppState,
    auth: &Arc<Auth>,
    routes: impl IntoIterator<Item = Route>,
) {
    let mut paths: Vec<(String, Vec<Endpoint>)> = Vec::new();
    for route in routes {
        if auth.meta.route(route.operation).is_some_and(|meta| meta.disabled) {
            continue;
        }
        let (path, limit) = (route.path.clone(), state.route_limit(&limit_name(S::VIA, route.operation)));
        let endpoint = Endpoint { route, limit };
        match paths.iter_mut().find(|(known, _)| *known == path) {
            Some((_, endpoints)) => endpoints.push(endpoint),
            None => paths.push((path, vec![endpoint])),
        }
    }
    for (path, endpoints) in paths {
        let (core, auth, endpoints): (_, _, Rc<[Endpoint]>) = (state.core.clone(), auth.clone(), endpoints.into());
        config.service(web::resource(path).to(move |request: HttpRequest, payload: web::Payload| {
            dispatch::<S>(core.clone(), auth.clone(), endpoints.clone(), request, payload)
        }));
    }
}

/// The name of an operation's rate limit. All surfaces share it, so that a client cannot continue on another surface.
/// Only an operation for which a surface documents a limit of its own has a separate one.
pub(crate) fn limit_name(via: LoginMethod, operation: AuthOperation) -> String {
    match (via, operation) {
        (LoginMethod::Session, AuthOperation::UpdatePassword) => "auth.session.UpdatePassword".to_owned(),
        _ => format!("auth.{operation:?}"),
    }
}

async fn dispatch<S: WireFormat>(
    core: Arc<Core>,
    auth: Arc<Auth>,
    endpoints: Rc<[Endpoint]>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let Some(endpoint) = endpoints.iter().find(|endpoint| endpoint.answers(request.method().as_str())) else {
        let allowed: Vec<&str> = endpoints.iter().map(|endpoint| endpoint.route.method).collect();
        return Err(method_not_allowed(&allowed.join(", ")));
    };
    let passed = endpoint.limit.pass(&request).await?;
    passed.announce(answer::<S>(&core, &auth, endpoint, &request, payload).await)
}

async fn answer<S: WireFormat>(
    core: &Arc<Core>,
    auth: &Auth,
    endpoint: &Endpoint,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let operation = endpoint.route.operation;
    let mut ctx = Context::new(core, Principal::Anonymous, Some(request));
    // On the session surface even a log-in is refused for a page of another site, which could otherwise log a browser
    // in to an account of its choice.
    if S::VIA == LoginMethod::Session {
        refuse_cross_site(core, request)?;
    }
    if endpoint.route.caller == Caller::LoggedIn {
        authenticate_via(&mut ctx, auth, request, S::VIA).await?;
        match ctx.principal.require() {
            Ok(identity) => endpoint.limit.pass_account(identity.account).await?,
            Err(error) => return Err(refused(&mut ctx, error).await),
        }
    }
    match S::run(&mut ctx, auth, Incoming { operation, request, payload }).await {
        Ok(response) => Ok(response),
        Err(error) => Err(failed(&mut ctx, operation, S::map_error(error)).await),
    }
}

/// Rolls the transaction back and runs the error interceptors, which may replace the error.
async fn failed(ctx: &mut Context<'_>, operation: AuthOperation, mut error: ApiError) -> ApiError {
    ctx.roll_back().await;
    match ctx.core.auth_hooks.run(operation, HookPhase::Error, ctx, &mut error).await {
        Ok(()) => error,
        Err(replaced) => replaced,
    }
}

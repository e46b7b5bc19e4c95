//! The HTTP endpoints: the operations of the models, and the surfaces of authentication.
//!
//! The answer to a write is rendered before the commit, so that no write is committed whose answer fails.

pub(crate) mod crud;
mod state;
pub(crate) mod surfaces;

use std::sync::Arc;

use actix_web::web;
use serde_json::json;

pub(crate) use self::state::AppState;
use self::surfaces::{endpoint, jwt, roles, session, token_pair};
use crate::access::LoginMethod;
use crate::auth::Auth;
use crate::context::Core;
use crate::http::{ErrorFormats, Transport, get_only, route_not_found};
use crate::limit::RateLimits;
use crate::meta::{AppMeta, AuthOperation, Operation};
use crate::query::Model;
use crate::settings::Switch;

/// The settings of the stage that every request passes first.
pub(crate) fn transport(state: &AppState) -> Transport {
    Transport {
        proxies: Arc::new(state.core.settings.proxies.clone()),
        public_by_tls: state.core.settings.is_public_by_tls(),
        limits: state.limits.clone(),
        origins: state.core.app.cors,
        formats: error_formats(state.auth.as_deref()),
        load: state.load.clone(),
        stopping: state.stopping.clone(),
    }
}

/// Mounts every path of the application.
pub(crate) fn configure(config: &mut web::ServiceConfig, state: &AppState) {
    let app = state.core.app;
    config.service(
        web::scope(app.api)
            .configure(|config| jwt::configure(config, state))
            .configure(|config| roles::configure(config, state))
            .configure(|config| crud::configure(config, state))
            .service(get_only("", move || async move { web::Json(about(app)) }))
            .default_service(web::route().to(route_not_found)),
    );
    session::configure(config, state);
    token_pair::configure(config, state);
    config.default_service(web::route().to(route_not_found));
}

/// Sets the error format below the prefix of each surface, whatever refused the request.
fn error_formats(auth: Option<&Auth>) -> ErrorFormats {
    let Some(auth) = auth else { return ErrorFormats::default() };
    token_pair::error_formats(auth, session::error_formats(auth, ErrorFormats::default()))
}

fn about(app: &AppMeta) -> serde_json::Value {
    json!({ "name": app.name, "version": app.version })
}

/// Creates the global limit, the limits in the YAML, and the default limit of the auth routes.
pub(crate) fn limits(core: &Core) -> RateLimits {
    if core.settings.rate_limits == Switch::Off {
        return RateLimits::off();
    }
    let routed = |model: &Model| -> Vec<_> {
        let limit = |operation: Operation| {
            Some((crud::limit_name(model.meta, operation), model.meta.route(operation)?.rate_limit?))
        };
        model.meta.routes.iter().filter_map(|route| limit(route.operation)).collect()
    };
    let mut limits = RateLimits::in_process(core.app.rate_limit);
    for (name, rule) in core.models.iter().flat_map(routed) {
        limits = limits.with(name, rule);
    }
    for operation in AuthOperation::ALL {
        let Some(auth) = &core.app.auth else { break };
        let own = auth.route(operation).and_then(|route| route.rate_limit);
        // Routes for the caller's own account have only the global limit, unless the YAML sets one.
        let usual = (!operation.is_own_page()).then_some(auth.rate_limit);
        if let Some(rule) = own.or(usual) {
            limits = limits.with(endpoint::limit_name(LoginMethod::Jwt, operation), rule);
        }
        let at_session = endpoint::limit_name(LoginMethod::Session, operation);
        if at_session != endpoint::limit_name(LoginMethod::Jwt, operation) {
            limits = limits.with(at_session, own.unwrap_or(session::CHANGE_PASSWORD));
        }
    }
    limits
}

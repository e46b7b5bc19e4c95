//! The rate limits of an application's routes.

use super::crud;
use super::surfaces::{endpoint, session};
use crate::access::LoginMethod;
use crate::context::Core;
use crate::limit::RateLimits;
use crate::meta::{AuthOperation, Operation};
use crate::query::Model;
use crate::settings::Switch;

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

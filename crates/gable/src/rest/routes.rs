//! Mounts the routes of an application.

use std::sync::Arc;

use actix_web::web;
use serde_json::json;

use super::shared::Shared;
use super::surfaces::{jwt, roles, session, token_pair};
use crate::auth::Auth;
use crate::http::{ErrorFormats, Transport, get_only, route_not_found};
use crate::meta::AppMeta;

/// The settings of the stage that every request passes first.
pub(crate) fn transport(shared: &Shared) -> Transport {
    Transport {
        proxies: Arc::new(shared.core.settings.proxies.clone()),
        public_by_tls: shared.core.settings.is_public_by_tls(),
        limits: shared.limits.clone(),
        origins: shared.core.app.cors,
        formats: error_formats(shared.auth.as_deref()),
        load: shared.load.clone(),
        stopping: shared.stopping.clone(),
    }
}

/// Mounts every path of the application.
pub(crate) fn configure(config: &mut web::ServiceConfig, shared: &Shared) {
    let app = shared.core.app;
    config.service(
        web::scope(app.api)
            .configure(|config| jwt::configure(config, shared))
            .configure(|config| roles::configure(config, shared))
            .configure(|config| super::crud::configure(config, shared))
            .service(get_only("", move || async move { web::Json(about(app)) }))
            .default_service(web::route().to(route_not_found)),
    );
    session::configure(config, shared);
    token_pair::configure(config, shared);
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

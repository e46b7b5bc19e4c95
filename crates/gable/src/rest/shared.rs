//! `Shared`: the state from which every worker mounts the routes of an application.

use std::sync::Arc;

use actix_web::web;
use serde_json::json;

use super::limits::limits;
use super::surfaces::{jwt, roles, session, token_pair};
use crate::auth::Auth;
use crate::context::Core;
use crate::http::{ErrorFormats, Load, RouteLimit, Transport, get_only, route_not_found};
use crate::limit::RateLimits;
use crate::meta::AppMeta;
use crate::stopping::Stopping;

/// The state from which every worker mounts the application.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) core: Arc<Core>,
    /// Present exactly if the schema has an account model.
    pub(crate) auth: Option<Arc<Auth>>,
    limits: Arc<RateLimits>,
    pub(crate) load: Load,
    stopping: Stopping,
}

impl Shared {
    pub(crate) fn new(core: Arc<Core>, auth: Option<Arc<Auth>>, stopping: Stopping) -> Self {
        let limits = Arc::new(limits(&core));
        let load = Load::new(core.settings.load);
        Self { core, auth, limits, load, stopping }
    }

    /// Returns the limit that was set up under this name.
    pub(crate) fn route_limit(&self, name: &str) -> RouteLimit {
        RouteLimit::new(self.limits.named(name))
    }

    pub(crate) fn transport(&self) -> Transport {
        Transport {
            proxies: Arc::new(self.core.settings.proxies.clone()),
            public_by_tls: self.core.settings.is_public_by_tls(),
            limits: self.limits.clone(),
            origins: self.core.app.cors,
            formats: error_formats(self.auth.as_deref()),
            load: self.load.clone(),
            stopping: self.stopping.clone(),
        }
    }

    /// Mounts every path of the application.
    pub(crate) fn configure(&self, config: &mut web::ServiceConfig) {
        let app = self.core.app;
        config.service(
            web::scope(app.api)
                .configure(|config| jwt::configure(config, self))
                .configure(|config| roles::configure(config, self))
                .configure(|config| super::crud::configure(config, self))
                .service(get_only("", move || async move { web::Json(about(app)) }))
                .default_service(web::route().to(route_not_found)),
        );
        session::configure(config, self);
        token_pair::configure(config, self);
        config.default_service(web::route().to(route_not_found));
    }
}

/// Sets the error format below the prefix of each surface, whatever refused the request.
fn error_formats(auth: Option<&Auth>) -> ErrorFormats {
    let Some(auth) = auth else { return ErrorFormats::default() };
    token_pair::error_formats(auth, session::error_formats(auth, ErrorFormats::default()))
}

fn about(app: &AppMeta) -> serde_json::Value {
    json!({ "name": app.name, "version": app.version })
}

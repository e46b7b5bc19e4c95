//! The state of the application that its endpoints share.

use std::sync::Arc;

use crate::auth::Auth;
use crate::context::Core;
use crate::http::{Load, RouteLimit};
use crate::limit::RateLimits;
use crate::stopping::Stopping;

/// The state from which every worker mounts the application.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) core: Arc<Core>,
    /// Present exactly if the schema has an account model.
    pub(crate) auth: Option<Arc<Auth>>,
    pub(super) limits: Arc<RateLimits>,
    pub(crate) load: Load,
    pub(super) stopping: Stopping,
}

impl AppState {
    pub(crate) fn new(core: Arc<Core>, auth: Option<Arc<Auth>>, limits: RateLimits, stopping: Stopping) -> Self {
        let load = Load::new(core.settings.load);
        Self { core, auth, limits: Arc::new(limits), load, stopping }
    }

    /// Returns the limit that was set up under this name.
    pub(crate) fn route_limit(&self, name: &str) -> RouteLimit {
        RouteLimit::new(self.limits.named(name))
    }
}

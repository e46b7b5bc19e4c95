//! Interceptors: typed functions that an application registers per model and operation, kept untyped so that the
//! operations that call them are compiled once.

mod auth;
mod hook;
mod registry;

pub(crate) use auth::Pipeline;
pub use auth::{
    AuthHooks, Authentication, AuthenticationFailure, Authorization, EmailChange, LoginAttempt, RecoveryRequest,
};
pub use hook::Hook;
pub use registry::Hooks;
pub(crate) use registry::{HookTable, Moment};

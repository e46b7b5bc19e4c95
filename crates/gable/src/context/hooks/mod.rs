//! Interceptors: typed functions that an application registers per model and operation. They are stored untyped, so
//! that the operations that call them are compiled only once.

mod auth;
mod hook;
mod registry;

pub(crate) use auth::Pipeline;
pub use auth::{
    AuthHooks, Authentication, AuthenticationFailure, Authorization, EmailChange, LoginAttempt, RecoveryRequest,
};
pub use hook::Hook;
pub use registry::Hooks;
pub(crate) use registry::{HookPhase, HookTable};

//! The runtime of Gable: the library that generated code calls and that applications extend.

mod access;
mod api;
mod app;
mod app_meta;
mod auth;
#[cfg(feature = "benchmarks")]
#[doc(hidden)]
pub mod benchmarks;
mod canonical;
mod clock;
mod constants;
mod context;
mod core;
mod crud;
mod db;
mod erased;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod generated;
mod hooks;
mod http;
mod input;
mod limit;
mod mail;
mod ops;
mod private_file;
mod query;
mod raw_json;
mod resource;
mod settings;
mod string_enum;
pub mod testing;
mod text;

pub use access::{Identity, Permission, PermissionSet, Principal, Role};
pub use app::Gable;
pub use clock::Clock;
pub use context::{AsSystem, Context};
pub use hooks::{
    AuthHooks, Authentication, AuthenticationFailure, Authorization, EmailChange, Hook, Hooks, LoginAttempt,
    RecoveryRequest,
};
pub use http::ApiError;
pub use input::Patch;
pub use query::{Direction, ListQuery};
pub use raw_json::RawJson;
pub use resource::Nested;

//! The runtime of Gable: the library that generated code calls and that applications extend.

mod access;
mod auth;
mod clock;
mod context;
mod crud;
mod db;
mod error;
pub mod generated;
mod http;
mod keyed_mutex;
mod limit;
mod mail;
mod meta;
mod model;
#[cfg(test)]
mod oracle;
mod passwords;
mod private_file;
mod query;
mod rest;
mod secrets;
mod server;
mod settings;
mod stopping;
mod text;

pub use access::{Identity, Principal, Role};
pub use clock::Clock;
pub use context::Context;
pub use context::hooks::{
    AuthHooks, Authentication, AuthenticationFailure, Authorization, EmailChange, Hook, Hooks, LoginAttempt,
    RecoveryRequest,
};
pub use crud::AsSystem;
pub use db::RawJson;
pub use error::ApiError;
pub use meta::{Permission, PermissionSet};
pub use model::Nested;
pub use model::input::Patch;
pub use query::{Direction, ListQuery};
#[cfg(feature = "benchmarks")]
#[doc(hidden)]
pub use server::benchmarks;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use server::fuzzing;
pub use server::{Gable, testing};
